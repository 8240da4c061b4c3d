"""The dialect `firebird+pyodbc` on a real driver and a real server."""

import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from firebird import driver as native
from sqlalchemy import Connection, NullPool, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from adapters.odbc.dialect import CLIENT
from adapters.odbc.faults import fault_of
from adapters.sql.faults import Fault
from adapters.sql.text import TidyText
from contracts.errors import BackendUnavailable
from simulators.intramed.engine import REPOSITORY
from simulators.intramed.sandbox import OWNER
from tests.integration.odbc.people import People, released_at_last


def one(connection: Connection, sql: str, **parameters: Any) -> Any:
    """Return the only row of a query."""
    return connection.execute(text(sql), parameters).one()


def fault(connection: Connection, sql: str, **parameters: Any) -> Fault:
    """Return what the error of a statement proves."""
    with pytest.raises(DBAPIError) as failed:
        connection.execute(text(sql), parameters).fetchall()
    assert failed.value.orig
    return fault_of(failed.value.orig)


def test_sqlalchemy_finds_the_dialect_by_its_url(people: People) -> None:
    """The documented connection string works without any of the shim's code around it, and is not pooled."""
    source = people.source()
    engine = create_engine(
        f"firebird+pyodbc://{source.user}:{source.password}@127.0.0.1:{source.address.port}/{people.path}"
        f"?driver={people.driver}&charset=WIN1252&readonly=yes"
    )
    assert isinstance(engine.pool, NullPool)
    with engine.connect() as connection:
        assert tuple(one(connection, "select NAME from PERSON where ID = :id", id=1)) == ("Aartje      ",)
        assert engine.dialect.server_version_info
        assert engine.dialect.server_version_info >= (3, 0)


def test_a_data_source_of_odbc_ini_is_enough(people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dsn=` and a whole connection string, both with the account from where it is written."""
    source = people.source()
    place = f"{source.address.host}/{source.address.port}:{people.path}"
    entry = {"Driver": people.driver, "Dbname": place, "Client": CLIENT, "CharacterSet": "WIN1252"}
    lines = ["[people]", *(f"{key}={value}" for key, value in entry.items())]
    (tmp_path / "odbc.ini").write_text("\n".join([*lines, ""]))
    monkeypatch.setenv("ODBCINI", str(tmp_path / "odbc.ini"))
    whole = quote(f"DSN=people;UID={source.user};PWD={source.password};NOWAIT=Y")
    for url in (
        f"firebird+pyodbc://{source.user}:{source.password}@?dsn=people&charset=WIN1252&readonly=yes",
        f"firebird+pyodbc://?odbc_connect={whole}&encoding=cp1252",
    ):
        with create_engine(url).connect() as connection:
            assert one(connection, "select NAME from PERSON where ID = 1")[0] == "Aartje      "


def test_without_a_host_the_engine_is_embedded(odbc_driver: str, engine: None, tmp_path: Path) -> None:
    """The same library serves a file, with no server and no password."""
    del engine
    path = tmp_path / "alone.fdb"
    native.create_database(str(path), user=OWNER).close()
    url = f"firebird+pyodbc://{OWNER}@/{path}?driver={odbc_driver}&charset=WIN1252"
    with create_engine(url).connect() as connection:
        assert one(connection, "select CURRENT_USER from RDB$DATABASE")[0].strip() == OWNER


def test_every_kind_of_column_comes_back(people: People) -> None:
    """CHAR in WIN1252 with é and €, a long BLOB, NUMERIC, DATE, TIMESTAMP and NULL."""
    row = {
        "id": 2,
        "name": "Zoë €",
        "remark": "crème brûlée à €5",
        "note": "één regel\n" * 5000,
        "amount": Decimal("12.34"),
        "born": date(1961, 2, 28),
        "seen": datetime(2031, 3, 3, 9, 30, 0, 123400),  # noqa: DTZ001 - Firebird 3 has no zones
        "code": None,
    }
    columns = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    with people.engine().begin() as connection:
        connection.execute(text(f"insert into PERSON ({columns}) values ({marks})"), row)  # noqa: S608 - our own names
    with people.reader().connect() as connection:
        found = one(connection, f"select {columns} from PERSON where ID = 2")  # noqa: S608 - likewise
        assert found._asdict() == row | {"name": "Zoë €       "}
        assert one(connection, "select ID from PERSON where NAME = :name", name="Zoë €")[0] == 2
        assert one(connection, "select 'é€' from RDB$DATABASE")[0] == "é€"


def test_one_undecodable_byte_does_not_cost_the_row(people: People) -> None:
    """0x81 is no character of WIN1252; it arrives as U+FFFD through the type that tidies text."""
    with people.engine().begin() as connection:
        connection.execute(text("update PERSON set PASTED = x'4A816E' where ID = 1"))
    with people.reader().connect() as connection:
        query = text("select PASTED from PERSON where ID = 1")
        assert connection.execute(query).scalar_one() == "J\udc81n   "
        assert connection.execute(query.columns(pasted=TidyText("cp1252"))).scalar_one() == "J\ufffdn"


def test_a_procedure_is_selected_from(people: People) -> None:
    """The form that works through every driver, and what it wrote is committed."""
    with people.engine().begin() as connection:
        found = one(connection, "select OUTCOME, SEEN from WEB_ADD(:id, :code)", id=7, code="G")
    assert tuple(found) == ("ADDED", datetime(2031, 3, 3, 10, 0))  # noqa: DTZ001 - Firebird 3 has no zones
    with people.reader().connect() as connection:
        assert one(connection, "select CODE from PERSON where ID = 7")[0] == "G"


def test_a_rehearsal_describes_and_executes_nothing(people: People) -> None:
    """`select first 0` with NULL parameters gives the columns; the procedure is not opened."""
    rehearsal = text("select first 0 * from (select OUTCOME as RESULT, SEEN from WEB_ADD(:id, :code)) REHEARSED")
    with people.engine().begin() as connection:
        result = connection.execute(rehearsal, {"id": None, "code": None})
        described = [(column[0], column[1]) for column in result.cursor.description]
        assert described == [("RESULT", str), ("SEEN", datetime)]
        assert result.fetchall() == []
    with people.reader().connect() as connection:
        assert one(connection, "select count(*) from PERSON")[0] == 1


def test_the_schema_can_be_inspected(people: People) -> None:
    """Reflection works over ODBC too."""
    inspector = inspect(people.engine())
    assert inspector.get_table_names() == ["person"]
    assert inspector.get_pk_constraint("person")["constrained_columns"] == ["id"]
    assert [column["name"] for column in inspector.get_columns("person")][:3] == ["id", "code", "name"]


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"])
def test_an_isolation_level_can_be_set_and_need_not_be(people: People, level: Any) -> None:
    """The level that is asked for is the one that the engine reports; the default is read committed."""
    engine = people.engine()
    with engine.connect().execution_options(isolation_level=level) as connection:
        assert connection.get_isolation_level() == level
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "READ COMMITTED"


def test_a_lock_is_not_waited_for(people: People) -> None:
    """NOWAIT: the second writer is told at once, and the reader sees the committed row."""
    engine = people.engine()
    with engine.connect() as first, engine.connect() as second, people.reader().connect() as reader:
        first.execute(text("update PERSON set REMARK = 'first' where ID = 1"))
        with released_at_last(first):
            assert fault(second, "update PERSON set REMARK = 'second' where ID = 1") is Fault.CONTENTION
        assert one(reader, "select REMARK from PERSON where ID = 1")[0] is None


def test_a_reader_cannot_write(people: People) -> None:
    """The transaction itself is read-only, whatever the account may do."""
    with people.engine(writes=False).connect() as connection:
        assert fault(connection, "update PERSON set REMARK = 'x'") is Fault.FORBIDDEN


def test_connections_are_gone_when_they_are_closed(people: People) -> None:
    """One attachment while open, none after, and closing is quick because the client library stays loaded."""
    engine = people.engine()
    before = people.attachments()
    for _ in range(20):
        with engine.connect() as connection:
            connection.execute(text("select NAME from PERSON")).fetchall()
    with engine.connect():
        assert people.attachments() == before + 1
    assert people.attachments() == before


ALIVE = """
import pathlib, pickle, sys
from sqlalchemy import text
source = pickle.load(sys.stdin.buffer)
with source.engine().connect() as connection:
    connection.execute(text("select NAME from PERSON")).fetchall()
print("libfbclient" in pathlib.Path("/proc/self/maps").read_text())
"""


def test_the_client_library_stays_loaded(people: People) -> None:
    """In a process that has nothing but ODBC: unloading it takes 51 ms a close, and crashes when threads do it."""
    command = [sys.executable, "-c", ALIVE]
    answer = subprocess.run(
        command, input=pickle.dumps(people.source()), check=True, capture_output=True, cwd=REPOSITORY
    )
    assert answer.stdout.strip() == b"True"


def test_a_ping_leaves_no_transaction_behind(people: People) -> None:
    """A snapshot must begin with the request and not with the check that came before it."""
    engine = people.engine()
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        assert engine.dialect.do_ping(raw)
        with people.natively() as owner:
            owner.execute_immediate("update PERSON set REMARK = 'since'")
        assert one(connection, "select REMARK from PERSON where ID = 1")[0] == "since"


def test_text_that_is_too_long_is_cut_by_the_driver(people: People) -> None:
    """Why statements say `cast(:x as varchar(n))`: without it a comparison matches what it must not."""
    with people.engine().begin() as connection:
        connection.execute(text("update PERSON set CODE = '12345678'"))
        matches = "select count(*) from PERSON where CODE = {}"
        assert one(connection, matches.format(":code"), code="12345678-other")[0] == 1
        assert one(connection, matches.format("cast(:code as varchar(60))"), code="12345678-other")[0] == 0


def test_a_silent_port_is_refused_before_the_driver_is_asked(people: People) -> None:
    """The client library would wait without end; the probe has a time-out."""
    address = people.source().address
    closed = people.source(address=type(address)(address.path, address.host, 1))
    with pytest.raises(BackendUnavailable, match="does not accept"):
        closed.engine().connect()


def test_a_wrong_password_is_forbidden(people: People) -> None:
    """Somebody must act; trying again does not help."""
    with pytest.raises(OperationalError) as refused:
        people.source(password="wrong").engine().connect()
    assert refused.value.orig
    assert fault_of(refused.value.orig) is Fault.FORBIDDEN


@pytest.mark.parametrize("password", ["a;b", "{ab", "a}b", " a", "a ", "a=b", "x" * 40])
def test_a_password_may_hold_what_it_likes(people: People, password: str) -> None:
    """Quoted as this driver reads it, and not only as the specification says."""
    quoted = password.replace("'", "''")
    with people.natively() as owner:
        owner.execute_immediate(f"create or alter user ODBC_GUEST password '{quoted}'")
    guest = replace(people.source(), user="ODBC_GUEST", password=password)
    with guest.engine().connect() as connection:
        assert one(connection, "select CURRENT_USER from RDB$DATABASE")[0].strip() == "ODBC_GUEST"


def test_the_utf8_trap_is_real(people: People) -> None:
    """CHAR(12) arrives as 12 bytes over a UTF8 connection: the reason why the dialect refuses it."""
    with people.engine().begin() as connection:
        connection.execute(text("update PERSON set NAME = 'éééééééééééé'"))
    source = people.source()
    engine = create_engine(
        f"firebird+pyodbc://{source.user}:{source.password}@127.0.0.1:{source.address.port}/{people.path}"
        f"?driver={people.driver}&charset=UTF8&utf8_char_columns=no"
    )
    with engine.connect() as connection:
        assert connection.execute(text("select NAME from PERSON")).scalar_one() == "éééééé"
