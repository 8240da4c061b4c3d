"""The database of the ODBC tests: one table of every kind of column, two procedures, behind a real server."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Self

from firebird import driver as native
from sqlalchemy import Connection, Engine

from adapters.firebird.address import Address
from adapters.odbc.source import OdbcSource
from simulators.intramed.sandbox import CHARSET, OWNER, owner_connection
from simulators.intramed.script import run_script
from simulators.intramed.server import READER, FirebirdServer

SCHEMA = Path(__file__).parent / "schema.sql"


@dataclass(frozen=True)
class People:
    """The database `schema.sql` on one server, through one ODBC driver."""

    server: FirebirdServer
    path: Path
    driver: str

    @classmethod
    def create(cls, server: FirebirdServer, path: Path, driver: str) -> Self:
        """Create it in a file on a server."""
        people = cls(server, path, driver)
        name = server.database(path)
        native.create_database(name, user=OWNER, password=server.passwords[OWNER], charset=CHARSET).close()
        with people.natively() as connection:
            run_script(connection, SCHEMA)
        return people

    def source(self, user: str = OWNER, writes: bool = True, **changes: Any) -> OdbcSource:
        """Return how this account opens it."""
        given: dict[str, Any] = {
            "address": Address(str(self.path), self.server.host, self.server.port),
            "user": user,
            "password": self.server.passwords[user],
            "charset": CHARSET,
            "writes": writes,
            "connect_s": 10.0,
            "driver": self.driver,
        }
        return OdbcSource(**given | changes)

    def engine(self, user: str = OWNER, writes: bool = True) -> Engine:
        """Return an engine of this account."""
        return self.source(user, writes).engine()

    def reader(self) -> Engine:
        """Return an engine that may only read."""
        return self.engine(READER, writes=False)

    def attachments(self) -> int:
        """Count the connections of clients, this one left out, by the native client."""
        query = "select count(*) from mon$attachments where mon$system_flag = 0 and mon$attachment_id <> ?"
        with self.natively() as connection:
            cursor = connection.cursor()
            count: int = cursor.execute(query, (connection.info.id,)).fetchone()[0]
            cursor.close()
            return count

    def natively(self) -> AbstractContextManager[Any]:
        """Open it by the native client, as its owner; what is executed is committed."""
        return owner_connection(self.server.database(self.path), self.server.passwords[OWNER])


@contextmanager
def released_at_last(holder: Connection) -> Iterator[None]:
    """Roll back who holds a lock after five seconds: a driver that waits for it would otherwise wait for ever."""
    release = Timer(5, holder.rollback)
    release.start()
    try:
        yield
    finally:
        release.cancel()
        release.join()
