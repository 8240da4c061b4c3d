"""A delivered record that somebody should look at, as an administrator meets it."""

import json
from pathlib import Path

import pytest

from contracts.delivery import Delivered, Rejected
from outbox.backoff import Backoff
from outbox.worker import Pace, Worker
from shim.demo import planon_section, write_configuration
from shim.root import open_deployment_state, utc_now
from shim.settings import load
from simulators.launch import PlanonAddress
from tests.integration.shim.site import command
from tests.unit.outbox.stand_ins import Receiver, accept

NOWHERE = PlanonAddress("http://127.0.0.1:9", Path("missing.db"))


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with two incidents without a clock, a good one, and a rejected one."""
    monkeypatch.setenv("COLUMNS", "100")
    configuration = write_configuration(tmp_path, {"planon": planon_section(NOWHERE, sla_settle_s=0.1)})
    answers = [Delivered(f"INC-00000{n}", attention="sla_missing" if n < 3 else None) for n in (1, 2, 3)]
    with open_deployment_state(load(configuration)) as state:
        worker = Worker(
            state.outbox, {"planon": Receiver(answers=[*answers, Rejected("E42")])}, utc_now, Backoff(), Pace(threads=0)
        )
        worker.start()
        for number in range(1, 5):
            accept(state.outbox, f"{number}")
        while worker.step("planon"):
            pass
        assert worker.stop(1)
    return configuration


def attention(night: Path) -> dict[str, int]:
    (told,) = json.loads(command(night, "outbox", "status", "--json").stdout)["systems"]
    return dict(told["attention"])


def test_attention_is_told_with_the_command_that_lists_them(night: Path) -> None:
    """Apart from what was rejected; programs get the code; exit code 1 until somebody has looked."""
    run = command(night, "outbox", "status")
    assert run.returncode == 1
    assert "somebody should look at 2 delivered: sla_missing" in run.stdout
    assert "shim outbox list --attention --system planon" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 100
    assert attention(night) == {"sla_missing": 2}


def test_those_that_want_attention_are_listed(night: Path) -> None:
    """And only those, each with its code."""
    listed = json.loads(command(night, "outbox", "list", "--attention", "--json").stdout)
    assert [(row["backend_id"], row["attention"]) for row in listed] == [
        ("INC-000001", "sla_missing"),
        ("INC-000002", "sla_missing"),
    ]
    assert command(night, "outbox", "list", "--attention").stdout.count("sla_missing") == 2
    assert command(night, "outbox", "list", "--attention", "--state", "parked").returncode == 2


def test_seen_is_counted_no_more(night: Path) -> None:
    """The reason is kept; a second time there is nothing to acknowledge."""
    (first, _) = json.loads(command(night, "outbox", "list", "--attention", "--json").stdout)
    assert command(night, "outbox", "seen", first["id"], "--reason", "mended by hand").returncode == 0
    assert attention(night) == {"sla_missing": 1}
    again = command(night, "outbox", "seen", first["id"], "--reason", "again")
    assert (again.returncode, again.stdout) == (1, "")
    assert "mended by hand" in command(night, "explain", first["id"]).stdout


def test_a_check_names_one_or_all(night: Path) -> None:
    """Neither, both, and what is not delivered are refused."""
    assert command(night, "outbox", "check").returncode == 2
    assert command(night, "outbox", "check", "dl_x", "--all").returncode == 2
    (rejected,) = json.loads(command(night, "outbox", "list", "--json").stdout)
    refused = command(night, "outbox", "check", rejected["id"])
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "rejected, not delivered" in refused.stderr


def test_a_check_that_cannot_ask_keeps_the_attention(night: Path) -> None:
    """Planon is down: each was looked at, and still wants attention, since its clock must run by now; exit code 1."""
    run = command(night, "outbox", "check", "--all", "--json")
    assert run.returncode == 1, run.stderr
    assert [row["backend_id"] for row in json.loads(run.stdout)] == ["INC-000001", "INC-000002"]
    assert attention(night) == {"sla_missing": 2}


def test_a_check_that_is_too_early_to_tell_is_no_all_clear(night: Path) -> None:
    """Planon may still compute the clock: looked at again later, and exit code 1 until it is known."""
    night.write_text(night.read_text(encoding="utf-8").replace("sla_settle_s = 0.1", "sla_settle_s = 3600"), "utf-8")
    (first, _) = json.loads(command(night, "outbox", "list", "--attention", "--json").stdout)
    run = command(night, "outbox", "check", first["id"])
    assert run.returncode == 1, run.stderr
    assert "pending" in run.stdout
