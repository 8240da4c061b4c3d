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
        first_monday: Monday on which the agenda shall begin. Every slot moves by the same whole weeks, so weekday and
            time of day stay. None leaves the snapshot's own dates.

    Raises:
        ValueError: `first_monday` is no Monday.
    """
    use_private_engine(target.parent / "firebird-engine")
    target.unlink(missing_ok=True)
    with snapshot.open("rb") as stream, connect_server("", user=OWNER) as server:
        server.database.local_restore(backup_stream=stream, database=target, flags=SrvRestoreFlag.CREATE)
    with owner_connection(str(target)) as connection:
        set_stage(connection, first_monday)
    return target


def set_stage(connection: Any, first_monday: date | None) -> None:
    """Make a restored snapshot a sandbox: its agenda begins on `first_monday`, its server keeps it open for a while.

    Raises:
        ValueError: `first_monday` is no Monday.
    """
    if first_monday is not None:
        _move_agenda(connection, first_monday)
    _linger(connection)


def copy_sandbox(source: Path, target: Path) -> Path:
    """Copy a sandbox that nobody has open, for one test or one user, and return `target`."""
    shutil.copyfile(source, target)
    return target


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
    cursor = connection.cursor()
    cursor.execute("select min(BEGIN_TIJD) from AGENDA")
    earliest: datetime = cursor.fetchone()[0]
    days = (first_monday - monday_after(earliest.date() - timedelta(days=_WEEK))).days
    if days % _WEEK:
        raise ValueError(f"first_monday must be a Monday, not {first_monday:%A}")
    cursor.execute("update AGENDA set BEGIN_TIJD = dateadd(? day to BEGIN_TIJD)", (days,))
    cursor.close()
