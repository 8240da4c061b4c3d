"""What the benchmark of the practice desk measures: shims that differ in their connections, and the bare driver."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.firebird.address import Address
from adapters.firebird.native import NativeSource
from adapters.intramed.options import STATEMENTS
from adapters.intramed.patients import narrowing_digits
from adapters.odbc.source import OdbcSource
from adapters.sql.statements import load_statement
from benchmarks.load import Call, Caller
from contracts.telephone import normalise_telephone
from shim.demo import add_client, write_configuration
from shim.settings import load
from simulators.intramed.sandbox import CHARSET, OWNER, copy_sandbox, owner_connection
from simulators.intramed.server import READER, WRITER, FirebirdServer
from simulators.launch import address_of, start_shim

CLIENTS: Final = 8
_CONNECT_S: Final = 5.0
_NUMBERS: Final = "select trim(T.NUMMER) from TELEFOON T where T.NUMMER starting with '06' order by T.VOLGNR"


@dataclass(frozen=True, slots=True)
class Site:
    """A server and a copy of the practice on it."""

    server: FirebirdServer
    database: str

    @classmethod
    def beside(cls, folder: Path, server: FirebirdServer, restored: Path) -> "Site":
        """Make a copy in `folder`."""
        folder.mkdir(parents=True)
        return cls(server, server.database(copy_sandbox(restored, folder / "practice.fdb")))

    @property
    def options(self) -> dict[str, str]:
        """The adapter's options."""
        passwords = self.server.passwords
        return {
            "database": self.database,
            "read_password": passwords[READER],
            "write_password": passwords[WRITER],
        }


@dataclass(frozen=True, slots=True)
class Service:
    """A running shim: eight connections to it, its process, and a connection of the owner to its database.

    Attributes:
        telephones: numbers that are one patient's alone, as they are stored.
    """

    callers: list[Caller]
    pid: int
    owner: Any
    telephones: list[str]

    def ready(self) -> list[Call]:
        """Return the callers, connected for a round of less than 5 s."""
        for caller in self.callers:
            caller.reopen()
        return [*self.callers]


@contextmanager
def service(folder: Path, site: Site, program: tuple[str, ...], transport: Mapping[str, str]) -> Iterator[Service]:
    """Run a shim whose state is in `folder`, and make it answer for every patient once."""
    section = {"adapter": "intramed", **site.options, **transport}
    configuration = write_configuration(folder, {"intramed": section}, identity={"people_per_client": 1_000_000})
    key = add_client(load(configuration))
    with (
        owner_connection(site.database, site.server.passwords[OWNER]) as owner,
        start_shim(configuration, program=program) as shim,
    ):
        with closing(Caller(address_of(shim), key, iter(()))) as asking:
            certain = [number for number in _numbers(owner) if asking.match(number) == "certain"]
        asked = itertools.cycle(certain)
        with ExitStack() as stack:
            callers = [stack.enter_context(closing(Caller(address_of(shim), key, asked))) for _ in range(CLIENTS)]
            yield Service(callers, shim.pid, owner, certain)


def _numbers(owner: Any) -> list[str]:
    with owner.cursor() as cursor:
        cursor.execute(_NUMBERS)
        numbers = [str(number) for (number,) in cursor.fetchall()]
    owner.rollback()
    return numbers


@contextmanager
def bare_driver(site: Site, transport: Mapping[str, str], telephones: list[str]) -> Iterator[Call]:
    """Yield the query of `find_patient` on one connection that stays open: execute and fetch by the driver alone.

    No SQLAlchemy, no tidying, no commit; the driver prepares the statement anew each time, as it does for everybody.
    """
    password, driver = site.options["read_password"], transport.get("odbc_driver", "")
    account = (Address.parse(site.database), READER, password, CHARSET, False, _CONNECT_S)
    source = OdbcSource(*account, driver) if driver else NativeSource(*account)
    sql = load_statement(STATEMENTS / "find_patient.sql").sql.replace(":digits", "?")
    digits = itertools.cycle([narrowing_digits(normalise_telephone(number)) for number in telephones])
    connection = source.engine().raw_connection()
    try:
        yield _querying(connection.driver_connection, sql, digits)
    finally:
        connection.close()


def _querying(connection: Any, sql: str, digits: Iterator[str]) -> Callable[[], None]:
    def query() -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(sql, (next(digits),))
            cursor.fetchall()

    query()
    return query
