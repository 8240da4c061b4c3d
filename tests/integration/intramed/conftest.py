"""One restored practice per session; a copy of it per test, on the embedded engine and behind a real server."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.intramed.desk import IntramedDesk
from contracts.desks import Call
from contracts.fields import Model
from simulators.intramed.engine import EngineMissing, engine_folder, use_private_engine
from simulators.intramed.sandbox import SNAPSHOT, copy_sandbox, restore
from simulators.intramed.server import FirebirdServer, running_server
from tests.integration.intramed.stage import Ask, Practice

FIRST_MONDAY = date(2031, 3, 3)
"""The agenda's first week in every sandbox: far enough ahead that no test ever runs after it."""


def unavailable(missing: EngineMissing) -> None:
    """Skip on a developer's machine; fail where everything should be installed."""
    if os.environ.get("CI") == "true":
        raise missing
    pytest.skip(str(missing))


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The embedded engine under a root of this session."""
    try:
        engine_folder()
    except EngineMissing as missing:
        unavailable(missing)
    use_private_engine(tmp_path_factory.mktemp("engine") / "root")


@pytest.fixture(scope="session")
def restored(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot, restored once; never opened by a test."""
    del engine
    return restore(SNAPSHOT, tmp_path_factory.mktemp("restored") / "practice.fdb", FIRST_MONDAY)


@pytest.fixture(scope="session")
def firebird_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirebirdServer]:
    """One real server for the session."""
    try:
        with running_server(tmp_path_factory.mktemp("server") / "root") as server:
            yield server
    except EngineMissing as missing:
        unavailable(missing)


@pytest.fixture
def sandbox(restored: Path, tmp_path: Path) -> Path:
    """A copy of the practice for this test."""
    return copy_sandbox(restored, tmp_path / "practice.fdb")


@pytest.fixture(params=["embedded", "server"])
def practice(request: pytest.FixtureRequest, sandbox: Path) -> Iterator[Practice]:
    """The sandbox through the embedded engine, and the same through a server."""
    if request.param == "embedded":
        practice = Practice(str(sandbox), {})
    else:
        server: FirebirdServer = request.getfixturevalue("firebird_server")
        practice = Practice(server.database(sandbox), dict(server.passwords))
    yield practice
    for desk in practice.desks:
        desk.close()


@pytest.fixture
def desk(practice: Practice) -> IntramedDesk:
    """A desk with the default options."""
    return practice.desk()


@pytest.fixture
def ask(desk: IntramedDesk) -> Ask:
    """Call a contract of the desk with the fields of its request: `ask("find_patient", FindPatientRequest, …)`."""

    def call(contract: str, request: type[Model], reference: str = "", **fields: Any) -> Any:
        return getattr(desk, contract)(request.model_validate(fields), Call(reference))

    return call
