"""A copy of the practice per test, on the embedded engine and behind a real server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.intramed.desk import IntramedDesk
from contracts.desks import Call
from contracts.fields import Model
from simulators.intramed.sandbox import copy_sandbox
from simulators.intramed.server import FirebirdServer
from tests.integration.intramed.stage import Ask, Practice


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
