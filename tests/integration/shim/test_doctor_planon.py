"""Broken set-ups of Planon, each staged for real: doctor names exactly what is broken, with its remedy, within 15 s."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shim.demo import planon_section
from simulators.launch import PlanonAddress
from simulators.planon.simulator import PlanonSimulator
from simulators.postgresql.server import PostgresServer
from tests.integration.shim import doctor_planon
from tests.integration.shim.doctor_planon import DATABASE, Server
from tests.integration.shim.doctor_stage import Setup, Stage, check, diagnoses_of, told
from tests.integration.shim.site import FAST_PLANON


def named(setups: list[Setup]) -> list[pytest.param]:  # type: ignore[valid-type]
    return [pytest.param(setup, id=setup.name) for setup in setups]


@pytest.fixture
def planon(tmp_path: Path) -> Iterator[PlanonSimulator]:
    with PlanonSimulator(tmp_path / "replica.db") as running:
        yield running


@pytest.fixture
def stage(planon: PlanonSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A healthy deployment with Planon alone."""
    section = planon_section(PlanonAddress(planon.url, planon.replica.path), **FAST_PLANON)
    made = Stage(tmp_path, monkeypatch, {"planon": section})
    yield made
    for kept in made.kept:
        kept.close()


@pytest.fixture
def server(stage: Stage, postgresql_server: PostgresServer) -> Iterator[Server]:
    """The same with the replica on PostgreSQL."""
    made = Server(postgresql_server)
    made.drop(DATABASE)
    made.make(DATABASE)
    stage.systems["planon"]["replica_url"] = made.url(DATABASE)
    yield made
    made.drop(DATABASE)


@pytest.mark.parametrize("setup", named(doctor_planon.SETUPS))
def test_a_broken_planon_is_named(setup: Setup, stage: Stage, planon: PlanonSimulator) -> None:
    """Exactly what is broken, and nothing else; and nothing was created there by looking."""
    setup.breaks(stage, planon)
    check(stage.examined(), setup.codes)
    assert planon.ledger.tally()["incidents"] == planon.ledger.tally()["notes"] == 0


@pytest.mark.parametrize("setup", named(doctor_planon.POSTGRESQL))
def test_a_broken_replica_on_postgresql_is_named(setup: Setup, stage: Stage, server: Server) -> None:
    """Exactly what is broken, and nothing else; no password is in any text."""
    setup.breaks(stage, server)
    report = stage.examined()
    check(report, setup.codes)
    assert all(doctor_planon.PASSWORD not in finding.detail for finding in report.findings)


def test_nothing_is_reported_of_a_healthy_planon(stage: Stage, planon: PlanonSimulator) -> None:
    """Before its first start and after it, with WSDLs that it serves, and a replica that has what was delivered."""
    assert told(stage.examined()) == {}
    planon.apply({"wsdl": "served"})
    doctor_planon.has_started(stage)
    doctor_planon.has_incident(planon, "INC-000007")
    doctor_planon.delivered(stage, "INC-000007")
    report = stage.examined()
    assert told(report) == {}
    steps = {step.name: step.told for found in report.sections for step in found.steps}
    assert steps["served descriptions"] == "3 as accepted"
    assert steps["replica: newest"].endswith("is there")


def test_nothing_is_reported_of_a_healthy_replica_on_postgresql(stage: Stage, server: Server) -> None:
    """The server's own steps are told."""
    del server
    report = stage.examined()
    assert told(report) == {}
    steps = {step.name: step.told for found in report.sections for step in found.steps}
    assert steps["replica: character set"] == "UTF8"
    assert steps["replica: rights"] == "reads only"


def test_every_code_is_one_that_the_adapter_tells() -> None:
    """So the table in the docs has it; and there are enough set-ups."""
    setups = [*doctor_planon.SETUPS, *doctor_planon.POSTGRESQL]
    codes = {code for setup in setups for code in setup.codes} - {"description-changed"}
    assert codes <= diagnoses_of("planon")
    assert len({setup.name for setup in setups}) == len(setups) >= 30
