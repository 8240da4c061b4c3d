"""Sandboxes: the snapshot restored into a file of its own, because no test and no demo may touch the snapshot."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from firebird.driver import DatabaseError, SrvRestoreFlag, connect, connect_server

from simulators.intramed.engine import REPOSITORY, use_private_engine
from simulators.intramed.fitness import SnapshotUnfit, require_fitness

SNAPSHOT: Final = REPOSITORY / "fixtures" / "snapshots" / "intramed" / "practice.fbk"
OWNER: Final = "SYSDBA"
CHARSET: Final = "WIN1252"
_WEEK: Final = 7
_DROP_S: Final = 5.0
_NO_SUCH_FILE: Final = 335544344


def restore(snapshot: Path, target: Path, first_monday: date | None = None) -> Path:
    """Restore a snapshot into `target` with the embedded engine and return `target`.

    Args:
        snapshot: the backup; opened for reading only.
        target: file to create, replaced when it exists. The engine's private root is made beside it if this process
            has none yet.
        first_monday: Monday of the week in which the agenda shall begin, however long ago its earliest slot was. Every
            slot moves by the same whole weeks, so weekday and time of day stay; an empty agenda stays empty. None
            leaves the snapshot's own dates.

    Raises:
        SnapshotUnfit: the file is no whole Firebird backup, or one of another schema.
        ValueError: `first_monday` is no Monday.
    """
    use_private_engine(target.parent / "firebird-engine")
    target.unlink(missing_ok=True)
    with snapshot.open("rb") as stream, connect_server("", user=OWNER) as server:
        try:
            server.database.local_restore(backup_stream=stream, database=target, flags=SrvRestoreFlag.CREATE)
        except DatabaseError as error:
            raise SnapshotUnfit(f"{snapshot} is no whole Firebird backup: {error}") from error
    with owner_connection(str(target)) as connection:
        set_stage(connection, first_monday)
    return target


def set_stage(connection: Any, first_monday: date | None) -> None:
    """Make a restored snapshot a sandbox: its agenda begins in `first_monday`'s week, its server keeps it open a while.

    Raises:
        SnapshotUnfit: it is of another schema.
        ValueError: `first_monday` is no Monday.
    """
    require_fitness(connection)
    if first_monday is not None:
        _move_agenda(connection, first_monday)
    _linger(connection)


def copy_sandbox(source: Path, target: Path) -> Path:
    """Copy a sandbox that nobody has open, for one test or one user, and return `target`."""
    shutil.copyfile(source, target)
    return target


def monday_of(day: date) -> date:
    """Return the Monday of the week that `day` is in."""
    return day - timedelta(days=day.weekday())


def monday_after(day: date) -> date:
    """Return the first Monday after `day`: a week whose Thursday is still to come."""
    return day + timedelta(days=_WEEK - day.weekday())


@contextmanager
def owner_connection(database: str, password: str | None = None) -> Iterator[Any]:
    """Open a database as its owner, with every right: for setting the stage and for reading back. Commits at the end.

    Args:
        database: path for the embedded engine, or `host/port:path`.
        password: of SYSDBA; None for the embedded engine.
    """
    connection = connect(database, user=OWNER, password=password, charset=CHARSET)
    try:
        yield connection
        if connection.main_transaction.is_active():
            connection.commit()
    finally:
        if connection.main_transaction.is_active():
            connection.rollback()
        connection.close()


def drop_sandbox(database: str, password: str) -> None:
    """Disconnect everybody from a server's database and drop it; nothing happens when it is gone already.

    Raises:
        DatabaseError: somebody would not leave within 5 s.
    """
    deadline = time.monotonic() + _DROP_S
    while not _dropped(database, password, last=time.monotonic() > deadline):
        time.sleep(0.05)  # who was disconnected needs a moment to leave


def _dropped(database: str, password: str, *, last: bool) -> bool:
    try:
        connection = connect(database, user=OWNER, password=password)
    except DatabaseError as refused:
        if _NO_SUCH_FILE in refused.gds_codes:
            return True
        raise
    try:
        connection.execute_immediate(
            "delete from MON$ATTACHMENTS where MON$ATTACHMENT_ID <> current_connection and MON$SYSTEM_FLAG = 0"
        )
        connection.commit()
        connection.drop_database()
    except DatabaseError:
        connection.close()
        if last:
            raise
        return False
    return True


def _linger(connection: Any) -> None:
    # Who connects while a server closes the file after its last connection waits a whole second: seen in 7 of 10 rounds
    # of six clients without lingering, in 8 of 108 rounds of three with it, never while one connection stays open, as
    # the front desk's own do in a practice.
    cursor = connection.cursor()
    cursor.execute("alter database set linger to 10")
    cursor.close()


def _move_agenda(connection: Any, first_monday: date) -> None:
    if first_monday.weekday():
        raise ValueError(f"first_monday must be a Monday, not {first_monday:%A}")
    cursor = connection.cursor()
    cursor.execute("select min(BEGIN_TIJD) from AGENDA")
    earliest: datetime | None = cursor.fetchone()[0]
    if earliest is not None:
        days = (first_monday - monday_of(earliest.date())).days
        cursor.execute("update AGENDA set BEGIN_TIJD = dateadd(? day to BEGIN_TIJD)", (days,))
    cursor.close()
