"""The native client: `firebird+firebird`, with what that dialect and its driver lack."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine, NullPool, create_engine

from adapters.firebird.address import Address, WireCrypt
from adapters.firebird.charset import codec_of
from adapters.firebird.faults import describe, fault_of
from adapters.firebird.rehearsal import rehearsal
from adapters.sql.charset import lenient
from adapters.sql.faults import Fault

_NO_WAIT: Final = 0


@dataclass(frozen=True, slots=True)
class NativeSource:
    """How one account opens a Firebird database through the client library.

    Attributes:
        address: where the database is.
        user: account; the embedded engine asks for no password but honours the account's rights.
        password: empty for the embedded engine.
        charset: Firebird's name of the connection's character set.
        writes: whether transactions may write. Those wait for no lock: who waits is asked to come again.
        connect_s: seconds that a connect may take.
        wire_crypt: whether what goes to and from a server is encrypted; the embedded engine has no use for it.
    """

    address: Address
    user: str
    password: str = field(repr=False)
    charset: str
    writes: bool
    connect_s: float
    wire_crypt: WireCrypt = "required"

    @property
    def name(self) -> str:
        """Account and database."""
        return f"{self.user} at {self.address.dsn}"

    @property
    def technology(self) -> str:
        """Firebird."""
        return "firebird"

    @property
    def server(self) -> str:
        """Host and port, or the path of the file."""
        return self.address.server

    @property
    def codec(self) -> str:
        """Python codec of the connection's texts."""
        return codec_of(self.charset)

    def engine(self) -> Engine:
        """Return an engine without a pool."""
        engine = create_engine(
            "firebird+firebird://",
            creator=self._creator(),
            poolclass=NullPool,
            hide_parameters=True,  # an exception's text must not carry a person's data
        )
        # The dialect's own test reads gds_codes[0] and raises IndexError when there are none.
        engine.dialect.is_disconnect = _is_disconnect  # type: ignore[method-assign, assignment]
        # It ends a lost connection by a method that firebird-driver does not have.
        engine.dialect.do_terminate = engine.dialect.do_close  # type: ignore[method-assign]
        engine.dialect.do_ping = _ping  # type: ignore[method-assign, assignment]
        return engine

    def rehearsal(self, sql: str) -> str:
        """Ask for no row."""
        return rehearsal(sql)

    def fault_of(self, error: BaseException) -> Fault:
        """Classify by gds codes."""
        return fault_of(error)

    def describe(self, error: BaseException) -> str:
        """Return the fault and its codes."""
        return describe(error)

    def _creator(self) -> Callable[[], Any]:
        # Imported here: only a worker process loads the driver.
        from firebird import driver  # noqa: PLC0415
        from firebird.driver import Isolation, TraAccessMode, tpb  # noqa: PLC0415

        name = _registered(self.address, self.connect_s, self.wire_crypt)
        access = TraAccessMode.WRITE if self.writes else TraAccessMode.READ

        def connect() -> Any:
            self.address.probe(self.connect_s)
            connection = driver.connect(name, user=self.user, password=self.password or None, charset=self.charset)
            # sqlalchemy-firebird 2.2 cannot set an isolation level; the transaction's parameters are set here.
            connection.main_transaction.default_tpb = tpb(Isolation.READ_COMMITTED_RECORD_VERSION, _NO_WAIT, access)
            # The driver decodes strictly and has no option for it; one bad byte would cost the whole result.
            connection._encoding = lenient(self.codec)  # noqa: SLF001
            return connection

        return connect


def _is_disconnect(error: Any, *_: Any) -> bool:
    return fault_of(error) is Fault.LOST


def _ping(connection: Any) -> bool:
    connection.ping()
    return True


def _registered(address: Address, connect_s: float, wire_crypt: WireCrypt) -> str:
    """Return the driver's name of this database; only a registered one can have options of its own."""
    from firebird.driver import driver_config  # noqa: PLC0415 - only a worker process loads the driver

    seconds = max(1, math.ceil(connect_s))
    name = f"{address.dsn} within {seconds} s, encryption {wire_crypt}"
    try:
        entry = driver_config.register_database(name)
    except ValueError:
        return name  # registered before, with the same values
    entry.dsn.value = address.dsn
    entry.timeout.value = seconds
    # The library's own default is "if the server can": a server that cannot would be talked to in plain, unnoticed.
    entry.config.value = f"WireCrypt = {wire_crypt.capitalize()}"
    return name
