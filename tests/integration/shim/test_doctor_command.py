"""`shim doctor` as it is typed: exit codes, what it prints, and that it makes and changes nothing."""

import json
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from shim.cli.commands import app
from simulators.intramed.sandbox import copy_sandbox
from tests.integration.shim.doctor_stage import ALWAYS, WITHIN_S, Stage
from tests.integration.shim.site import command


@pytest.fixture
def stage(restored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A healthy deployment."""
    practice = copy_sandbox(restored, tmp_path / "practice.fdb")
    return Stage(tmp_path, monkeypatch, {"practice": {"adapter": "intramed", "database": str(practice), "zone": "UTC"}})


def actions(state: Path) -> list[tuple[str, str]]:
    """Return what the audit tells of commands."""
    with closing(sqlite3.connect(state)) as connection:
        sql = "SELECT action, phase FROM audit_event WHERE action LIKE 'shim %' ORDER BY at, phase"
        return list(connection.execute(sql).fetchall())


def invoked(configuration: Path, *arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["--config", str(configuration), "doctor", *arguments])


def test_it_says_what_is_well_and_makes_nothing(stage: Stage) -> None:
    """Exit code 0, warnings allowed, and no state and no key where there was none."""
    ran = command(stage.configure(), "doctor")  # a process of its own, as all others here need not be
    assert (ran.returncode, ran.stderr) == (0, ""), ran
    assert "✓ statements of SHIM_WRITE: 4 fit" in ran.stdout
    assert not stage.state.exists()
    assert not stage.key.exists()


def test_it_names_what_is_broken_for_people_and_for_programs(stage: Stage) -> None:
    """Exit code 1; a stream that is no terminal gets no colour; the same is in the audit of a state that is there."""
    stage.systems["practice"]["database"] = str(stage.folder / "missing.fdb")
    stage.begin()
    ran = invoked(stage.configure())
    assert ran.exit_code == 1, ran
    assert "The server answers, and the database is not there" in ran.stdout
    assert "Do: Correct the option that names the database" in " ".join(ran.stdout.split())
    assert "\x1b" not in ran.stdout
    told = json.loads(invoked(stage.configure(), "--json", "--system", "practice").stdout)
    found = [one["code"] for section in told["sections"] for step in section["steps"] for one in step["findings"]]
    assert set(found) - ALWAYS == {"database-missing"}
    assert told["broken"] == 1
    assert actions(stage.state) == [("shim doctor", "intent"), ("shim doctor", "outcome")] * 2


def test_a_missing_configuration_is_the_first_finding(tmp_path: Path) -> None:
    """Not a usage error: exit code 1, with what to do."""
    ran = invoked(tmp_path / "shim.toml")
    assert ran.exit_code == 1
    assert "[configuration-missing]" in ran.stdout
    assert "shim init" in ran.stdout


def test_a_system_that_is_not_configured_is_no_finding(stage: Stage) -> None:
    """Exit code 2: the command was typed wrongly."""
    ran = invoked(stage.configure(), "--system", "planon")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr == "shim: no system 'planon' is configured; there are: practice\n"


def test_a_state_of_an_earlier_release_stays_one(stage: Stage) -> None:
    """Opening it for the audit would upgrade it under a service that still runs; so it is not opened."""
    stage.begin()
    stage.sql("DROP TRIGGER entry_ended")
    stage.sql("DROP TABLE ended")
    stage.sql("DELETE FROM migration WHERE package = 'outbox' AND number = 4")
    before = stage.state.read_bytes()
    ran = invoked(stage.configure(), "--json")
    assert ran.exit_code == 0, ran
    assert '"state-older"' in ran.stdout
    assert stage.state.read_bytes() == before
    assert not stage.state.with_name("shim.db-wal").exists()


def test_a_damaged_state_does_not_keep_it_from_looking(stage: Stage) -> None:
    """Nothing on standard error, and the systems are examined all the same."""
    stage.begin()
    stage.state.write_bytes(b"not a database" * 1000)
    ran = invoked(stage.configure())
    assert (ran.exit_code, ran.stderr) == (1, "")
    assert "[state-damaged]" in ran.stdout
    assert "✓ statements of SHIM_READ" in ran.stdout


def test_the_process_ends_although_a_driver_hangs(stage: Stage) -> None:
    """A server that takes the connection and says nothing, with patience for longer than doctor has."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        stage.systems["practice"] |= {
            "database": f"127.0.0.1/{port}:practice",
            "connect_timeout_s": 60,
            "read_password": "x",
            "write_password": "x",
        }
        begun = time.monotonic()
        ran = command(stage.configure(), "doctor")
        assert time.monotonic() - begun < WITHIN_S * 2
    assert ran.returncode == 1
    assert "[server-silent]" in ran.stdout
