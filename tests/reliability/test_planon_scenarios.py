"""Every row of the scenario table, through the service and over HTTP, judged by Planon's own ledger."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import pytest
import requests

from simulators.planon.faults import Fault
from simulators.planon.reference import Tenant
from tests.integration.shim.site import minutes_ago, until
from tests.reliability.facility import Client, Facility, running_facility, tenants
from tests.reliability.planon_table import DELIVERED, FOUND, TABLE, Ends, Row

OUTBOX = {"first_s": 0.05, "cap_s": 0.2, "threads": 2, "probe_s": 0.2, "ramp_s": 0.1}
OPTIONS = {
    "timeout_s": 1.5,
    "connect_timeout_s": 1.5,
    "replica_deadline_s": 2.0,
    "settle_s": 1.2,
    "sla_settle_s": 1.2,
}
WAIT_S, QUEUED_WAIT_S = 25, 1
SUMMARY = "melding {}, kraan lekt al sinds gisteravond"


@dataclass
class Desk:
    """A facility, one client, and tenants whose rows were read already, or were not."""

    facility: Facility
    client: Client
    known: str
    strangers: Iterator[str]
    numbers: Iterator[int] = field(default_factory=count)

    def key(self) -> str:
        return f"rij-{next(self.numbers)}"

    def write(self, contract: str, body: dict[str, Any], key: str, ends: Ends) -> requests.Response:
        wait_s = QUEUED_WAIT_S if ends.answered == requests.codes.accepted else WAIT_S
        return self.client.post(contract, {"reported_at": minutes_ago(30), **body}, key, wait_s)

    def rest(self, delivery: str) -> dict[str, Any]:
        """Return a delivery when nothing will happen to it any more."""
        moving = f"id = '{delivery}' AND (state IN ('ready', 'in_flight', 'unknown') OR check_at IS NOT NULL)"
        until(lambda: self.facility.count(moving), lambda left: left == 0)
        return self.client.delivery(delivery)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("scenarios")
    with running_facility(folder, outbox=OUTBOX, options=OPTIONS) as facility:
        client = facility.client()
        known, *others = tenants(12)
        yield Desk(facility, client, client.tenant(known), strangers(facility, known, others))
        client.close()


def strangers(facility: Facility, known: Tenant, others: list[Tenant]) -> Iterator[str]:
    """Yield tenants whose rows are forgotten as soon as they are found; those of the known one are not."""
    for other in others:
        token = facility.client().tenant(other)
        facility.forget_rows()
        facility.client().tenant(known)
        yield token


@pytest.fixture(autouse=True)
def calm(desk: Desk) -> Iterator[None]:
    yield
    desk.facility.planon.apply(calm=True)


def test_every_fault_has_a_row() -> None:
    """A fault that the stand-in learns is a row here."""
    assert {row.fault for row in TABLE} == {str(fault) for fault in Fault}


@pytest.mark.parametrize("row", [row for row in TABLE if row.incident], ids=lambda row: row.name)
def test_create_incident(desk: Desk, row: Row) -> None:
    """A report ends as its row says, and a note that follows it is in Planon after it."""
    ends = row.incident
    assert ends is not None
    key = desk.key()
    summary = SUMMARY.format(key)
    tenant = desk.known if row.known else next(desk.strangers)
    body = {"tenant": tenant, "severity": "high", "summary": summary, "message": "nog steeds"}
    desk.facility.planon.apply(**row.changes)
    answer = desk.write("create_incident", body, key, ends)
    found = judged(desk, row, ends, answer, "incidents", "description", summary)
    if found is not None and ends.attention != "record_differs" and ends.state == "delivered":
        note = {"tenant": tenant, "delivery": answer.json()["delivery"], "text": f"bij {key}"}
        follows = desk.write("log_note", note, f"{key}-note", Ends())
        assert follows.status_code == requests.codes.created, follows.text
        (noted,) = [note for note in desk.facility.planon.notes() if note["text"] == f"bij {key}"]
        assert noted["incident_number"] == found["incident_number"]
        assert noted["committed_at"] > found["committed_at"]


@pytest.mark.parametrize("row", [row for row in TABLE if row.note], ids=lambda row: row.name)
def test_log_note(desk: Desk, row: Row) -> None:
    """A note on an incident that Planon has ends as its row says."""
    ends = row.note
    assert ends is not None
    key = desk.key()
    incident = {"tenant": desk.known, "severity": "low", "summary": f"voor {key}", "message": "kraan lekt"}
    made = desk.write("create_incident", incident, f"{key}-incident", Ends()).json()
    text = SUMMARY.format(key)
    desk.facility.planon.apply(**row.changes)
    answer = desk.write("log_note", {"tenant": desk.known, "incident": made["incident"], "text": text}, key, ends)
    found = judged(desk, row, ends, answer, "notes", "text", text)
    if found is not None:
        assert found["incident_number"] == made["incident"]


def judged(
    desk: Desk, row: Row, ends: Ends, answer: requests.Response, kind: str, text: str, words: str
) -> dict[str, Any] | None:
    """Let the fault end, and compare the delivery and the ledger with the row; return Planon's record, if any."""
    assert answer.status_code == ends.answered, answer.text
    told = answer.json()
    lasts = row.told == "all the time" and ends.attention
    if not lasts:
        desk.facility.planon.apply(calm=True)
    if ends.state:
        delivery = told if "state" in told else told["delivery"]
        end = desk.rest(delivery["delivery"])
        assert (end["state"], end.get("attention")) == (ends.state, ends.attention), end
        desk.facility.planon.apply(calm=True)
        assert ends.reason in end.get("reason", ""), end
        assert ends.sends is None or end["attempts"] == ends.sends, end
        assert desk.facility.found(delivery["delivery"]) == ends.found
        if kind == "incidents" and ends in {DELIVERED, FOUND}:
            assert end["sla"]["state"] == "running", end
    records = getattr(desk.facility.planon, kind)()
    found = [record for record in records if record[text][:30] == words[:30]]
    assert len(found) == ends.records, found
    for record in found:
        told_at = datetime.fromisoformat(delivery["reported_at"])
        assert datetime.fromisoformat(record["reported_at"]) == told_at
    return found[0] if found else None
