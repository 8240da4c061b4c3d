"""The engines that integration tests stand on: one restored practice, one bench and one PostgreSQL per session."""

import contextlib
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from simulators.choice import NotThere
from simulators.intramed.bench import Bench
from simulators.intramed.choice import Choice, choose, running_bench
from simulators.intramed.engine import EngineMissing, engine_folder, use_private_engine
from simulators.intramed.sandbox import copy_sandbox, owner_connection, restore
from simulators.intramed.server import FirebirdServer, running_server
from simulators.postgresql.programs import PostgresMissing
from simulators.postgresql.server import PostgresServer, running_postgresql
from tests.practice_cast import Cast, cast_of
from tests.services import unavailable

FIRST_MONDAY = date(2031, 3, 3)
"""The agenda's first week in every sandbox: far enough ahead that no test ever runs after it."""
CHOICE = pytest.StashKey[Choice]()


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Say which Firebird is under test, and why not one before it; silent when no test of this folder is run."""
    here = Path(__file__).parent
    if config.option.collectonly or not any(here in item.path.parents for item in items):
        return []
    try:
        config.stash[CHOICE] = choose(os.environ)
    except (NotThere, ValueError) as reason:  # raised again where it is needed, with a test's name
        return [f"firebird under test: none: {reason}"]
    return [f"firebird under test: {config.stash[CHOICE]}"]


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The client library under a root of this session; the machine's own where no engine is installed."""
    with contextlib.suppress(EngineMissing):
        use_private_engine(tmp_path_factory.mktemp("engine") / "root")


@pytest.fixture(scope="session")
def engine(client: None) -> None:
    """The embedded engine under a root of this session."""
    del client
    try:
        engine_folder()
    except EngineMissing as missing:
        unavailable(missing)


@pytest.fixture(scope="session")
def restored(engine: None, snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot, restored once; never opened by a test."""
    del engine
    return restore(snapshot, tmp_path_factory.mktemp("restored") / "practice.fdb", FIRST_MONDAY)


@pytest.fixture(scope="session")
def choice(request: pytest.FixtureRequest) -> Choice:
    """Which Firebird this session stands on."""
    try:
        return request.config.stash.get(CHOICE, None) or choose(os.environ)
    except NotThere as missing:
        unavailable(missing)
        raise


@pytest.fixture(scope="session")
def bench(client: None, choice: Choice, snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The Firebird under test: `place()` a copy of the practice, `drop()` it afterwards."""
    del client
    with running_bench(choice, tmp_path_factory.mktemp("bench"), FIRST_MONDAY, os.environ, snapshot) as running:
        yield running


@pytest.fixture(scope="session")
def cast(client: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cast:
    """Who plays whom in the snapshot, read once from a copy."""
    del client
    try:
        engine_folder()
    except EngineMissing:  # only a server elsewhere, which places copies itself
        bench: Bench = request.getfixturevalue("bench")
        database = bench.place("cast")
        with bench.owner(database) as connection:
            found = cast_of(connection)
        bench.drop(database)
        return found
    copy = copy_sandbox(request.getfixturevalue("restored"), tmp_path_factory.mktemp("cast") / "practice.fdb")
    with owner_connection(str(copy)) as connection:
        return cast_of(connection)


@pytest.fixture(scope="session")
def served(bench: Bench, choice: Choice) -> Bench:
    """The bench, for tests that need a server: the embedded engine is none."""
    if bench.kind == "embedded":
        if choice.forced_by:
            pytest.skip("FIREBIRD_BENCH=embedded: there is no server")
        unavailable(EngineMissing(f"no Firebird server to test: {choice}"))
    return bench


@pytest.fixture(scope="session")
def firebird_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirebirdServer]:
    """A private server of this machine, whichever bench was chosen, for tests that look at its files or its process."""
    try:
        with running_server(tmp_path_factory.mktemp("server") / "root") as server:
            yield server
    except EngineMissing as missing:
        unavailable(missing)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """One private PostgreSQL for the session."""
    try:
        with running_postgresql() as server:
            yield server
    except PostgresMissing as missing:
        unavailable(missing)
