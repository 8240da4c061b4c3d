"""Restores a snapshot into a marked sandbox, and into nothing else."""

import os
import secrets
from functools import partial
from pathlib import Path
from typing import Any, Final

from adapters.files.whole import reserve, sync
from adapters.firebird.address import Address
from adapters.firebird.backup_file import begins_backup
from adapters.firebird.marks import SANDBOX_MARK, is_sandbox, mark_sandbox
from adapters.firebird.refusals import DatabaseThere, refusing
from adapters.firebird.services import Place, close, opened, restore
from contracts.snapshots import Account, SnapshotRefused, Tell

_NO_FILE: Final = 335544344
_NONE_THERE: Final = 335544734
_UNMARKED: Final = "{} is not marked as a sandbox of this place, so it is never overwritten: choose another place"
_APPEARED: Final = "{} was made by somebody else meanwhile, so it is left as it is: choose another place"
_CHUNK: Final = 1 << 20
_OTHERS: Final = """
select count(*) from MON$ATTACHMENTS where MON$ATTACHMENT_ID <> current_connection and MON$SYSTEM_FLAG = 0
"""


def restore_sandbox(file: Path, place: Place, tell: Tell) -> None:
    """Restore a snapshot into a place that is free, or is a sandbox marked for this place that nobody else uses.

    Raises:
        SnapshotRefused: with the reason; the place is then as it was, but on a server where a sandbox was replaced by
            a snapshot that turned out to be broken: it is gone.
    """
    _look(file)
    if place.embedded:
        _restore_file(file, place, tell)
    else:
        _restore_on_server(file, place, tell)


def restored_into(file: Path, target: Path, tell: Tell, *, metadata_only: bool = False) -> Place:
    """Restore a snapshot into a new private file and return where it is.

    Raises:
        SnapshotRefused: it is truncated, damaged, foreign or of another version; nothing remains of it.
    """
    _look(file)
    place = Place(Address(str(target.resolve())), Account())
    size = file.stat().st_size
    try:
        with refusing(str(file)):
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # refuses a file that is there
            target.unlink()
            with file.open("rb") as backup:
                told = partial(tell, "restoring")
                restore(backup, place, lambda done: told(done, size), str(file), metadata_only=metadata_only)
            target.chmod(0o600)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return place


def _look(file: Path) -> None:
    if not file.is_file():
        raise SnapshotRefused(f"there is no file {file}")
    if not begins_backup(file):
        raise SnapshotRefused(f"{file} is no Firebird backup")


def _restore_file(file: Path, place: Place, tell: Tell) -> None:
    target = Path(place.address.path)
    if not target.parent.is_dir():
        raise SnapshotRefused(f"there is no folder {target.parent}: make it first")
    if target.exists():
        if not _may_be_marked(target):  # told without opening it: that alone would change its first page
            raise SnapshotRefused(_UNMARKED.format(target))
        _require_idle_sandbox(place)
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        made = restored_into(file, new, tell)
        with opened(made, "UTF8") as connection:
            mark_sandbox(connection, str(target))
        if target.exists():  # once more: the restore took its time
            _require_idle_sandbox(place)
        else:
            reserve(target)
        with refusing(str(target)):
            new.replace(target)
            sync(target.parent)
    finally:
        new.unlink(missing_ok=True)


def _restore_on_server(file: Path, place: Place, tell: Tell) -> None:
    size = file.stat().st_size
    _make_room(place)
    try:
        with refusing(str(file)), file.open("rb") as backup:
            restore(backup, place, lambda done: tell("restoring", done, size), str(file))
        with opened(place, "UTF8") as connection:
            mark_sandbox(connection)
    except DatabaseThere:  # whose it is nobody knows: it must not be dropped as a failed restore of ours
        raise SnapshotRefused(_APPEARED.format(place.address.dsn)) from None
    except BaseException:
        _drop(place)
        raise


def _may_be_marked(file: Path) -> bool:
    """Return whether a mark of any sandbox stands anywhere in a file."""
    before = b""
    with refusing(str(file)), file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if SANDBOX_MARK in before + chunk:
                return True
            before = chunk[-len(SANDBOX_MARK) :]
    return False


def _require_idle_sandbox(place: Place) -> None:
    with opened(place) as connection:
        _require(connection, place)


def _require(connection: Any, place: Place) -> None:
    if not is_sandbox(connection):
        raise SnapshotRefused(_UNMARKED.format(place.address.dsn))
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        if others := cursor.fetchone()[0]:
            raise SnapshotRefused(f"{place.address.dsn} is in use: {others} other connections; close them first")


def _make_room(place: Place) -> None:
    """Drop an idle sandbox on a server; the engine itself refuses when somebody came meanwhile."""
    from firebird.driver import Error  # noqa: PLC0415

    with refusing(place.address.dsn):
        try:
            connection = place.connect()
        except Error as error:
            if {_NO_FILE, _NONE_THERE} <= set(error.gds_codes) and "No such file" in str(error):
                return
            raise
        try:
            _require(connection, place)
            connection.drop_database()
        finally:
            close(connection)


def _drop(place: Place) -> None:
    """Remove what a failed restore left on a server."""
    from firebird.driver import Error  # noqa: PLC0415

    try:
        place.connect().drop_database()
    except (Error, SnapshotRefused):
        return
