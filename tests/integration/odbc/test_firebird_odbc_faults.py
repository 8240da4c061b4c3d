"""What the real driver says of each kind of failure, and what the shim makes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from adapters.odbc.faults import Diagnostic, disconnected, fault_of
from adapters.sql.faults import Fault
from simulators.intramed.server import READER, running_server
from tests.integration.odbc.people import People, released_at_last


def diagnostic(connection: Connection, sql: str) -> tuple[Diagnostic, Fault]:
    """Run a statement that fails and return what its error says and proves."""
    with pytest.raises(DBAPIError) as failed:
        connection.execute(text(sql)).fetchall()
    assert failed.value.orig
    return Diagnostic.of(failed.value.orig), fault_of(failed.value.orig)


@pytest.fixture
def connection(people: People) -> Iterator[Connection]:
    """A connection of the owner."""
    with people.engine().connect() as connection:
        yield connection


@pytest.mark.parametrize(
    ("sql", "state", "native", "fault"),
    [
        ("insert into PERSON (ID) values (1)", "23000", -803, Fault.CONTENTION),
        ("insert into PERSON (ID, CODE) values (2, 'A')", "23000", -803, Fault.CONTENTION),
        ("insert into PERSON (ID) values (null)", "23000", -625, Fault.REFUSED),
        ("update PERSON set PARENT = 99", "23000", -530, Fault.REFUSED),
        ("update PERSON set WEIGHT = 0", "23000", -297, Fault.REFUSED),
        ("select * from WEB_REFUSE", "HY000", -836, Fault.REFUSED),
        ("update PERSON set CODE = 'longer than eight'", "HY000", -802, Fault.REFUSED),
        ("update PERSON set NAME = _utf8 x'E697A5'", "HY000", -802, Fault.REFUSED),
        ("select 1 / 0 from RDB$DATABASE", "HY000", -802, Fault.REFUSED),
        ("select cast('x' as integer) from RDB$DATABASE", "HY000", -413, Fault.REFUSED),
        ("selekt 1", "HY000", -104, Fault.FORBIDDEN),
        ("select 1 from NOWHERE", "42S02", -204, Fault.FORBIDDEN),
        ("select 1 from NOTHING(1)", "42S02", -204, Fault.FORBIDDEN),
        ("select NOTHING from PERSON", "HY000", -206, Fault.FORBIDDEN),
    ],
)
def test_the_driver_says(connection: Connection, sql: str, state: str, native: int, fault: Fault) -> None:
    """State and native code as they were seen; the fault follows from them."""
    found, proven = diagnostic(connection, sql)
    assert (found.state, found.native, proven) == (state, native, fault)


def test_a_missing_privilege_is_forbidden(people: People) -> None:
    """The account may read and no more, and this is not its transaction's fault."""
    with people.engine(READER).connect() as reader:
        found, proven = diagnostic(reader, "update PERSON set REMARK = 'x'")
    assert (found.state, found.native, proven) == ("HY000", -551, Fault.FORBIDDEN)


def test_a_row_that_a_twin_is_inserting_is_contention(people: People) -> None:
    """Nobody has committed yet; with NOWAIT the second one is told at once."""
    engine = people.engine()
    with engine.connect() as first, engine.connect() as second:
        first.execute(text("insert into PERSON (ID) values (5)"))
        with released_at_last(first):
            _, proven = diagnostic(second, "insert into PERSON (ID) values (5)")
    assert proven is Fault.CONTENTION


def test_an_attachment_that_was_shut_down_is_lost(people: People, connection: Connection) -> None:
    """An administrator ended it: the driver says HY000 first, and the dialect drops the connection all the same."""
    number = connection.execute(text("select CURRENT_CONNECTION from RDB$DATABASE")).scalar_one()
    with people.natively() as owner:
        owner.execute_immediate(f"delete from MON$ATTACHMENTS where MON$ATTACHMENT_ID = {int(number)}")  # noqa: S608
    found, proven = diagnostic(connection, "select ID from PERSON")
    assert (found.native, proven) == (-902, Fault.LOST)
    assert connection.invalidated


def test_a_killed_server_is_lost_everywhere(odbc_driver: str, client: None, tmp_path: Path) -> None:
    """In a statement, in a commit and in a ping."""
    del client
    with running_server(tmp_path / "root") as server:
        people = People.create(server, tmp_path / "people.fdb", odbc_driver)
        engine = people.engine()
        with engine.connect() as reading, engine.connect() as writing, engine.connect() as idle:
            reading.execute(text("select ID from PERSON")).fetchall()
            writing.execute(text("update PERSON set REMARK = 'x'"))
            server.kill()
            found, proven = diagnostic(reading, "select ID from PERSON")
            assert (found.state, proven) == ("08S01", Fault.LOST)
            with pytest.raises(DBAPIError) as committed:
                writing.commit()
            assert committed.value.orig
            assert disconnected(committed.value.orig)
            raw = idle.connection.dbapi_connection
            assert raw is not None
            with pytest.raises(engine.dialect.loaded_dbapi.Error) as pinged:
                engine.dialect.do_ping(raw)
            assert disconnected(pinged.value)
