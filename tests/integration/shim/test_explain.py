"""`shim explain` reads state and key alone; and the page that shows it shows what it prints."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.delivery import Delivered, NotSent, Rejected
from outbox.backoff import Backoff
from outbox.entry import Entry
from outbox.worker import Pace, Worker
from shim.demo import write_configuration
from shim.root import State, open_deployment_state, utc_now
from shim.settings import load
from tests.integration.shim import explained
from tests.integration.shim.site import command
from tests.unit.outbox.stand_ins import Receiver, accept

SLA = {"state": "missing", "started_at": "2026-11-19T22:14:03+01:00"}


@dataclass
class Past:
    """Deliveries of a system of which the configuration says nothing any more."""

    configuration: Path
    state: State
    receiver: Receiver

    def deliver(self) -> None:
        worker = Worker(self.state.outbox, {"planon": self.receiver}, utc_now, Backoff(), Pace(threads=0))
        worker.start()
        while worker.step("planon"):
            pass
        assert worker.stop(1)

    def explain(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return command(self.configuration, "explain", *arguments)

    def told(self, *arguments: str) -> dict[str, Any]:
        run = self.explain(*arguments, "--json")
        assert run.returncode == 0, run.stderr
        return dict(json.loads(run.stdout))


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Past]:
    monkeypatch.setenv("COLUMNS", "100")
    configuration = write_configuration(tmp_path, {})
    with open_deployment_state(load(configuration)) as state:
        yield Past(configuration, state, Receiver())


def missing_clock(past: Past) -> Entry:
    """An incident without an SLA clock, and two notes that continue it, the first of them rejected."""
    answer = Delivered("INC-000482", {"incident": "INC-000482", "sla": dict(SLA)}, attention="sla_missing")
    past.receiver.answers = [answer, Rejected("E42")]
    incident = accept(past.state.outbox, "1", body=b"<Incident>kraan lekt</Incident>")
    for name in ("2", "3"):
        accept(past.state.outbox, name, order_key=incident.order_key, follows=incident.id, continues=incident.id)
    past.deliver()
    return incident


def test_all_that_is_known_is_told_without_system_or_backend(past: Past) -> None:
    """By number as by delivery; who must act sees it; no word of the tenant."""
    incident = missing_clock(past)
    told = past.told("INC-000482")
    assert told == past.told(incident.id) == past.told("INC-000482", "--system", "planon")
    assert set(told) == set(explained.MEMBERS)
    assert (told["state"], told["attention"], told["sla"]) == ("delivered", "sla_missing", SLA)
    assert told["payload"]["intact"] is True
    assert [(a["action"], a["outcome"], a["evidence"]) for a in told["attempts"]] == [("send", "delivered", "answered")]
    assert [(part["state"], part["reason"]) for part in told["follow_ons"]] == [("rejected", "E42"), ("waiting", None)]
    assert told["sources"] == [
        {"element": "BO_PRIORITY", "value": "2", "rule": "matrix", "origin": "priority_matrix[SCH, high]"}
    ]
    screen = past.explain("INC-000482").stdout
    for word in (
        "sla_missing",
        "INC-000482",
        "missing, from 2026-11-19T22:14:03+01:00",
        "E42",
        "LS-1",
        "those that were",
    ):
        assert word in screen
    assert "kraan" not in screen + json.dumps(told)
    assert max(map(len, screen.splitlines())) <= 100


def test_a_part_that_waits_names_what_it_waits_for(past: Past) -> None:
    """And what it continues."""
    incident = missing_clock(past)
    rejected, waiting = past.state.outbox.continuations(incident)
    told = past.told(waiting.id)
    assert (told["continues"], told["behind"]["delivery"], told["behind"]["state"]) == (
        *(incident.id, rejected.id, "rejected"),
    )
    assert f"{rejected.id}, which is rejected" in past.explain(waiting.id).stdout


def test_acknowledging_is_told(past: Past) -> None:
    """Who asks a year later sees that somebody had looked."""
    incident = missing_clock(past)
    past.state.verifications.seen(incident.id, "SLA entered by hand")
    told = past.told(incident.id)
    assert told["attention"] is None
    assert [(look["outcome"], look["evidence"]) for look in told["verifications"]] == [
        ("seen", "sla_missing: SLA entered by hand")
    ]
    assert "sla_missing: SLA entered by hand" in past.explain(incident.id).stdout


def test_damaged_bytes_are_told(past: Past) -> None:
    """The hash of what was validated stays; nothing is told from bytes that are not those."""
    incident = missing_clock(past)
    sha256 = past.told(incident.id)["payload"]["sha256"]
    with past.state.database.transaction() as tx:
        tx.execute("DROP TRIGGER payload_is_frozen")
        tx.execute("UPDATE payload SET body = particulars")
        tx.execute("UPDATE entry SET result = x'00'")
    told = past.told(incident.id)
    assert (told["payload"]["intact"], told["payload"]["sha256"], told["sources"]) == (False, sha256, [])
    assert told["sla"]["state"] == "damaged"
    assert "DAMAGED" in past.explain(incident.id).stdout


def test_lost_bytes_are_told(past: Past) -> None:
    """What else is known is told all the same."""
    incident = missing_clock(past)
    with past.state.database.transaction() as tx:
        tx.execute("DELETE FROM payload")
    told = past.told(incident.id)
    assert (told["payload"]["intact"], told["payload"]["sha256"], told["attention"]) == (False, None, "sla_missing")
    assert "DAMAGED" in past.explain(incident.id).stdout


def test_no_part_of_a_reason_is_lost_in_a_narrow_terminal(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor in a mail from cron, which has 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    words = "refused: an unexpected status (HTTP 401, text/html, 112 bytes, 0.00 s)"
    past.receiver.answers = [Rejected(words)]
    accept(past.state.outbox)
    past.deliver()
    listed = command(past.configuration, "outbox", "list").stdout
    assert set(words.split()) <= set(listed.split())


def test_what_is_not_one_delivery_is_one_line(past: Past) -> None:
    """Unknown, ambiguous, or in another system: exit code 1."""
    past.receiver.answers = [Delivered("INC-000482"), Delivered("INC-000482"), NotSent("refused")]
    for name in ("1", "2", "3"):
        accept(past.state.outbox, name)
    past.deliver()
    wrong = {
        ("INC-999999",): "no delivery is, or has brought, INC-999999",
        ("dl_f",): "no delivery is",
        ("INC-000482",): "more than one delivery has brought INC-000482",
        ("dl_0",): "more than one delivery starts with dl_0",
        ("INC-000482", "--system", "other"): "INC-000482 in other",
    }
    for arguments, line in wrong.items():
        run = past.explain(*arguments)
        assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1)
        assert line in run.stderr


def test_the_page_shows_what_the_command_prints() -> None:
    """One delivered, one parked and one queued entry, from real runs."""
    assert explained.PAGE.read_text(encoding="utf-8") == explained.render()
