"""The PostgreSQL under test: the first that is there, fresh databases, a private one that is killed and comes back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from simulators.choice import NotThere
from simulators.postgresql import programs
from simulators.postgresql.bench import NotOurs, PostgresBench
from simulators.postgresql.choice import choose, running_bench
from simulators.postgresql.server import PostgresServer
from simulators.process import children_of, is_running
from tests.integration.sql.places import await_that

NO_ENGINE = "unix:///nowhere/engine.sock"
GIVEN = "postgresql://owner:secret@db.example:6432/?sslmode=require"
ROWS = 100_000


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True, connect_timeout=30) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


@contextmanager
def telling(server: PostgresServer) -> Iterator[Callable[[bytes], bool]]:
    """Yield what tells whether the server's log says something that it did not say before the block."""
    log = server.folder / "server.log"
    begin = log.stat().st_size
    yield lambda what: what in log.read_bytes()[begin:]


def make_rows(url: str, rows: int = ROWS) -> psycopg.Connection:
    """Commit that many rows, and return a connection that is left in a transaction with one more."""
    connection = psycopg.connect(url, connect_timeout=30)
    connection.execute("create table if not exists kept (n integer)")
    connection.execute("insert into kept select generate_series(1, %s)", [rows])
    connection.commit()
    connection.execute("insert into kept values (0)")
    return connection


def test_the_first_that_is_there_is_taken() -> None:
    """A given URL comes first; without one and without an engine, a private server, and both reasons are told."""
    assert str(choose({"POSTGRESQL_URL": GIVEN, "DOCKER_HOST": NO_ENGINE})) == "url db.example:6432"
    found = choose({"DOCKER_HOST": NO_ENGINE})
    assert found.kind == "server"
    assert found.missed == {
        "url": "POSTGRESQL_URL is not set",
        "container": f"no container engine answers at {NO_ENGINE}",
    }


def test_nothing_there_gives_every_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without programs either, the error says what each way lacks."""
    monkeypatch.delenv("POSTGRESQL_BIN", raising=False)
    monkeypatch.setattr(programs, "_PLACES", (tmp_path,))
    with pytest.raises(NotThere, match=r"url: .* is not set; container: no .*; server: .* run `deploy/setup\.sh dev`"):
        choose({"DOCKER_HOST": NO_ENGINE})


@pytest.mark.parametrize("asked", ["url", "container", "somewhere"])
def test_what_is_asked_for_and_missing_is_an_error(asked: str) -> None:
    """POSTGRESQL_BENCH falls through to nothing."""
    with pytest.raises(ValueError, match="POSTGRESQL_BENCH"):
        choose({"POSTGRESQL_BENCH": asked, "DOCKER_HOST": NO_ENGINE})


@pytest.mark.parametrize(
    "url", ["mysql://a:secret@h/", "postgresql:///x", "postgresql://h/", "postgresql://a:secret@h:p/"]
)
def test_a_url_that_cannot_be_used_is_told_without_its_password(url: str) -> None:
    """Before anything is connected."""
    with pytest.raises(ValueError, match="postgresql://superuser:password@host:port/") as told:
        choose({"POSTGRESQL_URL": url})
    assert "secret" not in str(told.value)


def test_a_given_server_is_never_killed(mortal_postgresql: PostgresBench) -> None:
    """By its URL it makes and drops databases like any other; to stop, kill or start it is an error that says why."""
    environment = {"POSTGRESQL_URL": mortal_postgresql.url() + "?application_name=told"}
    with running_bench(choose(environment), environment) as bench:
        for act in (bench.stop_immediate, bench.kill, bench.start):
            with pytest.raises(NotOurs, match="only a private server"):
                act()
        with bench.database() as url:
            assert ask(url, "select current_setting('application_name')") == "told"
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(url, "select 1")


def test_databases_are_empty_and_nobody_elses(create_database: Callable[[], str]) -> None:
    """What is written into one is not in the next."""
    first, second = create_database(), create_database()
    tables = "select count(*) from pg_class where relnamespace = 'public'::regnamespace"
    make_rows(first, 1).close()
    assert ask(first, tables) == 1
    assert ask(second, tables) == 0


def test_a_database_is_dropped_although_somebody_is_connected(durable_postgresql: PostgresBench) -> None:
    """A connection that a test forgot keeps nothing alive."""
    with durable_postgresql.database() as url:
        forgotten = make_rows(url, 1)
    with pytest.raises(psycopg.OperationalError):
        forgotten.execute("select 1")
    forgotten.close()


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_it_keeps_what_was_committed(durable_postgresql: PostgresBench, setting: str) -> None:
    """Whatever is under test: an outbox refuses anything less."""
    assert ask(durable_postgresql.url(), f"show {setting}") == "on"


@pytest.mark.parametrize("end", ["stop_immediate", "kill"])
def test_an_ended_server_comes_back_with_what_was_committed(mortal_postgresql: PostgresBench, end: str) -> None:
    """Every process of it is gone, its clients are cut off, and at the same URL are the rows that were committed."""
    server = mortal_postgresql.server
    assert server
    with mortal_postgresql.database() as url:
        open_transaction = make_rows(url)
        family = [server.process.pid, *children_of(server.process.pid)]
        assert len(family) > 2
        getattr(mortal_postgresql, end)()
        assert not [pid for pid in family if is_running(pid)]
        with pytest.raises(psycopg.OperationalError):
            ask(url, "select 1")
        with pytest.raises(psycopg.OperationalError):
            open_transaction.execute("select 1")
        open_transaction.close()
        mortal_postgresql.start()
        assert ask(url, "select count(*) from kept where n > 0") == ROWS
        assert ask(url, "select count(*) from kept where n = 0") == 0


@pytest.mark.parametrize("end", ["stop_immediate", "kill"])
def test_it_is_ended_while_it_recovers(mortal_postgresql: PostgresBench, end: str) -> None:
    """Once when it has just begun to start and once in the middle of its redo; nothing committed is lost."""
    server = mortal_postgresql.server
    assert server
    with mortal_postgresql.database() as url:
        committed = 0
        for _ in range(5):  # a busy machine may have finished the redo before it is ended
            make_rows(url).close()
            committed += ROWS
            mortal_postgresql.kill()
            for moment in (b"starting PostgreSQL", b"redo starts"):
                with telling(server) as tells:
                    mortal_postgresql.start(wait=False)
                    await_that(partial(tells, moment), 60)
                    getattr(mortal_postgresql, end)()
                assert not server.running
                assert not server.ready
            with telling(server) as tells:
                mortal_postgresql.start()
                if interrupted := tells(b"interrupted while in recovery"):
                    break
        assert interrupted
        assert ask(url, "select count(*) from kept where n > 0") == committed
