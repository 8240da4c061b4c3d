"""Puts a backup in the state's place. What it does not know was sent since is asked for before anything is sent."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from outbox.actions import Audit
from outbox.carrying.alone import alone, put_away, refuse_living, take_back
from outbox.carrying.asking import Asking, ask_first
from outbox.carrying.backup import Report, alone_in_one_file, copy
from outbox.carrying.files import BESIDE, sync, unnamed_file
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import keep_others_out
from outbox.database import Database
from outbox.entry import from_ms
from outbox.sqlite.database import SqliteDatabase
from outbox.sqlite.ownership import check_place

Belongs = Callable[[Database], None]
"""Raises an error of the host's if a state is not its own."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place.

    Attributes:
        entries: in the state now; 0 if it was only told to ask first.
        unknown: of which the backend is asked before anything is sent.
        kept: the state that was there before, under another name; None if there was none.
    """

    entries: int
    unknown: int
    kept: Path | None


@dataclass(frozen=True, slots=True)
class Restoring:
    """What is wanted.

    Attributes:
        file: the backup.
        state: what it replaces.
        packages: whose tables a state has.
        belongs: whether the backup is this deployment's.
    """

    file: Path
    state: Path
    packages: Sequence[str]
    belongs: Belongs


def restore(wanted: Restoring, asking: Asking, audit: Audit, report: Report = lambda _done, _all: None) -> Restored:
    """Replace an SQLite state by a backup; the one that was there is kept beside it, and put away.

    A power cut leaves the old state, or the new one, or for a moment one that was put away: then do it again.

    Raises:
        CarryingRefused: somebody uses the state, or the file is no whole state.
        DurabilityError: the state is another account's, or must not lie there.
        NewerSchemaError: the backup is of a newer release.
        StateUnavailable: the file cannot be read.
    """
    state = wanted.state.resolve()
    if not wanted.file.is_file():
        raise CarryingRefused(f"there is no file {wanted.file}")
    if state.exists() and wanted.file.samefile(state):
        raise CarryingRefused(f"{wanted.file} is the state itself; to ask first for all that it holds: --in-place")
    check_place(state)  # before anything is made there that its owner could not open
    kept = _name_for(state, asking.now)
    with _held(state) as (held, new), unnamed_file(state) as unnamed:
        entries, unknown = _prepare(wanted, unnamed, asking, audit, report)
        if held is not None:
            _put_away(held, asking.now, f"restored from {wanted.file.name}")
        if not new:
            kept.hardlink_to(state)
        _put_in_place(unnamed, state, kept)
    return Restored(entries, unknown, None if new else kept)


def ask_in_place(database: Database, asking: Asking, audit: Audit) -> Restored:
    """Treat a state as restored that was put back by other means, such as a server's own backup.

    Raises:
        CarryingRefused: somebody works on it.
    """
    refuse_living(database)
    with database.transaction() as tx:
        # A service without a worker may go on accepting: its reports come before this, or know of it.
        keep_others_out(tx, database, ["entry", "destination"])
        unknown = ask_first(tx, asking)
        audit.write(tx, "restore", None, {"unknown": unknown})
    return Restored(0, unknown, None)


def _prepare(wanted: Restoring, unnamed: Path, asking: Asking, audit: Audit, report: Report) -> tuple[int, int]:
    """Copy the backup, bring it up to date, and write into it what is asked first."""
    entries = copy(wanted.file, unnamed, report)
    try:
        with closing(sqlite3.connect(unnamed, isolation_level=None)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise CarryingRefused(f"{wanted.file} is damaged: {found}")
            take_back(connection)
    except sqlite3.DatabaseError as error:
        raise CarryingRefused(f"{wanted.file} is no whole state of a shim: {error}") from error
    database = SqliteDatabase(unnamed, wanted.packages)
    try:
        wanted.belongs(database)
        with database.transaction() as tx:
            unknown = ask_first(tx, asking)
            audit.write(tx, "restore", None, {"file": wanted.file.name, "unknown": unknown})
    finally:
        database.close()
    with closing(sqlite3.connect(unnamed, isolation_level=None)) as connection:
        alone_in_one_file(connection, unnamed)
    return entries, unknown


@contextmanager
def _held(state: Path) -> Iterator[tuple[sqlite3.Connection | None, bool]]:
    """Hold the state that is there, and say whether it is new: made so that nobody begins another one meanwhile."""
    try:
        os.close(os.open(state, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        with alone(state) as held:
            yield held, False
        return
    except OSError as error:
        raise CarryingRefused(f"{state} cannot be written: {error.strerror}") from error
    with alone(state) as held:
        try:
            yield held, True
        except BaseException:
            state.unlink()
            raise


def _put_away(held: sqlite3.Connection, now: int, why: str) -> None:
    try:
        put_away(held, now, why)
    except sqlite3.OperationalError as error:
        raise CarryingRefused(f"the state that is there cannot be put away: {error}") from error
    except sqlite3.DatabaseError:
        pass  # too damaged to be gone on with


def _name_for(state: Path, now: int) -> Path:
    return state.with_name(f"{state.name}.before-restore-{from_ms(now).astimezone(UTC):%Y%m%dT%H%M%S.%fZ}")


def _put_in_place(unnamed: Path, state: Path, kept: Path) -> None:
    sync(unnamed)
    for end in BESIDE:  # of a damaged state, or one that is gone: its log would be read into the new one
        with suppress(FileNotFoundError):
            state.with_name(state.name + end).rename(kept.with_name(kept.name + end))
    unnamed.replace(state)
    sync(state.parent)
