"""A PostgreSQL database for several shims and workers: every job is a transaction on a connection of its own."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg import errors

from outbox import schema
from outbox.database import Cursor, Dialect, Row, Transaction
from outbox.postgresql.connections import Connection, Connections
from outbox.postgresql.errors import CONFLICT, Undone, first_line, told, unavailable
from outbox.statements import Statement, bound

T = TypeVar("T")
_AGAIN: Final = 5
"""How often a job is run before a conflict with others is nobody's luck any more."""
# A statement sees what was committed when it began, so the one after a lock sees what its last holder wrote. In the
# levels above it would see what was there before it waited.
_BEGIN: Final = b"BEGIN ISOLATION LEVEL READ COMMITTED"
# A large table takes its time, and who waits for another process's changes waits for as long as they take.
_PATIENT: Final = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"
_RECORDED: Final = "SELECT to_regclass('migration')::text AS there"
_USELESS: Final = (errors.FeatureNotSupported, errors.ReadOnlySqlTransaction)
"""What ends a connection: what it has prepared is of a table that has another column now, or its server follows."""

_STORABLE: Final = (str, int, bytes, float, list)
"""What both databases store alike, and lists, which no column holds; the driver would take much else, its own way."""


class _Statements:
    """A transaction on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: Statement | str, parameters: Mapping[str, Any] | None = None, /) -> Cursor:
        return _execute(self._connection, statement, parameters or {})

    def lock(self, *name: str) -> None:
        """An advisory lock: two names of the same number only wait for each other in vain."""
        number = int.from_bytes(hashlib.sha256("\0".join(name).encode()).digest()[:8], signed=True)
        self._connection.execute(b"SELECT pg_advisory_xact_lock(%s)", [number], prepare=True)


class PostgresqlDatabase:
    """A PostgreSQL database, as `outbox.database.Database` describes it."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, packages: Sequence[str]) -> None:
        """Connect, and create or bring up to date the tables; errors as of `open_database`.

        Args:
            url: `postgresql://…`; what it leaves out comes from libpq's environment and password file.
            packages: as of `open_database`.
        """
        self._connections = Connections(url)
        self.where = self._connections.where
        try:
            self._connections.open()
            for package in packages:
                self._migrate(package)
        except BaseException:
            self.close()
            raise

    def write(self, job: Callable[[Transaction], T]) -> T:
        """Run a job in a transaction of its own; again when it met a conflict or a connection that had died."""
        for again in range(_AGAIN, 0, -1):
            try:
                with self._connections.one() as connection:
                    return self._run(connection, job)
            except Undone as undone:
                if again == 1:
                    raise unavailable(f"the state cannot be written: {undone}") from undone
        raise AssertionError("unreachable")

    def _run(self, connection: Connection, job: Callable[[Transaction], T]) -> T:
        try:
            connection.execute(_BEGIN)
            result = job(_Statements(connection))
        except psycopg.Error as error:
            raise self._undone(connection, error) or told("written", error) from None
        except BaseException:
            _roll_back(connection)
            raise
        self._commit(connection)
        return result

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write in one commit of its own."""
        with self._connections.one() as connection:
            try:
                connection.execute(_BEGIN)
                yield _Statements(connection)
            except psycopg.Error as error:
                self._undone(connection, error)  # a block cannot be run again
                raise told("written", error) from None
            except BaseException:
                _roll_back(connection)
                raise
            try:
                self._commit(connection)
            except Undone as undone:  # a block cannot be run again
                raise unavailable(f"the state cannot be written: {undone}") from undone

    def read(self, statement: Statement | str, **parameters: Any) -> list[Row]:
        """Return all rows of a statement that reads."""
        for again in range(_AGAIN, 0, -1):
            try:
                with self._connections.one() as connection:
                    return self._rows(connection, statement, parameters)
            except Undone as undone:
                if again == 1:
                    raise unavailable(f"the state cannot be read: {undone}") from undone
        raise AssertionError("unreachable")

    def read_now(self, statement: Statement | str, **parameters: Any) -> list[Row] | None:
        """Return None: a server is always waited for."""
        del statement, parameters
        return None

    def _rows(self, connection: Connection, statement: Statement | str, parameters: Mapping[str, Any]) -> list[Row]:
        try:
            return _execute(connection, statement, parameters).fetchall()
        except psycopg.Error as error:
            raise self._undone(connection, error) or told("read", error) from None

    def close(self) -> None:
        """Close every connection that is not in use; one in use is closed when it is given back."""
        self._connections.close()

    def _undone(self, connection: Connection, error: psycopg.Error) -> Undone | None:
        """Roll back, and say whether the same may be run again; nothing of it has been committed."""
        if connection.closed:  # the server has ended it, and the others most likely with it
            self._connections.forget_idle()
        elif isinstance(error, _USELESS):
            connection.close()
            self._connections.forget_idle()
        else:
            _roll_back(connection)
            if not isinstance(error, CONFLICT):
                return None
        return Undone(first_line(error))

    def _commit(self, connection: Connection) -> None:
        try:
            said = connection.execute(b"COMMIT").statusmessage
        except CONFLICT as error:  # what is left for the commit waits for others, too
            raise Undone(first_line(error)) from None
        except psycopg.Error as error:
            if not connection.closed:
                raise told("written", error) from None
            self._connections.forget_idle()
            raise unavailable(f"nobody knows whether the state was written: {first_line(error)}") from None
        if said != "COMMIT":
            raise RuntimeError("a statement failed and its job went on, so nothing was committed")

    def _migrate(self, package: str) -> None:
        with self.transaction() as tx:
            _run_script(tx, _PATIENT)
            tx.lock("migrating")
            if tx.execute(_RECORDED).fetchone()["there"] is None:  # a role that may create nothing opens what is there
                tx.execute(schema.CREATE_RECORD)
            done = {int(row["number"]) for row in tx.execute(schema.RECORDED, {"package": package}).fetchall()}
            for change in schema.changes(package, self.dialect, done, self.where):
                _run_script(tx, change.script)
                for number in change.numbers:
                    tx.execute(schema.RECORD, {"package": package, "number": number})


def _execute(connection: Connection, statement: Statement | str, parameters: Mapping[str, Any]) -> psycopg.Cursor[Row]:
    for name, value in parameters.items():
        if value is not None and not isinstance(value, _STORABLE):
            raise TypeError(f"{name} is a {type(value).__name__}, which is not stored")
    text = bound(statement) if isinstance(statement, str) else statement.postgresql
    return connection.execute(text.encode(), parameters, prepare=True, binary=True)


def _run_script(tx: Transaction, script: str) -> None:
    # Without parameters the server splits a script itself, unless it is prepared.
    tx._connection.execute(script.encode(), prepare=False)  # type: ignore[attr-defined]  # noqa: SLF001


def _roll_back(connection: Connection) -> None:
    with suppress(psycopg.Error):
        if not connection.closed:
            connection.execute(b"ROLLBACK")
