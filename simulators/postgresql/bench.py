"""A running PostgreSQL that tests ask for fresh databases, wherever it runs; a private one can also be killed."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote, unquote, urlsplit

import psycopg
from psycopg import sql

from simulators.postgresql.server import DATABASE, PostgresServer

Kind = Literal["url", "container", "server"]
_CONNECT_S: Final = 30


class NotOurs(Exception):
    """Raised when a test would stop or kill a server that this session did not start as a process of its own."""


@dataclass(frozen=True, slots=True)
class PostgresBench:
    """A PostgreSQL, for one session; any thread may ask it for databases.

    Attributes:
        kind: where it runs.
        address: URL of its superuser, with the password.
        server: the process, where it is ours to kill and to start again.
    """

    kind: Kind
    address: str = field(repr=False)
    server: PostgresServer | None = None

    def url(self, database: str = DATABASE) -> str:
        """Return `postgresql://superuser:password@host:port/database`, with what else the given URL says."""
        return urlsplit(self.address)._replace(path=f"/{quote(database, safe='')}").geturl()

    def create_database(self, name: str = "shim") -> str:
        """Create an empty database and return its URL; no two share a name, which begins with `name`."""
        database = f"{name}_{secrets.token_hex(6)}"
        with self._superuser() as connection:
            connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(database)))
        return self.url(database)

    def drop_database(self, url: str) -> None:
        """Drop a database that `create_database` made, also when somebody is connected to it; harmless when gone.

        A private server that is stopped is started for it.
        """
        if self.server:
            self.server.start()
        database = sql.Identifier(unquote(urlsplit(url).path.removeprefix("/")))
        with self._superuser() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(database))

    @contextmanager
    def database(self, name: str = "shim") -> Iterator[str]:
        """Yield the URL of an empty database, dropped at the end."""
        url = self.create_database(name)
        try:
            yield url
        finally:
            self.drop_database(url)

    def stop_immediate(self) -> None:
        """End it as `pg_ctl -m immediate` does.

        Raises:
            NotOurs: its process is not ours.
        """
        self._ours().stop_immediate()

    def kill(self) -> None:
        """End it and all its children with signal 9.

        Raises:
            NotOurs: its process is not ours.
        """
        self._ours().kill()

    def start(self, *, wait: bool = True) -> None:
        """Start it again on its data and its port; without `wait`, return while it recovers.

        Raises:
            NotOurs: its process is not ours.
        """
        self._ours().start(wait=wait)

    def _ours(self) -> PostgresServer:
        if self.server is None:
            raise NotOurs(f"this PostgreSQL is a {self.kind}: only a private server is stopped, killed and started")
        return self.server

    @contextmanager
    def _superuser(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=_CONNECT_S) as connection:
            yield connection


def private_bench(server: PostgresServer) -> PostgresBench:
    """Return the bench of a private server."""
    return PostgresBench("server", f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}", server)
