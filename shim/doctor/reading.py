"""Reads a state without changing anything: no file is made, no table is brought up to date, nothing is locked."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from contracts.errors import StateUnavailable
from outbox.database import Dialect, Row
from outbox.statements import Statement, bound

_CONNECT_S: Final = 3
_STATEMENT_MS: Final = 4000
_ONLY_READING: Final = f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_MS} -c timezone=UTC"


class Reading:
    """What of `outbox.database.Database` reads; for one thread at a time."""

    def __init__(self, connection: Any, dialect: Dialect, where: str, failures: type[Exception]) -> None:
        self._connection = connection
        self.dialect: Dialect = dialect
        self.where = where
        self._failures = failures

    def read(self, statement: Statement | str, **parameters: Any) -> list[Row]:
        """Return all rows of a statement that reads.

        Raises:
            StateUnavailable: it cannot be read.
        """
        if self.dialect == "sqlite":
            text = statement if isinstance(statement, str) else statement.sqlite
        else:
            text = bound(statement) if isinstance(statement, str) else statement.postgresql
        try:
            return list(self._connection.execute(text, parameters).fetchall())
        except self._failures as error:
            raise StateUnavailable(f"the state cannot be read: {_first(error)}") from error


@contextmanager
def reading_file(path: Path) -> Iterator[Reading]:
    """Open an SQLite state.

    Raises:
        StateUnavailable: it is no database, or cannot be read.
    """
    beside = path.with_name(f"{path.name}-wal")
    # Where nobody has written since the log was folded in, the file is all there is, and is read as it lies: without
    # that SQLite would make its index beside it. With a log it needs the index, and whoever wrote the log has made it.
    alone = not beside.exists() or not beside.stat().st_size
    how = "immutable=1" if alone else "mode=ro"
    try:
        address = f"file:{quote(str(path.absolute()))}?{how}"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA busy_timeout = 1000")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
            yield Reading(connection, "sqlite", str(path), sqlite3.Error)
    except sqlite3.Error as error:
        raise StateUnavailable(_first(error)) from error


@contextmanager
def reading_server(url: str) -> Iterator[Reading]:
    """Open a state on PostgreSQL; every transaction only reads.

    Raises:
        StateUnavailable: it cannot be reached; the text holds no password.
    """
    import psycopg  # noqa: PLC0415 - only where the state is on such a server
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    from outbox.postgresql.rows import by_name  # noqa: PLC0415

    try:
        given: dict[str, Any] = dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:  # it quotes what it could not read
        raise StateUnavailable("the state's URL is no URL of PostgreSQL") from None
    given["options"] = f"{_ONLY_READING} {given.get('options') or ''}".strip()
    given.setdefault("connect_timeout", _CONNECT_S)
    where = "postgresql://{}:{}/{}".format(*(given.get(part, "") for part in ("host", "port", "dbname")))
    try:
        with psycopg.connect(**given, autocommit=True, row_factory=by_name) as connection:
            yield Reading(connection, "postgresql", where, psycopg.Error)
    except psycopg.Error as error:
        raise StateUnavailable(_first(error)) from error


def _first(error: BaseException) -> str:
    """Return the first line of what a driver says: the others may quote a row."""
    return (str(error) or type(error).__name__).strip().split("\n", maxsplit=1)[0]
