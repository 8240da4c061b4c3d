"""A Firebird database over ODBC, as `adapters.sql` opens it: for one account, in a worker process."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError

from adapters.firebird.address import Address
from adapters.firebird.charset import codec_of
from adapters.firebird.rehearsal import rehearsal
from adapters.odbc.dialect import FirebirdPyodbc
from adapters.odbc.faults import describe, fault_of
from adapters.sql.charset import lenient
from adapters.sql.faults import Fault


@dataclass(frozen=True, slots=True)
class OdbcSource:
    """How one account opens a Firebird database through an ODBC driver.

    Attributes:
        address: where the database is.
        user: account; the embedded engine asks for no password but honours the account's rights.
        password: empty for the embedded engine; at most 40 characters.
        charset: Firebird's name of the connection's character set; not UTF8.
        writes: whether transactions may write. None waits for a lock, because nothing could end that wait.
        connect_s: seconds that reaching the server may take.
        driver: path of the driver's library, or its name in odbcinst.ini.

    Raises:
        ValueError: at once, when the driver could not be told one of these; the text holds no password.
    """

    address: Address
    user: str
    password: str = field(repr=False)
    charset: str
    writes: bool
    connect_s: float
    driver: str

    def __post_init__(self) -> None:
        try:
            FirebirdPyodbc().create_connect_args(self._url())
        except ArgumentError as error:
            raise ValueError(str(error)) from error

    @property
    def name(self) -> str:
        """Account and database."""
        return f"{self.user} at {self.address.dsn} over ODBC"

    @property
    def technology(self) -> str:
        """ODBC, whatever is behind it."""
        return "odbc"

    @property
    def server(self) -> str:
        """Host and port, or the path of the file."""
        return self.address.server

    @property
    def codec(self) -> str:
        """Python codec of the connection's texts."""
        return codec_of(self.charset)

    def engine(self) -> Engine:
        """Return an engine without a pool; its connects fail with BackendUnavailable when nobody answers in time."""
        # Imported here: only a worker process loads the driver manager.
        import pyodbc  # noqa: PLC0415

        pyodbc.pooling = False  # read once, at the first connect
        # The parameters are hidden because an exception's text must not carry a person's data.
        engine = create_engine(self._url(), hide_parameters=True)
        event.listen(engine, "do_connect", self._probe)
        return engine

    def rehearsal(self, sql: str) -> str:
        """Ask for no row."""
        return rehearsal(sql)

    def fault_of(self, error: BaseException) -> Fault:
        """Classify by SQLSTATE and native code."""
        return fault_of(error)

    def describe(self, error: BaseException) -> str:
        """Return the fault and its codes."""
        return describe(error)

    def _probe(self, *_: Any) -> None:
        self.address.probe(self.connect_s)

    def _url(self) -> URL:
        return URL.create(
            "firebird+pyodbc",
            self.user,
            self.password or None,
            self.address.host,
            self.address.port if self.address.host else None,
            self.address.path,
            {
                "driver": self.driver,
                "charset": self.charset,
                "encoding": lenient(self.codec),
                "readonly": "no" if self.writes else "yes",
                "nowait": "yes",
            },
        )
