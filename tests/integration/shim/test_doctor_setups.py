"""Broken set-ups, each staged for real: doctor names exactly what is broken, with its remedy, within 15 s."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from shim.doctor.run import DIAGNOSES
from simulators.intramed.sandbox import copy_sandbox
from simulators.intramed.server import READER, WRITER, FirebirdServer
from simulators.postgresql.bench import PostgresBench, private_bench
from simulators.postgresql.server import PostgresServer
from tests.integration.shim import doctor_deployment, doctor_practice
from tests.integration.shim.doctor_stage import ALWAYS, Setup, Stage, check, diagnoses_of, told


def named(setups: list[Setup]) -> list[pytest.param]:  # type: ignore[valid-type]
    return [pytest.param(setup, id=setup.name) for setup in setups]


@pytest.fixture
def stage(restored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A healthy deployment with a practice on the embedded engine."""
    practice = copy_sandbox(restored, tmp_path / "practice.fdb")
    section = {"adapter": "intramed", "database": str(practice), "zone": "UTC"}
    made = Stage(tmp_path, monkeypatch, {"practice": section})
    yield made
    for kept in made.kept:
        kept.close()
    doctor_deployment.unmount(os.environ.get("DOCTOR_MOUNTED"))


@pytest.fixture
def served(stage: Stage, firebird_server: FirebirdServer) -> Stage:
    """The same with the practice on a server."""
    passwords = firebird_server.passwords
    stage.systems["practice"] |= {
        "database": firebird_server.database(Path(stage.systems["practice"]["database"])),
        "read_password": passwords[READER],
        "write_password": passwords[WRITER],
    }
    return stage


@pytest.mark.parametrize("setup", named(doctor_deployment.SETUPS))
def test_a_broken_deployment_is_named(setup: Setup, stage: Stage) -> None:
    """Exactly what is broken, and nothing else; no state and no key is made by looking."""
    setup.breaks(stage)
    before = stage.state.exists(), stage.key.exists()
    check(stage.examined(), setup.codes)
    assert (stage.state.exists(), stage.key.exists()) == before


@pytest.mark.parametrize("setup", named(doctor_practice.SETUPS))
def test_a_broken_practice_is_named(setup: Setup, served: Stage, firebird_server: FirebirdServer) -> None:
    """Exactly what is broken, and nothing else."""
    setup.breaks(served, firebird_server)
    check(served.examined(), setup.codes)


def test_nothing_is_reported_where_nothing_is_broken(stage: Stage, firebird_server: FirebirdServer) -> None:
    """With a state that has begun and without one, embedded and on a server; only an old SQLite is told of."""
    first = stage.examined()
    stage.begin()
    second = stage.examined()
    assert told(first) == told(second) == {}
    assert first.exit_code == second.exit_code == 0
    assert {finding.diagnosis.code for finding in second.findings} <= ALWAYS
    del firebird_server


def test_nothing_is_reported_of_a_healthy_server(served: Stage) -> None:
    """The same steps, over the wire."""
    report = served.examined()
    assert told(report) == {}
    seen = [step.name for section in report.sections for step in section.steps if section.name == "systems.practice"]
    assert seen[:4] == ["options", "open on the wire", "name", "port"]
    assert "statements of SHIM_WRITE" in seen


def test_a_healthy_state_on_postgresql_has_no_warning_at_all(stage: Stage, durable_postgresql: PostgresBench) -> None:
    """SQLite's age is nobody's concern there."""
    with durable_postgresql.database() as url:
        stage.top["state"] = url
        assert told(stage.examined()) == {}
        stage.begin()
        report = stage.examined()
        assert report.findings == []


def at(url: str, **parts: str | int) -> str:
    """Return the URL with other parts."""
    given = {**conninfo_to_dict(url), **parts}
    return "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**given)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"port": 9}, "state-unreachable"),
        ({"password": "wrong"}, "state-login-refused"),
        ({"dbname": "nobodys"}, "state-database-missing"),
    ],
)
def test_a_state_on_postgresql_that_cannot_be_used(
    stage: Stage, postgresql_server: PostgresServer, changed: dict[str, str | int], code: str
) -> None:
    """Each by its own cause; the password is in no text."""
    url = private_bench(postgresql_server).url()
    stage.top["state"] = at(url, **changed)
    report = stage.examined()
    check(report, frozenset({code}))
    assert all("wrong" not in finding.detail for finding in report.findings)


def test_a_state_on_postgresql_that_loses_what_it_acknowledged(stage: Stage, postgresql_server: PostgresServer) -> None:
    """The tests' own fast server does not wait for its disk."""
    url = private_bench(postgresql_server).url()
    stage.top["state"] = at(url)
    check(stage.examined(), frozenset({"postgresql-not-durable"}))


def test_a_state_whose_server_has_another_time(stage: Stage, durable_postgresql: PostgresBench) -> None:
    """The practice has it as well, because it is this machine's clock that is wrong."""
    with durable_postgresql.database() as url:
        stage.top["state"] = url
        stage.ahead = timedelta(seconds=100)
        check(stage.examined(), frozenset({"state-clock-skewed", "clock-skewed"}))


def test_a_state_that_cannot_store_every_character(stage: Stage, postgresql_server: PostgresServer) -> None:
    """A database in LATIN1, as an old installation has it."""
    url = private_bench(postgresql_server).url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create database doctors_latin1 encoding 'LATIN1' template template0 locale 'C'")
    try:
        stage.top["state"] = at(url, dbname="doctors_latin1")
        check(stage.examined(), frozenset({"postgresql-not-durable", "state-encoding"}))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop database doctors_latin1")


ON_POSTGRESQL = frozenset(
    {
        *("state-unreachable", "state-login-refused", "state-database-missing", "postgresql-not-durable"),
        *("state-clock-skewed", "state-encoding", *ALWAYS),
    }
)
"""What the tests above stage."""
NOT_STAGED = {
    "no-answer": "a check that never comes back: tests/unit/shim/doctor/test_doctor_run.py",
    "check-failed": "a check with a defect: the same",
    "description-changed": "room of the descriptions: tests of drift and of Planon's set-ups",
    "client-library-missing": "the library is loaded by its own name from the system: a test cannot take it away",
    "firebird-too-old": "Firebird 3 is the only engine here: tests/unit/firebird/test_firebird_facts.py",
    "firebird-too-new": "the same",
    "connect-failed": "what is none of the known causes: tests/unit/firebird/test_firebird_facts.py",
    "postgresql-too-old": "one version of PostgreSQL is here",
}
"""What no set-up stages, and why."""


def test_every_diagnosis_is_staged_or_said_why_not() -> None:
    """Of the deployment and of the practice; there are more than thirty set-ups without Planon's."""
    setups = [*doctor_deployment.SETUPS, *doctor_practice.SETUPS]
    assert len({setup.name for setup in setups}) == len(setups) >= 30
    staged = ON_POSTGRESQL.union(*(setup.codes for setup in setups))
    known = {diagnosis.code for _, found in DIAGNOSES for diagnosis in found} | diagnoses_of("intramed")
    assert staged | NOT_STAGED.keys() == known
    assert not staged & NOT_STAGED.keys()
