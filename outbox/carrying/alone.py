"""Nobody else uses a state while it is replaced, loaded or moved, and nobody goes on with one that was put away."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from outbox import schema
from outbox.carrying.refusal import CarryingRefused
from outbox.database import Database
from outbox.owner import LockedOwners, owners_of

_STOP: Final = "stop the service and every worker first"
_LOCK_BYTES: Final = (0x40000000, 512)
"""Where SQLite locks a file, and how many bytes, by its description of the file format."""
_PUT_AWAY: Final = (
    schema.CREATE_RECORD,  # of a file that holds nothing yet
    "CREATE TABLE IF NOT EXISTS put_away (at INTEGER NOT NULL, why TEXT NOT NULL)",
    "INSERT INTO put_away (at, why) VALUES (:at, :why)",
    "INSERT INTO migration (package, number) VALUES ('outbox', :number) ON CONFLICT DO NOTHING",
)


def refuse_living(database: Database) -> None:
    """Raise CarryingRefused if anybody works on the entries of a database."""
    if database.dialect == "sqlite":
        refuse_living_beside(Path(database.where))
        return
    owners = owners_of(database)
    living = [
        row["name"] for row in database.read("SELECT name FROM owner ORDER BY name") if owners.is_alive(row["name"])
    ]
    if living:
        raise CarryingRefused(
            f"{len(living)} workers have the state, or had it half a minute ago; {_STOP}, on all machines, and wait"
        )


def refuse_living_beside(path: Path) -> None:
    """Raise CarryingRefused if anybody works on the entries of an SQLite file, which itself may be damaged."""
    owners = LockedOwners(path.with_name(path.name + ".owners"))
    living = [file.name for file in owners.folder.glob("[!.]*") if owners.is_alive(file.name)]
    if living:
        raise CarryingRefused(f"{len(living)} workers have {path}; {_STOP}")


@contextmanager
def alone(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Hold an SQLite file that no other process has open, in a transaction; give None if it is damaged.

    What was written by the connection counts if it was committed, such as by `put_away`.

    Raises:
        CarryingRefused: another process has it open.
    """
    refuse_living_beside(path)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        try:
            _hold(connection)
        except sqlite3.OperationalError as error:
            raise CarryingRefused(f"another process has {path} open ({error}); {_STOP}") from error
        except sqlite3.DatabaseError:
            damaged = True
        else:
            damaged = False
            yield connection
    if damaged:
        with _damaged(path):
            yield None


def _hold(connection: sqlite3.Connection) -> None:
    # A connection in WAL mode shares a lock for as long as it is open, so leaving that mode is refused while there is
    # one; and without a log beside it, the file is all that there is.
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN EXCLUSIVE")
    (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
    if journal != "delete":
        raise sqlite3.OperationalError("it has been opened this moment")


@contextmanager
def _damaged(path: Path) -> Iterator[None]:
    """Hold a file that SQLite cannot read any more, by the bytes that it would lock."""
    with path.open("r+b") as file:
        first, length = _LOCK_BYTES
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, first)
        except OSError as error:
            raise CarryingRefused(f"another process has {path} open; {_STOP}") from error
        yield


def put_away(connection: sqlite3.Connection, at: int, why: str) -> None:
    """Make a state that nobody opens any more, of this release or an earlier one; durable, and let go, on return.

    Args:
        connection: as `alone` gave it.
        at: milliseconds since 1970.
        why: what took its place.
    """
    for statement in _PUT_AWAY:
        connection.execute(statement, {"at": at, "why": why, "number": schema.PUT_AWAY})
    connection.execute("COMMIT")


def why_put_away(connection: sqlite3.Connection) -> str | None:
    """Return what took a state's place; None if nothing did."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'put_away'").fetchone() is None:
        return None
    row = connection.execute("SELECT why FROM put_away ORDER BY at DESC LIMIT 1").fetchone()
    return None if row is None else str(row[0])


def take_back(connection: sqlite3.Connection) -> None:
    """Make a copy of a state that was put away one that can be opened."""
    connection.execute("DELETE FROM migration WHERE number = :number", {"number": schema.PUT_AWAY})
    connection.execute("DROP TABLE IF EXISTS put_away")
