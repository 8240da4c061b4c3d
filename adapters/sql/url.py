"""Any database that SQLAlchemy has a URL for, to be read only: the one place that knows what its dialects need."""

import importlib
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from adapters.sql.faults import Fault

_SQLITE: Final = "sqlite"
_POSTGRESQL: Final = "postgresql"
_PYODBC: Final = "pyodbc"
_STATE: Final = re.compile(r"[0-9A-Z]{5}")
_FAULTS: Final = {
    "08": Fault.LOST,
    "57": Fault.LOST,  # the server is shutting down, or starting
    "HY": Fault.LOST,  # ODBC: a time-out, or anything that has no better state
    "40": Fault.CONTENTION,
    "22": Fault.REFUSED,
    "23": Fault.REFUSED,
    "25": Fault.FORBIDDEN,  # a write in a read-only transaction
    "28": Fault.FORBIDDEN,
    "42": Fault.FORBIDDEN,
    "IM": Fault.FORBIDDEN,  # ODBC: no such driver
}
"""By the first two characters of the SQLSTATE."""


@dataclass(frozen=True, slots=True)
class UrlSource:
    """How one account reads a database; an `adapters.sql.source.Source`.

    SQLite is opened as it is on disk, for reading only; a transaction of PostgreSQL is read-only. Other databases get
    no such order: the account must be one that may only read.

    Raises:
        ValueError: at once, when the URL is malformed or its driver is missing; the text holds no part of the URL.
    """

    url: str = field(repr=False)

    def __post_init__(self) -> None:
        try:
            self._url().get_dialect().import_dbapi()
        except (SQLAlchemyError, NoSuchModuleError, ImportError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"cannot be used: {type(error).__name__}") from error

    @property
    def name(self) -> str:
        """Database, account and host; nothing of the query part, in which ODBC may have its password."""
        url = self._url()
        return f"{url.username or ''}@{url.host or ''} {url.get_backend_name()} {url.database or ''}"

    @property
    def technology(self) -> str:
        """What SQLAlchemy calls the kind of database; ODBC whatever is behind it."""
        return "odbc" if self.is_odbc else self._url().get_backend_name()

    @property
    def server(self) -> str:
        """Host and port, or the path of a file; nothing of the query part."""
        url = self._url()
        if url.host is None:
            return url.database or "" if self.is_file else ""
        return url.host if url.port is None else f"{url.host}:{url.port}"

    @property
    def codec(self) -> str:
        """Drivers of other databases decode by themselves; SQLite stores UTF-8."""
        return "utf-8"

    @property
    def is_file(self) -> bool:
        """Whether opening costs nothing, and what is open may be a file that was replaced since."""
        return self._url().get_backend_name() == _SQLITE

    @property
    def is_odbc(self) -> bool:
        """Whether a driver manager stands between, which may pool connections."""
        return self._url().get_driver_name() == _PYODBC

    def engine(self) -> Engine:
        """Return an engine without a pool."""
        url, prepare = self._url(), None
        if self.is_odbc:
            vars(importlib.import_module(_PYODBC))["pooling"] = False  # read once, at the first connect
        elif self.is_file and url.database:
            # Without mode=ro a missing file would be created, and a missing database would read as an empty one.
            url = url.set(database=f"file:{quote(url.database)}", query={**url.query, "mode": "ro", "uri": "true"})
            prepare = _decode_leniently
        if url.get_backend_name() == _POSTGRESQL:
            prepare = _read_only
        # The parameters are hidden because an exception's text must not carry a person's data.
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        if prepare is not None:
            event.listen(engine, "connect", prepare)
        return engine

    def rehearsal(self, sql: str) -> str:
        """Ask for no row."""
        return f"select * from ({sql}) rehearsed where 1 = 0"  # noqa: S608 - the site's own statement, no value in it

    def fault_of(self, error: BaseException) -> Fault:
        """Classify by SQLSTATE; a driver that has none proves nothing."""
        return _FAULTS.get((_state(error) or "")[:2], Fault.OTHER)

    def describe(self, error: BaseException) -> str:
        """Return the fault and its code; never the engine's text."""
        code = _state(error) or getattr(error, "sqlite_errorname", None) or type(error).__name__
        return f"{self.fault_of(error).value} ({code})"

    def _url(self) -> URL:
        return make_url(self.url)


def _state(error: BaseException) -> str | None:
    """Return the SQLSTATE under the names that drivers give it; pyodbc has it as its first argument."""
    found = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or (error.args or (None,))[0]
    return found if isinstance(found, str) and _STATE.fullmatch(found) else None


def _decode_leniently(connection: Any, _: object) -> None:
    connection.text_factory = _decoded


def _decoded(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _read_only(connection: Any, _: object) -> None:
    # In SQL, because not every dialect of PostgreSQL knows the option for it.
    cursor = connection.cursor()
    cursor.execute("set session characteristics as transaction read only")
    cursor.close()
    connection.commit()
