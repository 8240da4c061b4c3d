"""A state on the suite's stage: an SQLite file or a PostgreSQL database, empty, and as many processes' views of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

from outbox.database import Database, Dialect, open_database
from outbox.hand import Hand
from outbox.store import PACKAGE, Outbox
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock

PACKAGES: Final = (PACKAGE, "shim", "shim.audit")
CIPHER: Final = RestCipher(bytes(32))
DIALECTS: Final[tuple[Dialect, ...]] = ("sqlite", "postgresql")


class Store:
    """One state, its clock, and its views, each a database object of its own, as a process has one."""

    def __init__(self, dialect: Dialect, where: Path | str) -> None:
        self.dialect = dialect
        self.where = where
        self.clock = Clock()
        self._opened: list[Database] = []

    def open(self) -> Database:
        """Return another view; it is closed with the store."""
        self._opened.append(open_database(self.where, PACKAGES))
        return self._opened[-1]

    def outbox(self, database: Database | None = None) -> Outbox:
        """Return an outbox on a view, by default another one."""
        return Outbox(database or self.open(), CIPHER, self.clock, lambda: self.clock.up)

    def hand(self, outbox: Outbox) -> Hand:
        """Return an administrator's hand on an outbox's view."""
        return Hand(outbox.database, self.clock)

    def close(self) -> None:
        """Close every view."""
        while self._opened:
            self._opened.pop().close()


@contextmanager
def opened_store(dialect: Dialect, folder: Path, emptied: Callable[[], str]) -> Iterator[Store]:
    """Yield an empty state.

    Args:
        dialect: of which kind.
        folder: where an SQLite file may be.
        emptied: gives the URL of an empty state on PostgreSQL.
    """
    store = Store(dialect, emptied() if dialect == "postgresql" else folder / "state.db")
    try:
        yield store
    finally:
        store.close()


class SharedState:
    """A state on PostgreSQL that tests share, one after the other: a new database for each costs a second."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = open_database(url, PACKAGES)
        self.superuser = psycopg.connect(url, autocommit=True)
        tables: list[tuple[Any, ...]] = self.superuser.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'"
        ).fetchall()
        # A replica's session runs no trigger and checks no reference, so that what is append-only goes as well.
        deleted = "".join(f"DELETE FROM {name};" for (name,) in tables)  # noqa: S608 - names of our own tables
        self._empty = f"SET session_replication_role = replica; SET synchronous_commit = off; BEGIN; {deleted} COMMIT"

    def empty(self) -> None:
        """Delete every row."""
        self.superuser.execute(self._empty.encode())

    def close(self) -> None:
        """Close what it holds."""
        self.superuser.close()
        self.database.close()
