"""The benches themselves: whatever Firebird is under test, a test gets its own copy and the snapshot stays as it is."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from firebird.driver import DatabaseError, connect

from simulators.intramed.bench import Bench, FileBench
from simulators.intramed.choice import choose
from simulators.intramed.sandbox import OWNER, monday_of
from simulators.intramed.server import READER, WRITER, FirebirdServer, running_server
from simulators.intramed.wire import Address, wire_bench
from tests.snapshot import Seal

FIRST_MONDAY = date(2031, 3, 3)
REPOSITORY = Path(__file__).parents[2]
NO_ENGINE = "unix:///nowhere/engine.sock"


@pytest.fixture(params=["embedded", "chosen", "wire"])
def any_bench(request: pytest.FixtureRequest, snapshot: Path, tmp_path: Path) -> Bench:
    """The embedded engine, the server under test, and a private server that is used as if it were far away."""
    if request.param == "embedded":
        return FileBench(request.getfixturevalue("restored"), tmp_path)
    if request.param == "chosen":
        served: Bench = request.getfixturevalue("served")
        return served
    return wire_bench("url", address_of(request.getfixturevalue("firebird_server"), tmp_path), FIRST_MONDAY, snapshot)


@pytest.fixture
def place(any_bench: Bench) -> Iterator[Callable[[], str]]:
    """Place a copy that is dropped after the test."""
    placed: list[str] = []

    def fresh() -> str:
        placed.append(any_bench.place())
        return placed[-1]

    yield fresh
    for database in placed:
        any_bench.drop(database)


@pytest.fixture
def served_copy(served: Bench) -> Iterator[str]:
    """A copy on the server under test."""
    database = served.place()
    yield database
    served.drop(database)


def address_of(server: FirebirdServer, folder: Path) -> Address:
    return Address(server.host, server.port, server.passwords[OWNER], str(folder))


def one(bench: Bench, database: str, sql: str) -> Any:
    with bench.owner(database) as connection:
        cursor = connection.cursor()
        value = cursor.execute(sql).fetchone()[0]
        cursor.close()
        return value


def change(bench: Bench, database: str, sql: str) -> None:
    with bench.owner(database) as connection:
        connection.execute_immediate(sql)


def test_a_copy_is_fresh_and_its_agenda_begins_on_the_first_monday(any_bench: Bench, place: Callable[[], str]) -> None:
    """What one test books, the next does not find; the agenda begins on the day that was asked for."""
    before, after = place(), place()
    free = "select count(*) from AGENDA where STATUS = 'F'"
    count = one(any_bench, before, free)
    assert count > 0
    change(any_bench, before, "update AGENDA set STATUS = 'B'")
    assert one(any_bench, before, free) == 0
    assert one(any_bench, after, free) == count
    assert one(any_bench, place(), free) == count
    earliest: datetime = one(any_bench, after, "select min(BEGIN_TIJD) from AGENDA")
    assert monday_of(earliest.date()) == FIRST_MONDAY


def test_the_snapshot_is_never_written(snapshot: Path, any_bench: Bench, place: Callable[[], str]) -> None:
    """Its hash and the time of its last change are the same after a copy was placed and changed."""
    seal = Seal.of(snapshot)
    change(any_bench, place(), "delete from JOURNAAL")
    seal.check()


def test_a_dropped_copy_is_gone_also_for_who_was_connected(any_bench: Bench) -> None:
    """A forgotten connection does not keep a copy alive."""
    database = any_bench.place()
    forgotten = connect(database, user=OWNER, password=any_bench.passwords.get(OWNER))
    any_bench.drop(database)
    with pytest.raises(DatabaseError), any_bench.owner(database):
        pass
    with contextlib.suppress(DatabaseError):  # it may have been cut off
        forgotten.close()


@pytest.mark.parametrize("user", [READER, WRITER])
def test_the_two_accounts_can_log_in(served: Bench, served_copy: str, user: str) -> None:
    """The adapter's accounts exist on whatever server is under test, and their passwords are ours."""
    with connect(served_copy, user=user, password=served.passwords[user]) as connection:
        cursor = connection.cursor()
        assert cursor.execute("select trim(current_user) from rdb$database").fetchone() == (user,)
        cursor.close()
    with pytest.raises(DatabaseError):
        connect(served_copy, user=user, password="wrong")


def test_two_sessions_share_a_server(engine: None, snapshot: Path, tmp_path: Path) -> None:
    """A second bench knows the accounts of the first; an account with a password of its own is refused, not changed."""
    del engine
    with running_server(tmp_path / "root") as server:
        address = address_of(server, tmp_path)
        assert wire_bench("url", address, FIRST_MONDAY, snapshot).passwords == server.passwords
        mine = wire_bench("url", address, FIRST_MONDAY, snapshot)
        database = mine.place()
        change(mine, database, f"alter user {READER} set password 'theirs'")
        with pytest.raises(DatabaseError):
            wire_bench("url", address, FIRST_MONDAY, snapshot)
        connect(database, user=READER, password="theirs").close()


def test_a_killed_server_comes_back_at_the_same_address(restored: Path, tmp_path: Path) -> None:
    """After `kill()` nobody answers; after `restart()` the same database string works, with what was committed."""
    with running_server(tmp_path / "root") as server:
        bench = FileBench(restored, tmp_path, server)
        database = bench.place()
        change(bench, database, "update AGENDA set STATUS = 'B'")
        server.kill()
        with pytest.raises(DatabaseError):
            one(bench, database, "select 1 from rdb$database")
        server.restart()
        assert one(bench, database, "select count(*) from AGENDA where STATUS <> 'B'") == 0


def test_the_first_that_is_there_is_taken() -> None:
    """A given URL comes first; without one and without an engine, a private server, and both reasons are told."""
    given = choose({"FIREBIRD_URL": "firebird://SYSDBA:secret@db.example:3051/data", "DOCKER_HOST": NO_ENGINE})
    assert str(given) == "url db.example/3051"
    found = choose({"DOCKER_HOST": NO_ENGINE})
    assert found.kind in ("server", "embedded")
    assert dict(found.missed) | {"url": "FIREBIRD_URL is not set"} == dict(found.missed)
    assert found.missed["container"] == f"no container engine answers at {NO_ENGINE}"


@pytest.mark.parametrize("asked", ["url", "container", "somewhere"])
def test_what_is_asked_for_and_missing_is_an_error(asked: str) -> None:
    """FIREBIRD_BENCH falls through to nothing."""
    with pytest.raises(ValueError, match="FIREBIRD_BENCH"):
        choose({"FIREBIRD_BENCH": asked, "DOCKER_HOST": NO_ENGINE})


def first_lines(**environment: str) -> str:
    """Run one cheap test in a process of its own, and return what pytest wrote."""
    one_test = "tests/integration/test_bench.py::test_the_first_that_is_there_is_taken"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FIREBIRD_", "POSTGRESQL_"))}
    ran = run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", one_test],
        env=clean | environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


def test_the_run_says_what_it_stands_on(firebird_server: FirebirdServer, tmp_path: Path) -> None:
    """The line names what was taken and what was not, and never the password."""
    address = address_of(firebird_server, tmp_path)
    url = f"firebird://{OWNER}:{address.password}@{address.host}:{address.port}"
    reasons = f"(url: {{}}_URL is not set; container: no container engine answers at {NO_ENGINE})"
    private = first_lines(DOCKER_HOST=NO_ENGINE)
    assert f"firebird under test: server {reasons.format('FIREBIRD')}\n" in private
    assert f"postgresql under test: server {reasons.format('POSTGRESQL')}\n" in private
    given = first_lines(FIREBIRD_URL=url, POSTGRESQL_URL="postgresql://owner:hidden@db.example:6432/")
    assert f"firebird under test: url {address.host}/{address.port}\n" in given
    assert "postgresql under test: url db.example:6432\n" in given
    assert address.password not in given
    assert "hidden" not in given
