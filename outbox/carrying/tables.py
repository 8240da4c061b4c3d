"""Which tables are carried, in the order in which their rows can be stored, and how they are read all at once."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.errors import StateUnavailable
from outbox.database import Cursor, Database, Row, Transaction
from outbox.sqlite.database import BUSY_TIMEOUT_MS
from outbox.statements import Statement, Statements

SQL: Final = Statements("outbox", "carrying")
ROWS_AT_A_TIME: Final = 200
"""Rows in memory at a time: 200 payloads of 3 kB."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is carried.

    Attributes:
        name: as in both dialects.
        key: its primary key; rows are read in its order, so a row that others refer to must come first in it.
        sequence: the column that numbers itself, if there is one.
        joins: whether a state into which it is loaded may have rows of its own in it, which meet no others.
    """

    name: str
    key: tuple[str, ...]
    sequence: str | None = None
    joins: bool = False


OUTBOX_TABLES: Final = (
    Table("entry", ("seq",), "seq"),
    Table("payload", ("entry_seq",)),
    Table("request", ("entry_seq",)),
    Table("pruned", ("entry_seq",)),
    Table("attempt", ("entry_seq", "step")),
    Table("attempt_outcome", ("entry_seq", "step")),
    Table("verification", ("entry_seq", "n")),
    Table("destination", ("name",)),
    Table("alert", ("id",)),
    Table("ended", ("client", "n")),
    Table("admin_action", ("id",), "id"),
)
"""The outbox's own. Left out are `migration`, which says how a database came to be, and `owner`: who lives there."""


class _Reading:
    """A read transaction on an SQLite file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: Statement | str, parameters: Mapping[str, Any] | None = None, /) -> Cursor:
        text = statement if isinstance(statement, str) else statement.sqlite
        return self._connection.execute(text, parameters or {})

    def lock(self, *name: str) -> None:
        """A reader needs none."""


@contextmanager
def snapshot(database: Database) -> Iterator[Transaction]:
    """Read what was committed when the block began, however long it takes; nobody waits for it.

    Raises:
        StateUnavailable: the database cannot be read.
    """
    if database.dialect == "sqlite":
        with file_snapshot(Path(database.where)) as connection:
            yield reading(connection)
        return
    with database.transaction() as tx:
        tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        patient(tx)
        yield tx


def reading(connection: sqlite3.Connection) -> Transaction:
    """Return the transaction that a connection is in, for statements of both dialects."""
    connection.row_factory = sqlite3.Row
    return _Reading(connection)


@contextmanager
def file_snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an SQLite file that may be written meanwhile, and see what was committed when the block began.

    Raises:
        StateUnavailable: it cannot be read.
    """
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("BEGIN")
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # it begins with the first look
            yield connection
    except sqlite3.Error as error:
        raise StateUnavailable(f"{path} cannot be read: {error}") from error


def patient(tx: Transaction) -> None:
    """Let a long transaction take its time: a session is meant for short ones."""
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        tx.execute(f"SET LOCAL {name} = 0")


def keep_others_out(tx: Transaction, database: Database, tables: Sequence[str]) -> None:
    """Let nobody write to some tables until the transaction ends, which may take its time; SQLite has one writer."""
    if database.dialect == "postgresql":
        patient(tx)
        for table in tables:
            tx.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


def rows(tx: Transaction, table: Table) -> Iterator[Row]:
    """Yield all rows of a table in the order of its key, with a few of them in memory."""
    key = ", ".join(table.key)
    page = f"ORDER BY {key} LIMIT {ROWS_AT_A_TIME}"  # `only` and the like are quoted nowhere: no such table is carried
    after = f"({key}) > ({', '.join(f':{name}' for name in table.key)})"
    found: Sequence[Row] = tx.execute(f"SELECT * FROM {table.name} {page}").fetchall()  # noqa: S608 - names of ours
    while found:
        yield from found
        last = {name: found[-1][name] for name in table.key}
        found = tx.execute(f"SELECT * FROM {table.name} WHERE {after} {page}", last).fetchall()  # noqa: S608


def counts(tx: Transaction, tables: Sequence[Table]) -> dict[str, int]:
    """Count the rows of each table."""
    return {
        table.name: tx.execute(f"SELECT COUNT(*) AS n FROM {table.name}").fetchone()["n"]  # noqa: S608
        for table in tables
    }


def columns(tx: Transaction, table: Table) -> list[str]:
    """Return the names of a table's columns."""
    return [row["name"] for row in tx.execute(SQL["columns"], {"table": table.name}).fetchall()]
