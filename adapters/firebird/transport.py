"""Calls a Firebird database: one fresh connection per call, always closed, with the rights that the call needs."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from firebird import driver
from firebird.driver import Isolation, TraAccessMode, driver_config, tpb
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from adapters.firebird.address import Address
from adapters.firebird.faults import Contention, Fault, StatementRefused, describe, fault_of
from adapters.firebird.statements import Statement, StatementInvalid
from adapters.firebird.tidy import tidy
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable, ContractError

Row = Mapping[str, Any]
_NO_WAIT: Final = 0


@dataclass(frozen=True, slots=True)
class Account:
    """A database user; the embedded engine asks for no password but honours the user's rights."""

    user: str
    password: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a connect may take, and that a write may wait for a lock."""

    connect_s: float = 5.0
    lock_s: int = 2


class Transport:
    """Reads with one account and writes with another. Safe to call from several threads at once."""

    def __init__(self, address: Address, reader: Account, writer: Account, charset: str, limits: Limits) -> None:
        self._address, self._charset, self._limits = address, charset, limits
        self._name = _registered(address, limits.connect_s)
        # sqlalchemy-firebird 2.2 cannot set an isolation level; the transaction parameters are set on the connection.
        self._reader = self._engine(reader, _NO_WAIT, TraAccessMode.READ)
        self._writer = self._engine(writer, limits.lock_s, TraAccessMode.WRITE)

    def read(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a query in a read-only transaction. Text in the rows is tidy.

        Raises:
            BackendUnavailable: no answer, or none that can be used.
            StatementRefused: the database refused the parameters.
        """
        with _opened(self._reader) as connection:
            try:
                return _rows(connection, statement, parameters)
            except DBAPIError as error:
                if fault_of(error.orig) is Fault.REFUSED:
                    raise StatementRefused(describe(error.orig)) from error
                raise BackendUnavailable(f"{statement.name}: {describe(error.orig)}") from error
            except UnicodeDecodeError as error:
                raise BackendUnavailable(f"{statement.name}: a stored text is not in {self._charset}") from error

    def write(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement that writes, and commit. Not idempotent by itself. Text in the rows is tidy.

        Raises:
            BackendUnavailable: it was not executed; no connection, or the account or statement is wrong.
            Contention: it was not executed; another transaction was first.
            StatementRefused: it was not executed; the database refused the data.
            BackendOutcomeUnknown: the connection was lost after the statement was sent.
        """
        with _opened(self._writer) as connection:
            try:
                rows = _rows(connection, statement, parameters)
                connection.commit()
            except DBAPIError as error:
                raise _write_error(statement, error.orig) from error
            return rows

    def close(self) -> None:
        """Forget both engines; there are no pooled connections to close. Idempotent."""
        self._reader.dispose()
        self._writer.dispose()

    def _engine(self, account: Account, lock_s: int, access: TraAccessMode) -> Engine:
        engine = create_engine(
            "firebird+firebird://",
            creator=self._creator(account, lock_s, access),
            poolclass=NullPool,
            hide_parameters=True,  # an exception's text must not carry a person's data
        )
        # The dialect's own test reads gds_codes[0] and raises IndexError when there are none.
        engine.dialect.is_disconnect = _is_disconnect  # type: ignore[method-assign, assignment]
        # It ends a lost connection by a method that firebird-driver does not have.
        engine.dialect.do_terminate = engine.dialect.do_close  # type: ignore[method-assign]
        return engine

    def _creator(self, account: Account, lock_s: int, access: TraAccessMode) -> Callable[[], Any]:
        def connect() -> Any:
            self._address.probe(self._limits.connect_s)
            connection = driver.connect(
                self._name, user=account.user, password=account.password or None, charset=self._charset
            )
            # Made here and not once: it loads the client library, which a desk without a connection must not do.
            connection.main_transaction.default_tpb = tpb(Isolation.READ_COMMITTED_RECORD_VERSION, lock_s, access)
            return connection

        return connect


@contextmanager
def _opened(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise BackendUnavailable(f"connect: {describe(error.orig)}") from error
    with connection:
        yield connection


def _rows(connection: Connection, statement: Statement, parameters: Mapping[str, Any]) -> list[Row]:
    result = connection.execute(text(statement.sql), dict(parameters))
    names = [name.lower() for name in result.keys()]  # noqa: SIM118 - a result, not a mapping
    if set(names) != statement.columns:
        raise StatementInvalid(f"statement {statement.name}: columns in head and result differ")
    return [dict(zip(names, map(_tidied, row), strict=True)) for row in result.fetchall()]


def _tidied(value: Any) -> Any:
    return tidy(value) if isinstance(value, str) else value


def _write_error(statement: Statement, error: Any) -> ContractError | Contention | StatementRefused:
    reason = f"{statement.name}: {describe(error)}"
    match fault_of(error):
        case Fault.CONTENTION:
            return Contention(reason)
        case Fault.REFUSED:
            return StatementRefused(reason)
        case Fault.FORBIDDEN:
            return BackendUnavailable(reason)
        case _:
            return BackendOutcomeUnknown(reason)


def _is_disconnect(error: Any, *_: Any) -> bool:
    return fault_of(error) is Fault.LOST


def _registered(address: Address, connect_s: float) -> str:
    """Return the driver's name of this database; only a registered one can have a connect time-out of its own."""
    seconds = max(1, math.ceil(connect_s))
    name = f"{address.dsn} within {seconds} s"
    try:
        entry = driver_config.register_database(name)
    except ValueError:
        return name  # another desk has registered the same values
    entry.dsn.value = address.dsn
    entry.timeout.value = seconds
    return name
