"""A PostgreSQL server: connecting with an account, refusals in one line, and sandboxes that are marked as ones."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from adapters.sql.snapshots.catalogue import SQL
from contracts.snapshots import Account, SnapshotRefused

_SCHEMES: Final = frozenset({"postgresql", "postgresql+psycopg"})
_CONNECT_S: Final = 15
_MAINTENANCE: Final = ("postgres", "template1")
_SAYINGS: Final = {
    "28P01": "the password is wrong",
    "28000": "the account may not log in",
    "3D000": "the database is not there",
    "42501": "the account has no right to do this",
    "53100": "the server's disk is full",
    "53300": "the server takes no more connections",
    "57P03": "the server is starting or stopping; try again",
    "55006": "somebody is attached to the database: end that first",
}
_TEXTS: Final = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "fe_sendauth": "28P01",
    "pg_hba.conf": "28000",
    "is not permitted to log in": "28000",
    "permission denied for database": "28000",
    "too many": "53300",
    "the database system is": "57P03",
}
"""libpq gives a refused connection no SQLSTATE; these are the server's words when it speaks English."""

_ANSWERED: Final = re.compile(r"failed: [^\W\d_]+:  ")
"""A severity, in whatever language: a server was there and said it."""


def is_url(place: str) -> bool:
    """Return whether a place is a URL of PostgreSQL for the driver that is used here."""
    return place.partition("://")[0] in _SCHEMES and "://" in place


def database_of(place: str) -> str:
    """Return the database of a URL.

    Raises:
        SnapshotRefused: it names none, or is none.
    """
    name = _url(place).database
    if not name:
        raise SnapshotRefused("this URL names no database; write postgresql://user@host:port/database")
    return name


@contextmanager
def connected(place: str, account: Account, database: str | None = None) -> Iterator[psycopg.Connection]:
    """Connect to the database of a URL, or to another one of the same server, in autocommit.

    Raises:
        SnapshotRefused: in one line, also for what goes wrong within the block.
    """
    url = _url(place).set(database=database or database_of(place))
    if account.user:
        url = url.set(username=account.user)
    if account.password:
        url = url.set(password=account.password)
    options = dict(url.get_dialect()().create_connect_args(url)[1])
    try:
        with _connect(options, url) as connection:
            connection.execute("set search_path = ''")
            for setting in ("statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "row_security = off"):
                connection.execute(f"set {setting}".encode())
            yield connection
    except psycopg.Error as error:
        raise SnapshotRefused(f"{_shown(url)}: {describe(error)}") from error
    except UnicodeError as error:
        raise SnapshotRefused(f"{_shown(url)}: it holds texts that are not in its own encoding") from error


def describe(error: psycopg.Error) -> str:
    """Return what went wrong, with the code and the names of table, column and constraint; never a value."""
    state = error.sqlstate or next((state for said, state in _TEXTS.items() if said in str(error)), "")
    if state in _SAYINGS:
        about = error.diag.message_primary if state == "42501" else None  # names what it may not do
        return f"{_SAYINGS[state]}{f' ({about})' if about else ''}"
    if not state:
        return "the connection was lost, or cannot be made" if "server" in str(error) else "it cannot be reached"
    names = [name for name in (error.diag.table_name, error.diag.column_name, error.diag.constraint_name) if name]
    return f"the server refuses ({state}{''.join(f', {name}' for name in names)})"


class Sandboxes:
    """The databases of a server that are marked as sandboxes of their own name and of this very server.

    Args:
        connection: to any database of the server but those that are dropped and renamed.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._system = self._system_identifier()

    def may_replace(self, database: str) -> bool:
        """Return whether a database is there that is to be replaced; False when there is none.

        Raises:
            SnapshotRefused: it is no sandbox of ours, or somebody is attached to it.
        """
        row = self._connection.execute(
            "select pg_catalog.shobj_description(oid, 'pg_database'), (select count(*) from pg_catalog.pg_stat_activity"
            " where datid = d.oid) from pg_catalog.pg_database d where datname = %s",
            (database,),
        ).fetchone()
        if row is None:
            return False
        if row[0] != self._mark(database):
            raise SnapshotRefused(
                f"the database {database} is there and is no sandbox that was made under this name on this server: "
                "it is left as it is; name another one"
            )
        if row[1]:
            raise SnapshotRefused(f"{row[1]} connections to the sandbox {database}: end them first")
        return True

    def mark(self, database: str, target: str) -> None:
        """Mark a database as the sandbox `target`, which it is to become."""
        self._do("comment on database {} is {}", sql.Identifier(database), sql.Literal(self._mark(target)))

    def create(self, database: str, locale: tuple[str, str, str]) -> None:
        """Create an empty database; with the server's own order of texts where it does not know the original's."""
        encoding, collate, ctype = locale
        create = "create database {} template template0 encoding {} lc_collate {} lc_ctype {}"
        words = (sql.Identifier(database), sql.Literal(encoding))
        try:
            self._do(create, *words, sql.Literal(collate), sql.Literal(ctype))
        except psycopg.errors.WrongObjectType:
            self._do(create, *words, sql.Literal("C"), sql.Literal("C"))

    def rename(self, database: str, to: str) -> None:
        """Rename a database; the server refuses while anybody is attached."""
        self._do("alter database {} rename to {}", sql.Identifier(database), sql.Identifier(to))

    def drop(self, database: str) -> None:
        """Drop a database that was made here."""
        self._do("drop database if exists {}", sql.Identifier(database))

    def _mark(self, database: str) -> str:
        return f"legacy-shim sandbox {database} {self._system}"

    def _do(self, statement: str, *words: sql.Composable) -> None:
        self._connection.execute(sql.SQL(statement).format(*words))

    def _system_identifier(self) -> str:
        with suppress(psycopg.errors.InsufficientPrivilege):
            row = self._connection.execute(SQL["system"].encode()).fetchone()
            return str(row[0]) if row else "-"
        return "-"


@contextmanager
def maintenance(place: str, account: Account) -> Iterator[psycopg.Connection]:
    """Connect to a database of the same server that is no sandbox: `postgres`, or `template1` where there is none."""
    target = database_of(place)
    if target in _MAINTENANCE:
        raise SnapshotRefused(f"{target} belongs to the server itself: name another database")
    with connected(place, account, _MAINTENANCE[0]) as connection:
        yield connection


def _url(place: str) -> URL:
    try:
        return make_url(place).set(drivername="postgresql+psycopg")
    except (SQLAlchemyError, ValueError) as error:
        raise SnapshotRefused("this is no URL of PostgreSQL; write postgresql://user@host:port/database") from error


def _connect(options: dict[str, Any], url: URL) -> psycopg.Connection:
    options = {"connect_timeout": _CONNECT_S, "application_name": "legacy-shim snapshots", **options}
    try:
        return psycopg.connect(**options, autocommit=True, client_encoding="UTF8")
    except psycopg.OperationalError as error:
        said = str(error)
        if "does not exist" in said and "database" in said:
            raise SnapshotRefused(f"{_shown(url)}: the database is not there") from error
        if any(text in said for text in _TEXTS):
            raise SnapshotRefused(f"{_shown(url)}: {describe(error)}") from error
        if _ANSWERED.search(said):
            raise SnapshotRefused(f"{_shown(url)}: the server refuses account, password or database") from error
        raise SnapshotRefused(f"{_shown(url)}: it cannot be reached; look at host, port and firewall") from error


def _shown(url: URL) -> str:
    user = f"{url.username}@" if url.username else ""
    return f"{user}{url.host or 'this machine'}:{url.port or 5432}/{url.database or ''}"
