"""What a SQLAlchemy dialect over ODBC needs whatever the database: encodings, connection string, lost connections.

A dialect for another database has this before its own class:

    class PostgresOdbc(OdbcConnector, PGDialect):
        driver = "pyodbc"
        supports_statement_cache = True

and takes URLs such as `name+pyodbc://user:password@host:port/database?driver=PostgreSQL+ANSI&encoding=utf-8`. Options:

- `driver`: the driver's name in odbcinst.ini, or the path of its library; or `dsn`, a name in odbc.ini; or
  `odbc_connect`, a whole connection string (percent-encoded), which is passed on as it is;
- `encoding`: Python codec of all text, both ways; default `utf-8`;
- any other option becomes a keyword of the connection string. A value that holds `;` or `}`, begins with a brace or
  has blanks around it is put in braces.
"""

import codecs
from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, NullPool
from sqlalchemy.connectors.pyodbc import PyODBCConnector
from sqlalchemy.engine.interfaces import ConnectArgsType, DBAPIConnection
from sqlalchemy.exc import ArgumentError

from adapters.odbc.connect_string import Quote, braced, connect_string, options_of
from adapters.odbc.faults import disconnected


class OdbcConnector(PyODBCConnector):
    """Mixin for dialects; no connection is pooled unless the caller asks for a pool."""

    poolclass = NullPool
    own_options: frozenset[str] = frozenset({"driver", "dsn", "odbc_connect", "encoding"})
    """Options that are not passed on as keywords."""

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        """Return the connection string of a URL.

        Raises:
            ArgumentError: the URL is incomplete, or a value cannot be written.
        """
        options = options_of(url)
        if "odbc_connect" in options:
            return (options["odbc_connect"],), {}
        rest = {key: value for key, value in options.items() if key not in self.own_options}
        attributes = {**self._target(url, options), **self.keywords(url, options), **rest}
        return (connect_string(attributes, self.quote),), {}

    def keywords(self, url: URL, options: dict[str, str]) -> dict[str, str]:
        """Return the keywords that say which database, as whom and how; most drivers know these names."""
        del options
        parts = {"Server": url.host, "Port": url.port, "Database": url.database, "UID": url.username}
        return {key: str(part) for key, part in (parts | {"PWD": url.password}).items() if part}

    @property
    def quote(self) -> Quote:
        """How this driver reads values."""
        return braced

    def encoding_of(self, url: URL) -> str:
        """Return the codec of all text.

        Raises:
            ArgumentError: there is no such codec.
        """
        return known_codec(options_of(url).get("encoding", "utf-8"))

    def on_connect_url(self, url: URL) -> Callable[[Any], Any] | None:
        """Set the encodings of every connection before anything is fetched: the Firebird driver may crash after.

        Texts travel as narrow characters, because the wide functions of ANSI drivers are the driver manager's guess.
        """
        encoding, narrow, following = self.encoding_of(url), self._narrow(), super().on_connect_url(url)

        def set_encodings(connection: Any) -> None:
            char, wide = narrow
            connection.setdecoding(char, encoding=encoding, ctype=char)
            connection.setdecoding(wide, encoding=encoding, ctype=char)
            connection.setencoding(encoding=encoding, ctype=char)
            if following is not None:
                following(connection)

        return set_encodings

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        """Whether this error means that the connection is gone."""
        del connection, cursor
        return disconnected(e)

    def do_ping(self, dbapi_connection: DBAPIConnection) -> bool:
        """Ask the server, and end the transaction that the question began."""
        alive: bool = super().do_ping(dbapi_connection)
        dbapi_connection.rollback()
        return alive

    def _narrow(self) -> tuple[int, int]:
        dbapi: Any = self.loaded_dbapi
        return dbapi.SQL_CHAR, dbapi.SQL_WCHAR

    @staticmethod
    def _target(url: URL, options: dict[str, str]) -> dict[str, str]:
        if options.get("dsn"):
            return {"DSN": options["dsn"]}
        if options.get("driver"):
            return {"DRIVER": options["driver"]}
        raise ArgumentError(f"{url.drivername}:// needs one of driver=, dsn= and odbc_connect=")


def known_codec(name: str) -> str:
    """Return `name` if Python has such a codec.

    Raises:
        ArgumentError: it has not.
    """
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise ArgumentError("option encoding names no codec of Python") from error
    return name
