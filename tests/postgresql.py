"""The PostgreSQL under test, one for the session, for every folder that crosses a process."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulators.choice import NotThere
from simulators.postgresql.bench import PostgresBench, private_bench
from simulators.postgresql.choice import Choice, choose, running_bench
from simulators.postgresql.programs import PostgresMissing
from simulators.postgresql.server import DURABLE, running_postgresql
from tests.services import unavailable

POSTGRESQL = pytest.StashKey[Choice]()
_UNIT = Path(__file__).parent / "unit"


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Say which PostgreSQL is under test, and why not one before it; silent when only unit tests are run."""
    if config.option.collectonly or all(_UNIT in item.path.parents for item in items):
        return []
    try:
        config.stash[POSTGRESQL] = choose(os.environ)
    except (NotThere, ValueError) as reason:  # raised again where it is needed, with a test's name
        return [f"postgresql under test: none: {reason}"]
    return [f"postgresql under test: {config.stash[POSTGRESQL]}"]


@pytest.fixture(scope="session")
def durable_postgresql(request: pytest.FixtureRequest) -> Iterator[PostgresBench]:
    """The PostgreSQL under test: it keeps what was committed, makes databases, and is killed where it is private."""
    try:
        choice = request.config.stash.get(POSTGRESQL, None) or choose(os.environ)
    except NotThere as missing:
        unavailable(missing)
        raise
    with running_bench(choice, os.environ) as bench:
        yield bench


@pytest.fixture(scope="session")
def own_postgresql(request: pytest.FixtureRequest) -> Iterator[PostgresBench]:
    """A private server, whichever was chosen."""
    try:
        choice = request.config.stash.get(POSTGRESQL, None) or choose(os.environ)
    except (NotThere, ValueError):
        choice = None
    if choice and choice.kind == "server":
        yield request.getfixturevalue("durable_postgresql")
        return
    try:
        with running_postgresql(DURABLE) as server:
            yield private_bench(server)
    except PostgresMissing as missing:
        unavailable(missing)


@pytest.fixture
def mortal_postgresql(own_postgresql: PostgresBench) -> Iterator[PostgresBench]:
    """A private, durable server that the test may stop and kill; it runs again after the test."""
    yield own_postgresql
    own_postgresql.start()


@pytest.fixture
def create_database(durable_postgresql: PostgresBench) -> Iterator[Callable[[], str]]:
    """Create empty databases on the PostgreSQL under test, by URL; they are dropped after the test."""
    made: list[str] = []

    def create() -> str:
        made.append(durable_postgresql.create_database())
        return made[-1]

    yield create
    for url in made:
        durable_postgresql.drop_database(url)
