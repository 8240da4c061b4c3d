"""A PostgreSQL database for several shims and workers: every job is a transaction on a connection of its own."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from contracts.errors import StateUnavailable
from outbox import schema
from outbox.database import ConstraintViolated, Cursor, Dialect, DurabilityError, Row, Transaction
from outbox.postgresql.rows import by_name
from outbox.statements import Statement, bound

T = TypeVar("T")
_CONNECT_S: Final = 5
_MIGRATING: Final = 7_264_613
"""Number of the advisory lock under which one process at a time changes the schema."""
_AGAIN: Final = 5
"""How often a job is run before a conflict with others is nobody's luck any more."""
_NEVER: Final = 1 << 31
"""Only what says so is prepared, and that at once."""
_SESSION: Final = "-c synchronous_commit=on -c lock_timeout=10s -c statement_timeout=60s -c timezone=UTC"
_KEEPALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
_DURABLE: Final = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_REFUSED: Final = (psycopg.IntegrityError, psycopg.errors.RaiseException)
_CONFLICT: Final = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError)


class _Statements:
    """A transaction on a connection."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def execute(self, statement: Statement | str, parameters: Mapping[str, Any] | None = None, /) -> Cursor:
        text = bound(statement) if isinstance(statement, str) else statement.postgresql
        return self._connection.execute(text.encode(), parameters or {}, prepare=True)

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
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise StateUnavailable("the state's URL is no URL of PostgreSQL") from error
        options = f"{given.pop('options', None) or ''} {_SESSION}".strip()
        self.where = f"postgresql://{given.get('host', '')}:{given.get('port', '')}/{given.get('dbname', '')}"
        self._address = make_conninfo("", **{"connect_timeout": _CONNECT_S, **_KEEPALIVE, **given, "options": options})
        self._idle: list[psycopg.Connection[Row]] = []
        self._closed = threading.Event()
        try:
            self._check_durability()
            for package in packages:
                self._migrate(package)
        except BaseException:
            self.close()
            raise

    def write(self, job: Callable[[Transaction], T]) -> T:
        """Run a job in a transaction of its own; once more when it met a conflict or a connection that had died."""
        for again in range(_AGAIN, 0, -1):
            fresh = not self._idle
            committing = False
            try:
                with self._connection() as connection:
                    connection.execute("BEGIN")
                    try:
                        result = job(_Statements(connection))
                        committing = True
                        connection.execute("COMMIT")
                    except BaseException:
                        _roll_back(connection)
                        raise
                    return result
            except _REFUSED as error:
                raise ConstraintViolated(str(error)) from error
            except _CONFLICT as error:
                if again == 1:
                    raise _unavailable("written", error) from error
            except _LOST as error:
                # Before the commit nothing has happened, so a connection that died while it was idle costs nothing.
                if committing or fresh:
                    raise _unavailable("written", error) from error
                self._forget_idle()
            except psycopg.DatabaseError as error:
                raise _unavailable("written", error) from error
        raise StateUnavailable("the state cannot be written: no connection stays open", retry_after_s=5)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write in one commit of its own."""
        try:
            with self._connection(alive=True) as connection:
                connection.execute("BEGIN")
                try:
                    yield _Statements(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    _roll_back(connection)
                    raise
        except _REFUSED as error:
            raise ConstraintViolated(str(error)) from error
        except (psycopg.DatabaseError, psycopg.InterfaceError) as error:
            raise _unavailable("written", error) from error

    def read(self, statement: Statement | str, **parameters: Any) -> list[Row]:
        """Return all rows of a statement that reads."""
        text = bound(statement) if isinstance(statement, str) else statement.postgresql
        for _ in range(_AGAIN):
            fresh = not self._idle
            try:
                with self._connection() as connection:
                    return connection.execute(text.encode(), parameters, prepare=True).fetchall()
            except _LOST as error:
                if fresh:
                    raise _unavailable("read", error) from error
                self._forget_idle()
            except psycopg.DatabaseError as error:
                raise _unavailable("read", error) from error
        raise StateUnavailable("the state cannot be read: no connection stays open", retry_after_s=5)

    def close(self) -> None:
        """Close every connection that is not in use; one in use is closed when it is given back."""
        self._closed.set()
        self._forget_idle()

    def _forget_idle(self) -> None:
        while self._idle:
            with suppress(IndexError, psycopg.Error):
                self._idle.pop().close()

    @contextmanager
    def _connection(self, *, alive: bool = False) -> Iterator[psycopg.Connection[Row]]:
        try:
            connection = self._idle.pop()  # atomic, as append is
        except IndexError:
            connection = self._connect()
        else:
            if alive:
                connection = self._alive(connection)
        try:
            yield connection
        finally:
            if connection.closed or connection.broken or self._closed.is_set():
                connection.close()
            else:
                self._idle.append(connection)

    def _alive(self, connection: psycopg.Connection[Row]) -> psycopg.Connection[Row]:
        """Return the connection, or another if it died while it was idle: a block cannot be run twice."""
        try:
            connection.execute("SELECT 1")
        except _LOST:
            connection.close()
            self._forget_idle()
            return self._connect()
        return connection

    def _connect(self) -> psycopg.Connection[Row]:
        connection = psycopg.Connection[Row].connect(self._address, autocommit=True, row_factory=by_name)
        connection.prepare_threshold = _NEVER
        return connection

    def _check_durability(self) -> None:
        for name, wanted in _DURABLE.items():
            ((found,),) = self.read(f"SHOW {name}")
            if found != wanted:
                raise DurabilityError(f"{self.where}: {name}={found}, need {wanted}: a power cut would lose reports")

    def _migrate(self, package: str) -> None:
        with self.transaction() as tx:
            tx.execute("SELECT pg_advisory_xact_lock(:number)", {"number": _MIGRATING})
            tx.execute(schema.CREATE_RECORD)
            done = {int(row["number"]) for row in tx.execute(schema.RECORDED, {"package": package}).fetchall()}
            for change in schema.changes(package, self.dialect, done, self.where):
                _run_script(tx, change.script)
                for number in change.numbers:
                    tx.execute(schema.RECORD, {"package": package, "number": number})


def _run_script(tx: Transaction, script: str) -> None:
    # Without parameters the server splits a script itself, unless it is prepared.
    tx._connection.execute(script.encode(), prepare=False)  # type: ignore[attr-defined]  # noqa: SLF001


def _roll_back(connection: psycopg.Connection[Row]) -> None:
    with suppress(psycopg.Error):
        if not connection.closed:
            connection.execute("ROLLBACK")


def _unavailable(done: str, error: Exception) -> StateUnavailable:
    # The message of a statement's error may quote a value; that of a lost connection has none.
    detail = str(error).strip().partition("\n")[0] if isinstance(error, _LOST) else type(error).__name__
    return StateUnavailable(f"the state cannot be {done}: {detail}", retry_after_s=5)
