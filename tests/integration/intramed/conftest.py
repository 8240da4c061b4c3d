"""A copy of the practice per test, on the embedded engine and on the server under test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.intramed.desk import IntramedDesk
from contracts.desks import Call
from contracts.fields import Model
from simulators.intramed.bench import Bench, FileBench
from simulators.intramed.sandbox import copy_sandbox
from simulators.intramed.server import READER, WRITER
from tests.integration.intramed.direct import Direct, Given, direct
from tests.integration.intramed.stage import Ask, Practice
from tests.practice_cast import Cast


@pytest.fixture
def sandbox(restored: Path, tmp_path: Path) -> Path:
    """A copy of the practice for this test."""
    return copy_sandbox(restored, tmp_path / "practice.fdb")


@pytest.fixture(params=["embedded", "server"])
def practice(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Practice]:
    """A copy of the practice on the embedded engine, and the same on the server under test."""
    if request.param == "embedded":
        bench: Bench = FileBench(request.getfixturevalue("restored"), tmp_path)
    else:
        bench = request.getfixturevalue("served")
    practice = Practice(bench.place(), dict(bench.passwords))
    yield practice
    for desk in practice.desks:
        desk.close()
    bench.drop(practice.database)


@pytest.fixture
def writer(practice: Practice) -> Iterator[Direct]:
    """A connection of the account that may only call procedures."""
    with direct(practice.database, WRITER, practice.passwords.get(WRITER)) as opened:
        yield opened


@pytest.fixture
def reader(practice: Practice) -> Iterator[Direct]:
    """A connection of the account that may only read."""
    with direct(practice.database, READER, practice.passwords.get(READER)) as opened:
        yield opened


@pytest.fixture
def given(cast: Cast) -> Given:
    """Parameters of the procedures for somebody of the practice."""
    return Given(cast.alone.number)


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
