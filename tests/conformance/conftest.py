"""The implementations that the conformance suite runs on, and what its tests are given."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.intramed.bench import Bench, FileBench
from simulators.postgresql.bench import PostgresBench
from tests.conformance.intramed_stage import IntramedStage, Variant, intramed_stage
from tests.conformance.outbox_store import DIALECTS, SharedState, Store, opened_store
from tests.conformance.practice_stage import PracticeStage
from tests.conformance.scene import Scene
from tests.integration.conftest import bench, cast, choice, client, engine, restored, served

__all__ = ["bench", "cast", "choice", "client", "engine", "restored", "served"]

VARIANTS = [
    Variant("embedded-backend", "embedded", "backend", "once"),
    Variant("embedded-shim", "embedded", "shim", "found"),
    Variant("server-backend", "server", "backend", "found"),
    Variant("server-shim", "server", "shim", "parked"),
]
ODBC_DRIVER = os.environ.get("FIREBIRD_ODBC_DRIVER", "")
"""Nobody packages a Firebird driver; who has one names it."""
if ODBC_DRIVER:
    VARIANTS += [
        Variant("odbc-backend", "server", "backend", "once", "odbc"),
        Variant("odbc-shim", "server", "shim", "found", "odbc"),
    ]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*features): a rule for backends that declare these features")


@pytest.fixture(scope="session", params=VARIANTS, ids=lambda variant: variant.name)
def shared_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeStage]:
    """One installation for all tests of a variant: each takes a day of its own."""
    yield from _set(request.param, request, tmp_path_factory)


@pytest.fixture(scope="session", params=[v for v in VARIANTS if v.bench == "server"], ids=lambda v: v.name)
def campaign_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeStage]:
    """An installation behind a server, for campaigns of thousands of calls."""
    yield from _set(request.param, request, tmp_path_factory)


@pytest.fixture
def stage(request: pytest.FixtureRequest, shared_stage: PracticeStage) -> Iterator[PracticeStage]:
    """The shared stage, its clock set back afterwards."""
    for marker in request.node.iter_markers("needs"):
        for feature in marker.args:
            if not getattr(shared_stage.features, feature):
                pytest.skip(f"this backend declares no {feature}")
    now = shared_stage.now
    yield shared_stage
    shared_stage.now = now


@pytest.fixture
def scene(stage: PracticeStage) -> Scene:
    """A day of the stage."""
    return Scene(stage)


def _set(
    variant: Variant, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IntramedStage]:
    folder = tmp_path_factory.mktemp(variant.name)
    on: Bench = FileBench(request.getfixturevalue("restored"), folder)
    if variant.bench == "server":
        on = request.getfixturevalue("served")
    people = request.getfixturevalue("cast")
    with intramed_stage(variant, on, folder, people, ODBC_DRIVER if variant.transport == "odbc" else "") as stage:
        yield stage


@pytest.fixture(scope="session")
def shared_state(durable_postgresql: PostgresBench) -> Iterator[SharedState]:
    """A state on PostgreSQL with its tables, for all tests of the session: each empties it first."""
    with durable_postgresql.database() as url:
        shared = SharedState(url)
        yield shared
        shared.close()


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty state of each kind."""

    def emptied() -> str:
        shared: SharedState = request.getfixturevalue("shared_state")
        shared.empty()
        return shared.url

    with opened_store(request.param, tmp_path, emptied) as opened:
        yield opened
