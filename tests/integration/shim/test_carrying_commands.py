"""The whole state elsewhere and back, as an administrator types it."""

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from shim.cli.commands import app
from shim.demo import planon_section, write_configuration
from simulators.launch import PlanonAddress, address_of, running_planon, start_shim
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, Site

NOWHERE = PlanonAddress("http://127.0.0.1:9", Path("missing.db"))
WHY = ("--reason", "the disk was replaced")


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A configuration whose Planon does not exist, with one client."""
    made = write_configuration(tmp_path, {"planon": planon_section(NOWHERE)})
    run(made, "clients", "add", "agent", "-s", "planon:*")
    return made


def run(configuration: Path, *arguments: str) -> Result:
    """Run a command in this process: a new one takes two seconds to begin."""
    return CliRunner().invoke(app, ["--config", str(configuration), *arguments], catch_exceptions=False)


def refused(configuration: Path, *arguments: str) -> str:
    result = run(configuration, "outbox", *arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    (line,) = result.stderr.splitlines()
    return line


def done(configuration: Path, *arguments: str) -> str:
    result = run(configuration, "outbox", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_restored_backup_brings_no_incident_twice(tmp_path: Path) -> None:
    """Made while the shim serves, refused while it does, and nothing is sent that Planon has."""
    with running_planon(tmp_path) as (planon, address):
        configuration = write_configuration(
            tmp_path, {"planon": planon_section(address, **FAST_PLANON)}, outbox=FAST_OUTBOX
        )
        key = run(configuration, "clients", "add", "agent", "-s", "planon:*").stdout.strip()
        kept = tmp_path / "kept.db"
        with start_shim(configuration, "--no-worker") as service:
            site = Site(tmp_path, address_of(service), {"agent": key}, planon)
            report = site.report(site.tenant())
            for number in range(2):
                answer = site.post("/v1/planon/create_incident", {**report, "summary": f"{number}"}, Prefer="wait=0")
                assert answer.status_code == 202
            done(configuration, "backup", str(kept))
            done(configuration, "drain")
            assert len(planon.incidents()) == 2
            assert "stop the service" in refused(configuration, "restore", str(kept), *WHY)
        told = json.loads(done(configuration, "restore", str(kept), *WHY, "--json"))
        assert (told["entries"], told["unknown"]) == (2, 2)
        assert "2 delivered, 0 left" in done(configuration, "drain")
        assert len(planon.incidents()) == 2
        assert "Every payload is what was validated" in done(configuration, "verify")


def test_after_a_lost_state_a_repeated_request_brings_no_second_incident(tmp_path: Path) -> None:
    """No backup at all: the same client name and Idempotency-Key are the same reference, and Planon has it."""
    with running_planon(tmp_path) as (planon, address):
        configuration = write_configuration(
            tmp_path, {"planon": planon_section(address, **FAST_PLANON)}, outbox=FAST_OUTBOX
        )
        asked: dict[str, Any] = {}
        for lost in (False, True):
            key = run(configuration, "clients", "add", "agent", "-s", "planon:*").stdout.strip()
            if lost:
                done(configuration, "restore", "--in-place", "--reason", "the disk is lost, and there is no backup")
            with start_shim(configuration, "--no-worker") as service:
                site = Site(tmp_path, address_of(service), {"agent": key}, planon)
                asked = asked or site.report(site.tenant())
                headers = {"Prefer": "wait=0", "Idempotency-Key": "the-only-one"}
                assert site.post("/v1/planon/create_incident", asked, **headers).status_code == 202
                done(configuration, "drain")
            assert len(planon.incidents()) == 1
            for file in tmp_path.glob("shim.db*"):
                shutil.rmtree(file) if file.is_dir() else file.unlink()


def test_an_export_is_loaded_elsewhere_with_the_same_key(quiet: Path, tmp_path: Path) -> None:
    """Into an empty state, whole, and once."""
    file = tmp_path / "state.jsonl"
    told = json.loads(done(quiet, "export", "--to", str(file), "--json"))
    assert told["tables"]["client"] == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # The audit has the end of the first export and the beginning of the second.
    assert len(done(quiet, "export").splitlines()) == len(file.read_text("utf-8").splitlines()) + 2
    (elsewhere := tmp_path / "elsewhere").mkdir()
    second = write_configuration(elsewhere, {"planon": planon_section(NOWHERE)})
    assert "another master key" in refused(second, "import", str(file), *WHY)
    (elsewhere / "shim.db").unlink()
    shutil.copy2(tmp_path / "master.key", elsewhere / "master.key")
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(file.read_bytes()[:-20])
    assert "cut off" in refused(second, "import", str(torn), *WHY)
    done(second, "import", str(file), *WHY)
    assert "not empty" in refused(second, "import", str(file), *WHY)
    assert "agent" in run(second, "clients", "list").stdout


def test_a_state_moves_to_postgresql(
    quiet: Path, create_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who still names the file is refused, and told where it went; who names the server finds all of it."""
    url = create_database()
    assert "state = " in done(quiet, "migrate-store", "--to", url, *WHY)
    assert "put away" in refused(quiet, "list")
    monkeypatch.setenv("SHIM_STATE", url)
    assert "agent" in run(quiet, "clients", "list").stdout
    assert "pg_basebackup" in refused(quiet, "backup", str(quiet.parent / "kept.db"))
    assert "pg_basebackup" in refused(quiet, "restore", str(quiet), *WHY)
    assert "a system that cannot be asked parks it" in done(quiet, "restore", "--in-place", *WHY)
    assert "+" in json.loads(done(quiet, "restore", "--in-place", *WHY, "--json"))["asked_until"]
    assert json.loads(done(quiet, "verify", "--json")) == {"destinations": {}, "damaged": {}}


def test_pruning_says_what_and_asks_why(quiet: Path) -> None:
    """Without a reason only a dry run; and an age that is none is refused."""
    assert "--reason is missing" in refused(quiet, "prune", "--older-than", "90d")
    assert "no age" in refused(quiet, "prune", "--older-than", "long", *WHY)
    assert "let go apart" in refused(quiet, "prune", "--older-than", "90d", "--attempts", "--payloads", *WHY)
    told = json.loads(done(quiet, "prune", "--older-than", "90d", "--dry-run", "--json"))
    assert told == {"what": "payloads", "entries": 0, "damaged": [], "dry_run": True}
    assert "The attempts of 0 entries" in done(quiet, "prune", "--older-than", "90d", "--attempts", *WHY)
