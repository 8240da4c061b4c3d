"""The mechanics of ODBC that need no Firebird, on Debian's drivers for SQLite and PostgreSQL."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError

from adapters.odbc.faults import fault_of
from adapters.odbc.pooling import pooling_enabled
from adapters.sql.faults import Fault
from simulators.postgresql.server import PostgresServer
from tests.integration.odbc.debian import (
    POSTGRESQL,
    SQLITE,
    DebianSource,
    need_driver,
    postgresql_source,
    sqlite_source,
)


@pytest.fixture
def sqlite(tmp_path: Path) -> DebianSource:
    """A SQLite file with one table."""
    need_driver(SQLITE)
    source = sqlite_source(str(tmp_path / "people.db"))
    with source.engine().begin() as connection:
        connection.execute(text("create table person (name text)"))
    return source


@pytest.fixture
def postgresql(postgresql_server: PostgresServer) -> DebianSource:
    """The session's PostgreSQL."""
    need_driver(POSTGRESQL)
    server = postgresql_server
    return postgresql_source(server.host, server.port, server.user, server.password, server.database)


def open_files() -> int:
    """Count this process's file descriptors."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only


def test_text_passes_both_ways(sqlite: DebianSource) -> None:
    """Parameters, stored text and literals."""
    with sqlite.engine().connect() as connection:
        connection.execute(text("insert into person values (:name)"), {"name": "Zoë €"})
        found = connection.execute(text("select name, 'é€' from person where name = :name"), {"name": "Zoë €"}).one()
    assert tuple(found) == ("Zoë €", "é€")


def test_the_encoding_is_an_option(sqlite: DebianSource, tmp_path: Path) -> None:
    """The same bytes, read as WIN1252 and as UTF-8; what is no character does not cost the row."""
    with sqlite.engine().begin() as connection:
        connection.execute(text("insert into person values (cast(x'C38B81' as text))"))
    query = text("select name from person")
    with sqlite.engine().connect() as connection:
        assert connection.execute(query).scalar_one() == "Ë\udc81"
    with sqlite_source(str(tmp_path / "people.db"), "cp1252").engine().connect() as connection:
        assert connection.execute(query).scalar_one() == "Ã‹\udc81"  # noqa: RUF001 - what those bytes are


def test_every_connection_is_new_and_leaves_nothing_open(sqlite: DebianSource) -> None:
    """A hundred of them: no connection twice at a time, and no file more than before."""
    engine = sqlite.engine()
    assert isinstance(engine.pool, NullPool)
    with engine.connect() as one, engine.connect() as other:
        assert one.connection.dbapi_connection is not other.connection.dbapi_connection
    before = open_files()
    for _ in range(100):
        with engine.connect() as connection:
            connection.execute(text("select name from person")).fetchall()
    assert open_files() == before


def test_a_postgresql_session_ends_with_its_connection(postgresql: DebianSource) -> None:
    """The server counts one session while it is open and none after."""
    engine = postgresql.engine()
    sessions = text("select pid from pg_stat_activity where backend_type = 'client backend'")
    processes: set[int] = set()
    for _ in range(20):
        with engine.connect() as connection:
            processes.add(connection.execute(text("select pg_backend_pid()")).scalar_one())
    assert len(processes) == 20
    # The server notices the end of a session a moment after the client.
    deadline = time.monotonic() + 30
    with engine.connect() as connection:
        while (left := processes & set(connection.execute(sessions).scalars())) and time.monotonic() < deadline:
            connection.rollback()  # the view is one snapshot per transaction
            time.sleep(0.02)
    assert left == set()


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("insert into pg_temp.person values (1)", Fault.CONTENTION),
        ("insert into pg_temp.person values (null)", Fault.REFUSED),
        ("select 1 / 0", Fault.REFUSED),
        ("do $$ begin raise exception 'no'; end $$", Fault.REFUSED),
        ("selekt", Fault.FORBIDDEN),
        ("select * from nowhere", Fault.FORBIDDEN),
        ("select pg_terminate_backend(pg_backend_pid())", Fault.LOST),
    ],
)
def test_states_prove_what_they_prove(postgresql: DebianSource, sql: str, fault: Fault) -> None:
    """PostgreSQL's driver reports true SQLSTATEs."""
    with postgresql.engine().connect() as connection:
        connection.execute(text("create temporary table person (id integer primary key)"))
        connection.execute(text("insert into pg_temp.person values (1)"))
        with pytest.raises(DBAPIError) as failed:
            connection.execute(text(sql))
        assert failed.value.orig
        assert fault_of(failed.value.orig) is fault
        assert connection.invalidated == (fault is Fault.LOST)


ASK = """
import ctypes
value = ctypes.create_string_buffer(128)
ask = ctypes.CDLL("libodbcinst.so.2").SQLGetPrivateProfileString
ask(b"ODBC", b"Pooling", b"0", value, len(value), b"ODBCINST.INI")
print(value.value.decode())
"""


@pytest.mark.parametrize(
    ("system", "user", "expected"),
    [
        ("[ODBC]\nPooling=Yes\n", None, "odbcinst.ini"),
        ("[ODBC]\nTrace=No\npooling = 1\n", None, "odbcinst.ini"),
        ("[odbc]\nPOOLING=on\n", None, "odbcinst.ini"),
        ("[ODBC]\nPooling=No\n", "[ODBC]\nPooling=Yes\n", None),
        ("[ODBC]\nTrace=No\n", "[ODBC]\nPooling=Yes\n", None),
        ("[SQLite3]\nDriver=x.so\n", "[ODBC]\nPooling=Yes\n", ".odbcinst.ini"),
        ("[SQLite3]\nPooling=Yes\n", None, None),
        ("[ODBC]\n#Pooling=Yes\n", None, None),
        ("[ODBC]\nTrace=No\n\n[SQLite3]\nDriver=x.so\n\n[ODBC]\nPooling=Yes\n", None, None),
    ],
)
def test_the_driver_manager_agrees_about_pooling(
    tmp_path: Path, system: str, user: str | None, expected: str | None
) -> None:
    """Ask unixODBC itself, in a process of its own, what it reads from these files."""
    try:
        ctypes.CDLL("libodbcinst.so.2")
    except OSError:
        pytest.skip("no unixODBC")
    (tmp_path / "odbcinst.ini").write_text(system)
    if user is not None:
        (tmp_path / ".odbcinst.ini").write_text(user)
    environment = {"ODBCSYSINI": str(tmp_path), "HOME": str(tmp_path)}
    answer = subprocess.run([sys.executable, "-c", ASK], env=environment, check=True, capture_output=True, text=True)
    found = pooling_enabled(environment)
    assert found == (tmp_path / expected if expected else None)
    assert (answer.stdout.strip().lower()[:1] in {"1", "y", "o"}) == (found is not None)
