"""A SQLAlchemy dialect `firebird+pyodbc`: Firebird through its ODBC driver, for machines where only that is installed.

    create_engine("firebird+pyodbc://user:password@host:3050//srv/practice.fdb?driver=/opt/libOdbcFb.so&charset=WIN1252")

An alias stands for the path (`…@host/practice`); without a host the database is opened by the embedded engine. Instead
of host and path, `?dsn=name&charset=…` uses an entry of odbc.ini and `?odbc_connect=…` a whole connection string
(percent-encoded). Options, each once:

- `driver`: path of the driver's library, or its name in odbcinst.ini. The driver must be an ANSI build: the wide
  functions of the stock build cannot connect through pyodbc (at commit 35fae3e).
- `charset`: Firebird's name of the connection's character set, such as WIN1252. UTF8 is refused, because the driver
  then cuts CHAR(n) columns to n bytes; `utf8_char_columns=no` says that there are none, and permits it.
- `encoding`: Python codec of all text; default: that of `charset`.
- `readonly=yes`: transactions may not write.
- `nowait=yes`: who meets a lock gets SQLSTATE 40001 at once. Without it a blocked call ends only with the process: the
  driver heeds no time-out on Firebird 3.
- `role`, `client` (the client library, default libfbclient.so.2), and any other keyword of the driver.

Passwords of more than 40 characters, values of more than 255 bytes and `}` in a value that needs braces are refused:
the driver would take them for something else. A text parameter that is longer than its place in the statement is cut
off by the driver without a word, in a comparison too: write `cast(? as varchar(n))`. Microseconds end at four digits.
`execute procedure` gives no rows; write `select … from p(?)`. RETURNING fails, because the driver counts its columns as
parameters; SQLAlchemy does not use it by itself, so the key of an identity column is not known after an insert.
"""

import ctypes
import sys
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import URL, Connection
from sqlalchemy.engine.interfaces import ConnectArgsType, DBAPIConnection, IsolationLevel
from sqlalchemy.exc import ArgumentError
from sqlalchemy_firebird.base import FBDialect

from adapters.firebird.address import DEFAULT_PORT
from adapters.firebird.charset import codec_of
from adapters.odbc.connect_string import Quote, keyword_of, needs_braces, options_of, yes
from adapters.odbc.connector import OdbcConnector

CLIENT: Final = "fbclient.dll" if sys.platform == "win32" else "libfbclient.so.2"
"""The client library under the name that its run-time package gives it; the driver looks for the developers' name."""

_UTF8: Final = frozenset({"UTF8", "UNICODE_FSS"})
_VALUE_BYTES: Final = 255  # the driver copies each value into a buffer of 256 bytes, unchecked
_PASSWORD_CHARACTERS: Final = 40  # the driver takes a longer one for an encrypted one
_LEVELS: Final = MappingProxyType(
    {
        "READ COMMITTED": "SQL_TXN_READ_COMMITTED",
        "REPEATABLE READ": "SQL_TXN_REPEATABLE_READ",
        "SERIALIZABLE": "SQL_TXN_SERIALIZABLE",
    }
)
_ENGINE_LEVELS: Final = MappingProxyType({"SNAPSHOT": "REPEATABLE READ", "CONSISTENCY": "SERIALIZABLE"})


class FirebirdPyodbc(OdbcConnector, FBDialect):  # type: ignore[misc] # sqlalchemy-firebird has no types
    """Firebird 3 and later over ODBC."""

    name = "firebird"
    driver = "pyodbc"
    supports_statement_cache = True
    insert_returning = update_returning = delete_returning = False
    own_options = OdbcConnector.own_options | {"charset", "readonly", "nowait", "role", "client", "utf8_char_columns"}

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        """Return the connection string of a URL; refuse what the driver would misread.

        Raises:
            ArgumentError: naming the option.
        """
        options = options_of(url)
        refuse_utf8(_charset(options), char_columns=yes("utf8_char_columns", options.get("utf8_char_columns", "yes")))
        self.encoding_of(url)
        return super().create_connect_args(url)

    def keywords(self, url: URL, options: dict[str, str]) -> dict[str, str]:
        """Return the driver's keywords; it reads `Y` and no other word as yes."""
        place = f"{url.host}/{url.port or DEFAULT_PORT}:{url.database}" if url.host else url.database
        if not url.database and "dsn" not in options:
            raise ArgumentError("firebird+pyodbc:// needs a database, a dsn= or an odbc_connect=")
        return {
            "DBNAME": place if url.database and place else "",
            "UID": url.username or "",
            "PWD": str(url.password or ""),
            "CHARSET": options.get("charset", ""),
            "ROLE": options.get("role", ""),
            "CLIENT": options.get("client", CLIENT),
            **{key: "Y" if yes(key, options[key]) else "N" for key in ("readonly", "nowait") if key in options},
        }

    @property
    def quote(self) -> Quote:
        """How the Firebird driver reads values."""
        return _quoted

    def encoding_of(self, url: URL) -> str:
        """Return the codec of all text: the option, else that of the character set.

        Raises:
            ArgumentError: neither is given, or there is no such codec.
        """
        options = options_of(url)
        if "encoding" in options:
            return super().encoding_of(url)
        charset = _charset(options)
        if charset is None:
            raise ArgumentError(
                "firebird+pyodbc:// needs charset= or encoding=: without it nobody knows what bytes mean"
            )
        try:
            return codec_of(charset)
        except ValueError as error:
            raise ArgumentError(str(error)) from error

    def connect(self, *cargs: Any, **cparams: Any) -> DBAPIConnection:
        """Connect, with the client library pinned."""
        _pin(keyword_of(cargs[0], "CLIENT") if cargs else None)
        connection: DBAPIConnection = super().connect(*cargs, **cparams)
        return connection

    def get_default_isolation_level(self, dbapi_conn: DBAPIConnection) -> IsolationLevel:
        """Return what the driver asks for unless told otherwise: each statement sees the latest committed rows."""
        del dbapi_conn
        return "READ COMMITTED"

    def get_isolation_level_values(self, dbapi_conn: DBAPIConnection) -> list[IsolationLevel]:
        """Return the levels that the driver knows."""
        del dbapi_conn
        return [*_LEVELS, "AUTOCOMMIT"]  # type: ignore[list-item]

    def get_isolation_level(self, dbapi_connection: DBAPIConnection) -> IsolationLevel:
        """Ask the engine for the level of this transaction."""
        found = _one(dbapi_connection, "select rdb$get_context('SYSTEM', 'ISOLATION_LEVEL') from rdb$database")
        return "AUTOCOMMIT" if dbapi_connection.autocommit else _ENGINE_LEVELS.get(found, found)  # type: ignore[return-value]

    def set_isolation_level(self, dbapi_connection: DBAPIConnection, level: IsolationLevel) -> None:
        """Set the level of the transactions to come."""
        connection, dbapi = dbapi_connection, self.loaded_dbapi
        connection.autocommit = level == "AUTOCOMMIT"
        if level != "AUTOCOMMIT":
            connection.set_attr(dbapi.SQL_ATTR_TXN_ISOLATION, getattr(dbapi, _LEVELS[level]))

    def _get_server_version_info(self, connection: Connection) -> tuple[int, ...]:
        version = connection.exec_driver_sql("select rdb$get_context('SYSTEM', 'ENGINE_VERSION') from rdb$database")
        return tuple(int(part) for part in str(version.scalar_one()).split("."))


def refuse_utf8(charset: str | None, *, char_columns: bool) -> None:
    """Refuse a connection that would cut names in half.

    Raises:
        ArgumentError: CHAR columns over a connection in UTF8.
    """
    if char_columns and (charset or "").strip().upper() in _UTF8:
        raise ArgumentError(
            f"charset {charset} cuts CHAR(n) columns to n bytes over ODBC: connect in the columns' own charset, "
            "such as WIN1252, or say utf8_char_columns=no when no CHAR column is read"
        )


def _charset(options: dict[str, str]) -> str | None:
    return options.get("charset") or keyword_of(options.get("odbc_connect", ""), "CHARSET", "CharacterSet")


def _quoted(keyword: str, value: str) -> str:
    if keyword == "PWD" and len(value) > _PASSWORD_CHARACTERS:
        raise ArgumentError(f"the password is longer than {_PASSWORD_CHARACTERS} characters")
    if len(value.encode()) > _VALUE_BYTES or len(keyword) > _VALUE_BYTES:
        raise ArgumentError(f"{keyword[:20]} is longer than {_VALUE_BYTES} bytes")
    if not needs_braces(value):
        return value
    if "}" in value:
        raise ArgumentError(f"{keyword} holds a closing brace beside ';', a leading '{{' or outer blanks")
    return "{" + value + "}"


def _pin(library: str | None) -> None:
    """Keep the client library loaded: the driver else unloads it at its last close, in 51 ms or a crash."""
    with suppress(OSError):  # the driver looks elsewhere too, and tells if it finds nothing
        ctypes.CDLL(library or CLIENT)


def _one(connection: DBAPIConnection, query: str) -> str:
    cursor = connection.cursor()
    try:
        cursor.execute(query)
        found = cursor.fetchone()
        return str(found[0]) if found else ""
    finally:
        cursor.close()
