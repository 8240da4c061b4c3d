"""Faults that change what is stored; the reply shows nothing of it."""

import time
from typing import Any

import pytest
import requests

from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator
from tests.incident import FIELDS
from tests.integration.planon_simulator.raw import NOTE, Caller, replicated, until

DUE = "2026-11-20T06:14:03+01:00"


def test_a_skipped_clock_never_runs(caller: Caller, control: SimulatorControl, soap: Any) -> None:
    """All fifteen fields are right, and neither SOAP nor the ledger ever shows a due time."""
    control.apply(sla_skipped=1)
    assert caller.call("incident").status_code == 200
    assert soap.Incident.read(caller.session, 1002).slaDue is None
    assert [row["sla_due"] for row in control.incidents()] == [DUE, None]
    caller.call("incident")
    assert control.incidents()[2]["sla_due"] == DUE


def test_a_late_clock_appears_later_everywhere(
    simulator: PlanonSimulator, caller: Caller, control: SimulatorControl, soap: Any
) -> None:
    """Absent at first in SOAP, ledger and replica; then there, in the replica after its lag."""
    control.apply(sla_late={"times": 1, "after_s": 2.0})
    began = time.monotonic()
    caller.call("incident")
    assert soap.Incident.read(caller.session, 1002).slaDue is None
    copied = until(lambda: [row for row in replicated(simulator.replica.path) if row[0] == "INC-000002"])
    assert copied == [("INC-000002", None)]
    until(lambda: control.incidents()[1]["sla_due"] == DUE)
    assert time.monotonic() - began >= 2.0
    assert soap.Incident.read(caller.session, 1002).slaDue is not None
    until(lambda: ("INC-000002", DUE) in replicated(simulator.replica.path))


def test_a_late_clock_of_a_wrong_document_never_runs(caller: Caller, control: SimulatorControl) -> None:
    """Lateness repairs nothing."""
    control.apply(sla_late={"after_s": 0.0})
    caller.call("incident", BO_PRIORITY="1")
    caller.call("incident")
    assert [row["sla_due"] for row in control.incidents()] == [DUE, None, DUE]


def test_a_long_value_is_cut_off_silently(caller: Caller, control: SimulatorControl, soap: Any) -> None:
    """Incident and note alike; the ledger keeps what was sent beside what is stored."""
    control.apply(truncate={"characters": 9})
    assert caller.call("incident").status_code == 200
    assert caller.call("note").status_code == 200
    assert soap.Incident.read(caller.session, 1002).description == "Kraan in "
    incident, (note,) = control.incidents()[1], control.notes()
    assert (incident["description"], incident["sent_description"]) == ("Kraan in ", FIELDS["BO_DESCRIPTION"])
    assert incident["sent_fields"] == {"BO_DESCRIPTION": FIELDS["BO_DESCRIPTION"]}
    assert (note["text"], note["sent_text"]) == ("Het water", NOTE["TEXT"])
    assert incident["faults"] == note["faults"] == ["truncate"]


def test_a_look_up_that_misses_stores_nothing(caller: Caller, control: SimulatorControl, soap: Any) -> None:
    """Tenant, mandant, location and asset are empty, the clock does not run, and the reply says nothing."""
    control.apply(lookup_miss=True)
    assert caller.call("incident", BO_ASSET="CV-0114").status_code == 200
    assert caller.call("note").status_code == 200
    incident, (note,) = control.incidents()[1], control.notes()
    record = soap.Incident.read(caller.session, 1002)
    assert (record.tenantId, record.mandant, record.slaDue) == (None, None, None)
    assert (incident["tenant_id"], incident["sent_tenant_id"]) == (None, "TNT-10001")
    assert incident["sent_fields"].keys() == {"BO_TENANT_ID", "BO_MANDANT", "BO_PROPERTY", "BO_LOCATION", "BO_ASSET"}
    assert (note["tenant_id"], note["sent_tenant_id"], note["text"]) == ("", "TNT-10001", NOTE["TEXT"])


def test_without_a_fault_everything_is_stored_as_sent(caller: Caller, control: SimulatorControl) -> None:
    """The columns for a judge are there all the same."""
    caller.call("note")
    (incident,), (note,) = control.incidents(), control.notes()
    assert (incident["faults"], incident["sent_fields"]) == ([], {})
    assert incident["sent_description"] == incident["description"]
    assert (note["faults"], note["sent_text"]) == ([], note["text"])


def test_a_dropped_incident_is_counted_apart(caller: Caller, control: SimulatorControl) -> None:
    """Its number and reference are kept for a judge, outside of what is committed."""
    control.apply(drop_incidents=1)
    assert b"INC-000002" in caller.call("incident", BO_EXTERNAL_REF="GONE").content
    assert control.dropped() == [
        {"incident_number": "INC-000002", "external_ref": "GONE", "faults": ["drop_incidents"]}
    ]
    assert [row["commit"] for row in control.incidents()] == [1]


@pytest.mark.parametrize("operation", ["incident", "note"])
def test_a_late_commit_can_be_given_up_at_once(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """The connection breaks now, the work is done later."""
    before = control.tally()[f"{operation}s"]
    control.apply(commit_late={"times": 1, "after_s": 1.0, "reset_after_s": 0})
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError, match="reset"):
        caller.call(operation)
    assert control.tally()[f"{operation}s"] == before
    assert until(lambda: control.tally()[f"{operation}s"] == before + 1)
    assert time.monotonic() - began >= 1.0


def test_commits_have_one_order_over_incidents_and_notes(caller: Caller, control: SimulatorControl) -> None:
    """The running number tells which of two was first, also when a late one comes in between."""
    control.apply(commit_late={"times": 1, "after_s": 1.0, "reset_after_s": 0})
    with pytest.raises(requests.ConnectionError):
        caller.call("note", EXTERNAL_REF="LATE")
    caller.call("incident")
    until(control.notes)
    caller.call("note")
    assert [row["commit"] for row in control.incidents()] == [1, 2]
    assert [(row["external_ref"], row["commit"]) for row in control.notes()] == [("LATE", 3), ("DEMO-NOTE", 4)]


@pytest.mark.parametrize("status", ["In progress", "Completed", "Canceled", "Reported"])
def test_a_planner_changes_a_state(
    simulator: PlanonSimulator, caller: Caller, control: SimulatorControl, soap: Any, status: str
) -> None:
    """SOAP shows it at once, the replica after its lag; the clock is left alone."""
    control.apply(lag_s=600)
    control.set_status("INC-000001", status)
    record = soap.Incident.read(caller.session, 1001)
    assert (record.status, record.slaDue is None) == (status, False)
    control.apply(lag_s=0)
    until(lambda: replicated(simulator.replica.path, "status, sla_due") == [(status, DUE)])


@pytest.mark.parametrize(
    "action",
    [
        {"number": "INC-000009", "status": "Completed"},
        {"number": "INC-000001", "status": "Closed"},
        {"number": "INC-000001"},
        {"number": "INC-000001", "status": "Completed", "priority": 1},
    ],
)
def test_a_planner_cannot_do_everything(
    simulator: PlanonSimulator, caller: Caller, control: SimulatorControl, action: dict[str, Any]
) -> None:
    """An unknown incident, an unknown state and anything else is a 400."""
    del caller
    assert requests.post(f"{simulator.control_url}/incident", json=action, timeout=30).status_code == 400
    assert control.incidents()[0]["status"] == "Reported"
