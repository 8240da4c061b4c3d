"""Two databases per test, on real servers, and the table of how long each kind of hang lasted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.firebird.native import NativeSource
from simulators.intramed.server import WRITER, FirebirdServer
from simulators.postgresql.server import PostgresServer
from simulators.process import children_of
from tests.integration.sql.places import FIREBIRD, FIREBIRD_SCHEMA, POSTGRES, POSTGRES_SCHEMA, Place, native
from tests.integration.sql.sources import postgresql

_ACCOUNT = "shim_test"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how long each kind of hang lasted."""
    lines = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == "hang"
    ]
    if lines:
        terminalreporter.section("hangs")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def firebird(firebird_server: FirebirdServer, restored: Path, tmp_path: Path) -> Iterator[Place]:
    """A database on the private Firebird server, for the account SHIM_WRITE."""
    del restored  # it sets the engine up
    from firebird.driver import connect, create_database  # noqa: PLC0415 - after the engine was set up

    dsn = firebird_server.database(tmp_path / "sql.fdb")
    secrets = firebird_server.passwords
    with create_database(dsn, user="SYSDBA", password=secrets["SYSDBA"], charset="WIN1252") as connection:
        for change in FIREBIRD_SCHEMA:
            connection.execute_immediate(change)
        connection.commit()
        connection.execute_immediate(f"grant all on SLOT to {WRITER}")
        connection.execute_immediate(f"grant execute on procedure HOLD to {WRITER}")
        connection.execute_immediate(f"grant execute on procedure VISIT to {WRITER}")
        connection.execute_immediate("grant all on SLOT to procedure HOLD")
        connection.execute_immediate("grant usage on sequence VISITS to procedure VISIT")
        for number in range(1, 9):
            connection.execute_immediate(f"insert into SLOT (ID, HOLDER) values ({number}, null)")  # noqa: S608 - the test's own names
        connection.commit()

    def through(port: int) -> NativeSource:
        return native(NativeSource, f"127.0.0.1/{port}:{tmp_path / 'sql.fdb'}", WRITER, secrets[WRITER])

    place = Place(
        native(NativeSource, dsn, WRITER, secrets[WRITER]),
        FIREBIRD,
        lambda: connect(dsn, user="SYSDBA", password=secrets["SYSDBA"], charset="WIN1252"),
        f"select count(*) from MON$ATTACHMENTS where MON$USER = '{WRITER}'",  # noqa: S608 - the test's own names
        "select count(*) from MON$STATEMENTS S join MON$ATTACHMENTS A on A.MON$ATTACHMENT_ID = S.MON$ATTACHMENT_ID"  # noqa: S608 - the test's own names
        f" where S.MON$STATE > 0 and A.MON$USER = '{WRITER}'",
        lambda: [firebird_server.process.pid],
        through,
        firebird_server.port,
    )
    yield place
    for connections in place.used:
        connections.close()


@pytest.fixture
def postgres(postgresql_server: PostgresServer) -> Iterator[Place]:
    """A database on the private PostgreSQL, through Debian's ODBC driver, for an account of its own."""
    import pyodbc  # noqa: PLC0415 - where it is missing, other tests run

    server = postgresql_server
    owner = (
        f"DRIVER=PostgreSQL ANSI;SERVER={server.host};PORT={server.port};"
        f"DATABASE={server.database};UID={server.user};PWD={server.password}"
    )
    connection = pyodbc.connect(owner, autocommit=True)
    account = f"create role {_ACCOUNT} login password 'secret'"
    grants = (f"grant select, update on slot to {_ACCOUNT}", "insert into slot select generate_series(1, 8), null")
    for change in ("drop schema public cascade", "create schema public", f"drop role if exists {_ACCOUNT}", account):
        connection.execute(change)
    for change in (f"grant usage on schema public to {_ACCOUNT}", *POSTGRES_SCHEMA, *grants):
        connection.execute(change)
    connection.close()

    def through(port: int) -> Any:
        return postgresql(server.host, port, _ACCOUNT, "secret", server.database)

    place = Place(
        through(server.port),
        POSTGRES,
        lambda: pyodbc.connect(owner),
        f"select count(*) from pg_stat_activity where usename = '{_ACCOUNT}'",  # noqa: S608 - the test's own names
        f"select count(*) from pg_stat_activity where usename = '{_ACCOUNT}' and state = 'active'",  # noqa: S608 - the test's own names
        lambda: [server.process.pid, *children_of(server.process.pid)],
        through,
        server.port,
    )
    yield place
    for connections in place.used:
        connections.close()


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    """The database that the test's parameter names."""
    found: Place = request.getfixturevalue(request.param)
    return found
