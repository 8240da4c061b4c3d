"""How the tests open databases: Debian's ODBC drivers, a client that waits for locks, and one that crashes."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from adapters.firebird.native import NativeSource
from adapters.sql.charset import lenient
from adapters.sql.url import UrlSource
from tests.integration.odbc.debian import DebianSource, postgresql_source, register, sqlite_source


def postgresql(host: str, port: int, user: str, password: str, database: str) -> DebianSource:
    # Without the check a backend of PostgreSQL notices only after its sleep or lock that nobody is there any more.
    options = {"ConnSettings": "set client_connection_check_interval = 100"}
    return postgresql_source(host, port, user, password, database, options)


def sqlite(path: str) -> DebianSource:
    return sqlite_source(path, options={"Timeout": "60000"})


@dataclass(frozen=True, slots=True)
class DebianUrlSource(UrlSource):
    """A database by its URL, where the dialect of the URL is one of these tests' own."""

    def __post_init__(self) -> None:
        register()
        UrlSource.__post_init__(self)

    def engine(self) -> Engine:
        register()  # a worker is another process
        lenient(self.codec)
        return UrlSource.engine(self)


@dataclass(frozen=True, slots=True)
class WaitingSource(NativeSource):
    """The native client, but transactions wait for locks as long as it takes."""

    def _creator(self) -> Callable[[], Any]:
        from firebird.driver import Isolation, TraAccessMode, tpb  # noqa: PLC0415 - only a worker loads the driver

        connect = NativeSource._creator(self)

        def connected() -> Any:
            connection = connect()
            connection.main_transaction.default_tpb = tpb(
                Isolation.READ_COMMITTED_RECORD_VERSION, access_mode=TraAccessMode.WRITE
            )
            return connection

        return connected


@dataclass(frozen=True, slots=True)
class CrashingSource(NativeSource):
    """The native client, but a statement that names CRASH crashes its process as a bad driver would."""

    def engine(self) -> Engine:
        engine = NativeSource.engine(self)

        def crash(*arguments: Any) -> None:
            if "CRASH" in arguments[2] and "REHEARSED" not in arguments[2]:
                os.kill(os.getpid(), signal.SIGSEGV)

        event.listen(engine, "before_cursor_execute", crash)
        return engine


@dataclass(frozen=True, slots=True)
class BrokenSource(NativeSource):
    """A technology whose library is missing."""

    def engine(self) -> Engine:
        raise ModuleNotFoundError("No module named 'driver of Jansen'")


@dataclass(frozen=True, slots=True)
class WitnessSource(NativeSource):
    """The native client, but only where the environment says so."""

    def engine(self) -> Engine:
        if "SHIM_WITNESS" not in os.environ:
            raise KeyError("SHIM_WITNESS")
        return NativeSource.engine(self)


@dataclass(frozen=True, slots=True)
class TalkingSource(UrlSource):
    """A driver that writes a person's number wherever it can and fails; of `dies` the worker has a defect itself."""

    dies: bool = False

    @property
    def codec(self) -> str:
        if self.dies:
            raise ValueError("mevrouw 999990019")
        return UrlSource.codec.fget(self)  # type: ignore[attr-defined,no-any-return]  # super() knows no slots

    def engine(self) -> Engine:
        print("mevrouw 999990019", flush=True)  # noqa: T201 - as a driver does
        os.write(1, b"mevrouw 999990019\n")
        os.write(2, b"mevrouw 999990019\n")
        raise ValueError("mevrouw 999990019")
