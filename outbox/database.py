"""The database under the outbox, as its callers see it: SQLite for one machine, PostgreSQL for several.

An outbox entry and what its host stores beside it (idempotency, audit) are one commit, so the host shares this database
and these transactions, and adds tables of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar

from outbox.statements import Statement

T = TypeVar("T")
Dialect = Literal["sqlite", "postgresql"]
URL_PREFIXES: Final = ("postgresql://", "postgres://")


class DurabilityError(Exception):
    """Raised when the database cannot give the durability that was asked for, such as on a network file system."""


class NewerSchemaError(Exception):
    """Raised when the database was written by a newer release."""


class ConstraintViolated(Exception):
    """Raised when a row is not allowed: somebody was faster, or what never changes was to be changed."""


class Row(Protocol):
    """One row: by name, by position, or unpacked; `dict(row)` has its names."""

    def __getitem__(self, key: str | int, /) -> Any:
        """Return one value."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Yield the values in the statement's order."""
        ...

    def keys(self) -> Sequence[str]:
        """Return the names in the statement's order."""
        ...


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows were written."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...


class Transaction(Protocol):
    """Statements that are committed together."""

    def execute(self, statement: Statement | str, parameters: Mapping[str, Any] = ..., /) -> Cursor:
        """Run one statement; its parameters are written `:name`."""
        ...

    def lock(self, *name: str) -> None:
        """Wait until no other transaction holds the lock of this name, and hold it until this one ends.

        What the next statement reads has then been committed by whoever held it before.
        """
        ...


class Database(Protocol):
    """A database with the tables of some packages. Its methods may be called from several threads at once."""

    dialect: Dialect
    where: str
    """Which database it is, for messages; without a password."""

    def write(self, job: Callable[[Transaction], T]) -> T:
        """Run a job and return what it returns when that is durable; one commit may hold the jobs of several threads.

        What the job raises undoes its own statements only. It may be run a second time, so it does nothing else.

        Raises:
            StateUnavailable: nothing can be written now. When the connection broke during the commit it may have been
                committed all the same.
            ConstraintViolated: a row of the job is not allowed.
        """
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Write in a commit of its own: durable when the block has ended, undone if it raises; errors as of `write`."""
        ...

    def read(self, statement: Statement | str, **parameters: Any) -> list[Row]:
        """Return all rows of a statement that reads.

        Raises:
            StateUnavailable: the database cannot be read.
        """
        ...

    def read_now(self, statement: Statement | str, **parameters: Any) -> list[Row] | None:
        """Return the same without waiting for anybody; None if that cannot be done, and `read` has to.

        It is a few reads of a file that the system has in memory, so that an event loop may make it itself.
        """
        ...

    def close(self) -> None:
        """Close every connection. Nothing may use the database any more."""
        ...


def open_database(where: Path | str, packages: Sequence[str]) -> Database:
    """Open or create a database with the tables of these packages, each at the newest version that this release knows.

    Args:
        where: path of an SQLite file, or a URL of PostgreSQL.
        packages: the packages with a folder `sqlite` or `postgresql` of schemas, in the order of their tables.

    Raises:
        DurabilityError: what is acknowledged would not survive a power cut.
        NewerSchemaError: it was written by a newer release.
        StateUnavailable: it cannot be opened or written.
    """
    # Only the driver that is needed is loaded.
    if isinstance(where, str) and where.startswith(URL_PREFIXES):
        from outbox.postgresql.database import PostgresqlDatabase  # noqa: PLC0415

        return PostgresqlDatabase(where, packages)
    from outbox.sqlite.database import SqliteDatabase  # noqa: PLC0415

    return SqliteDatabase(Path(where), packages)
