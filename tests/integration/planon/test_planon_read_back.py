import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from adapters.planon.services import Services
from contracts.delivery import Absent, Checked, Conflicting, Delivered, Sending
from contracts.facility import IncidentDelivery, SlaClock
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.services_stage import REPORTED_AT, clock_of, incident, note, services_on, sla, stored

DUE_AT = "2026-11-20T06:14:03+01:00"
RUNNING: dict[str, JsonValue] = {"state": "running", "started_at": "2026-11-19T22:14:03+01:00", "due_at": DUE_AT}
SETTLE_S = 60.0


@pytest.fixture
def planon(simulator: PlanonSimulator) -> Iterator[Services]:
    with services_on(simulator, sla_settle_s=SETTLE_S) as made:
        yield made


def delivered(planon: Services, sending: Sending) -> Delivered:
    outcome = planon.destination.send(sending)
    assert isinstance(outcome, Delivered)
    return outcome


def test_a_clock_that_runs_is_reported_as_the_backend_says_it(planon: Services) -> None:
    """Number, start and due time come from the record; nobody needs to look again."""
    outcome = delivered(planon, incident())
    assert outcome.result == {"incident": outcome.backend_id, "sla": RUNNING}
    assert (outcome.attention, outcome.check_again_s) == (None, None)
    SlaClock.model_validate(outcome.result["sla"])


def test_a_clock_that_comes_late_is_pending_and_then_runs(planon: Services, simulator: PlanonSimulator) -> None:
    """The record is looked at again after a second, and each pause is longer than the one before."""
    sending = incident()
    clock = simulator.ledger._engine.clock
    simulator.ledger._engine.clock = lambda _fields: None  # type: ignore[method-assign,assignment]
    outcome = delivered(planon, sending)
    assert (sla(outcome), outcome.attention, outcome.check_again_s) == ({"state": "pending"}, None, 1.0)
    ages, pauses = [1.0], []
    while ages[-1] < SETTLE_S:
        again = planon.destination.check(sending, outcome.backend_id, ages[-1])
        assert (again.result, again.attention) == (outcome.result, None)
        assert again.check_again_s is not None
        pauses.append(again.check_again_s)
        ages.append(ages[-1] + again.check_again_s)
    assert pauses == [2.0, 4.0, 8.0, 16.0, 29.0]
    (kept,) = simulator.ledger.incidents()
    stored(simulator, clock(kept.fields))
    done = planon.destination.check(sending, outcome.backend_id, 7.0)
    assert done == Checked({"incident": outcome.backend_id, "sla": RUNNING}, None, f"due {DUE_AT}")


@pytest.mark.parametrize("age_s", [60.0, 61.5, 86_400.0])
def test_a_clock_that_never_came_is_missing(planon: Services, age_s: float) -> None:
    """Planon skipped the SLA without a word: somebody must look, and the delivery stays delivered."""
    sending = incident(BO_COST_CENTRE="KP-9999")
    outcome = delivered(planon, sending)
    assert sla(outcome) == {"state": "pending"}
    again = planon.destination.check(sending, outcome.backend_id, age_s)
    assert again.result == {"incident": outcome.backend_id, "sla": {"state": "missing"}}
    assert (again.attention, again.check_again_s) == ("sla_missing", None)
    assert again.evidence == f"no due time; looked at for {age_s:.0f} s"


def test_a_record_that_is_never_readable_is_unverified(planon: Services, simulator: PlanonSimulator) -> None:
    """Until the settling time is over the result stays as it was; then the attention says that nobody knows."""
    sending = incident()
    simulator.apply({"html_502": 100, "on": ["read"]})
    outcome = delivered(planon, sending)
    assert (sla(outcome), outcome.attention, outcome.check_again_s) == ({"state": "unverified"}, None, 1.0)
    again = planon.destination.check(sending, outcome.backend_id, 1.0)
    assert (again.result, again.attention, again.check_again_s) == (None, None, 2.0)
    assert again.evidence.startswith("not read back: gateway: ")
    last = planon.destination.check(sending, outcome.backend_id, SETTLE_S)
    assert last.result == outcome.result
    assert (last.attention, last.check_again_s) == ("sla_unverified", None)
    assert (again.read, last.read) == (False, False)


def test_a_number_without_a_record_is_unverified_and_absent(planon: Services, simulator: PlanonSimulator) -> None:
    """A number that Planon gave and forgot is not taken for a running clock."""
    sending = incident()
    simulator.apply({"drop_incidents": True})
    outcome = delivered(planon, sending)
    assert sla(outcome) == {"state": "unverified"}
    assert isinstance(planon.destination.find(sending), Absent)
    last = planon.destination.check(sending, outcome.backend_id, SETTLE_S)
    assert last.attention == "sla_unverified"
    assert "0 records have this number" in last.evidence


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"BO_TENANT_ID": None}, "tenant (it has none)"),
        ({"BO_TENANT_ID": "TNT-10002"}, "tenant"),
        ({"BO_MANDANT": None}, "mandant"),
        ({"BO_MANDANT": "SCH"}, "mandant"),
        ({"BO_PRIORITY": "3"}, "priority"),
        ({"BO_PRIORITY": None}, "priority"),
        ({"BO_REPORT_DATE": "2026-11-19T22:14:04+01:00"}, "report time"),
        ({"BO_REPORT_DATE": None}, "report time (it has none)"),
        ({"BO_DESCRIPTION": "Kraan lekt\n\nVerbatim:\n kraan <b>lekt</b> & drupt 💧"}, "description"),
        ({"BO_DESCRIPTION": "Kraan"}, "description"),
        ({"BO_DESCRIPTION": None}, "description"),
        ({"BO_PRIORITY": "3", "BO_DESCRIPTION": "Kraan"}, "priority, description"),
    ],
)
def test_a_record_that_differs_is_noticed(
    planon: Services, simulator: PlanonSimulator, fields: dict[str, str | None], named: str
) -> None:
    """A look-up miss or a cut text is named by its field, never by its value, and the clock is told all the same."""
    sending = incident()
    number = delivered(planon, sending).backend_id
    stored(simulator, clock_of(simulator), **fields)
    again = planon.destination.check(sending, number, 1.0)
    assert (again.attention, again.check_again_s) == ("record_differs", None)
    assert again.evidence == f"due {DUE_AT}; differs in {named}"
    assert again.result == {"incident": number, "sla": RUNNING}


def test_a_record_that_differs_is_noticed_at_once_and_looked_at_once_more(
    planon: Services, simulator: PlanonSimulator
) -> None:
    """The delivery itself has no evidence that could name the field; the look that follows has."""
    simulator.apply({"truncate": {"characters": 5}})
    outcome = delivered(planon, incident())
    assert (outcome.attention, outcome.check_again_s) == ("record_differs", 1.0)
    assert sla(outcome)["state"] == "running"


def test_a_record_that_differs_and_has_no_clock_shows_both(planon: Services, simulator: PlanonSimulator) -> None:
    """One attention, two facts: the state says missing and the evidence names the field."""
    sending = incident()
    number = delivered(planon, sending).backend_id
    stored(simulator, None, BO_TENANT_ID=None)
    again = planon.destination.check(sending, number, SETTLE_S)
    assert (again.attention, again.check_again_s) == ("record_differs", None)
    assert again.result == {"incident": number, "sla": {"state": "missing"}}
    assert again.evidence == "no due time; differs in tenant (it has none); looked at for 60 s"


def test_another_record_under_our_number_is_not_ours(planon: Services, simulator: PlanonSimulator) -> None:
    """Its clock is not shown as that of our incident."""
    sending = incident()
    number = delivered(planon, sending).backend_id
    stored(simulator, clock_of(simulator), BO_EXTERNAL_REF="SOMEBODY-ELSES")
    again = planon.destination.check(sending, number, SETTLE_S)
    assert again.result == {"incident": number, "sla": {"state": "unverified"}}
    assert (again.attention, again.read) == ("record_differs", True)
    assert "external reference" in again.evidence


def test_a_found_delivery_is_looked_at_like_an_answered_one(planon: Services, simulator: PlanonSimulator) -> None:
    """After a lost reply the record is compared too, and its clock seen to run."""
    sending = incident()
    simulator.apply({"lose_reply": 1})
    planon.destination.send(sending)
    found = planon.destination.find(sending)
    assert isinstance(found, Delivered)
    assert (found.result["sla"], found.attention, found.check_again_s) == (RUNNING, None, None)
    stored(simulator, None, BO_DESCRIPTION="Kraan")
    found = planon.destination.find(sending)
    assert isinstance(found, Delivered)
    assert (sla(found), found.attention, found.check_again_s) == ({"state": "pending"}, "record_differs", 1.0)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"BO_TENANT_ID": None}, "tenant (it has none)"),
        ({"BO_TENANT_ID": "TNT-10002"}, "tenant"),
        ({"BO_REPORT_DATE": "2026-11-19T22:14:04+01:00"}, "report time"),
        ({"BO_REPORT_DATE": None, "BO_TENANT_ID": None}, "tenant (it has none), report time (it has none)"),
    ],
)
def test_a_match_that_disagrees_conflicts_and_says_in_what(
    planon: Services, simulator: PlanonSimulator, fields: dict[str, str | None], named: str
) -> None:
    """A reference counts only together with its tenant and report time, also when the backend lost the tenant."""
    sending = incident()
    delivered(planon, sending)
    stored(simulator, clock_of(simulator), **fields)
    expected = Conflicting(f"the record with this reference differs in {named}")
    assert planon.destination.find(sending) == expected


def test_a_report_time_is_compared_to_the_second_in_any_offset(planon: Services, simulator: PlanonSimulator) -> None:
    """The backend may answer in UTC."""
    sending = incident()
    delivered(planon, sending)
    stored(simulator, clock_of(simulator), BO_REPORT_DATE="2026-11-19T21:14:03Z")
    assert isinstance(planon.destination.find(sending), Delivered)


def test_a_clock_that_planon_computes_late_is_seen_to_run(planon: Services, simulator: PlanonSimulator) -> None:
    """Followed as the outbox would: wait, look, wait longer."""
    simulator.apply({"sla_late": {"after_s": 1.5}})
    sending = incident()
    outcome = delivered(planon, sending)
    assert sla(outcome) == {"state": "pending"}
    until, looks = time.monotonic() + 60, 0
    again = Checked(outcome.result, None, "", outcome.check_again_s)
    while again.check_again_s is not None and time.monotonic() < until:
        time.sleep(0.1)
        looks += 1
        again = planon.destination.check(sending, outcome.backend_id, looks * 0.1)
    assert again == Checked({"incident": outcome.backend_id, "sla": RUNNING}, None, f"due {DUE_AT}")


@pytest.mark.parametrize(
    ("fault", "attention", "state", "evidence"),
    [
        ("sla_skipped", "sla_missing", "missing", "no due time"),
        ("lookup_miss", "record_differs", "missing", "differs in tenant (it has none)"),
    ],
)
def test_what_planon_keeps_silent_about_is_noticed(
    planon: Services, simulator: PlanonSimulator, fault: str, attention: str, state: str, evidence: str
) -> None:
    """The simulator's own faults, seen in the last look."""
    simulator.apply({fault: 1})
    sending = incident()
    outcome = delivered(planon, sending)
    last = planon.destination.check(sending, outcome.backend_id, SETTLE_S)
    assert (last.attention, last.result) == (attention, {"incident": outcome.backend_id, "sla": {"state": state}})
    assert evidence in last.evidence


@pytest.mark.parametrize(
    "fault", ["bad_date", "unknown_element", "reorder", "truncate_reply", "soap12_fault", "error_200"]
)
def test_a_record_that_is_spoiled_on_its_way_leaves_the_clock_unverified(
    planon: Services, simulator: PlanonSimulator, fault: str
) -> None:
    """Whatever is wrong with the reply to `read`, the incident is delivered and looked at again."""
    simulator.apply({fault: {"times": 1, "on": ["read"]}})
    outcome = delivered(planon, incident())
    assert (sla(outcome), outcome.check_again_s) == ({"state": "unverified"}, 1.0)
    again = planon.destination.check(incident(), outcome.backend_id, 1.0)
    assert (again.result, again.check_again_s) == ({"incident": outcome.backend_id, "sla": RUNNING}, None)


def test_a_note_is_not_looked_at_again(planon: Services) -> None:
    """It has no clock; a look would say nothing and calls nobody."""
    number = delivered(planon, incident()).backend_id
    outcome = delivered(planon, note(number))
    assert outcome.check_again_s is None
    again = planon.destination.check(note(number), outcome.backend_id, 1.0)
    assert (again.result, again.attention, again.check_again_s) == (None, None, None)


def test_a_follow_on_note_takes_its_parents_number(planon: Services, simulator: PlanonSimulator) -> None:
    """What the incident could not hold goes behind it, with the number of the delivery that it continues."""
    number = delivered(planon, incident()).backend_id
    follow_on = note("PARENT-LS-TAP-0", "LS-TAP-2", parent=number)
    outcome = delivered(planon, follow_on)
    (record,) = simulator.ledger.notes()
    assert (record.incident_number, record.external_ref) == (number, "LS-TAP-2")
    assert planon.destination.find(follow_on) == outcome


def test_a_look_has_one_limit_for_all_its_calls(planon: Services, simulator: PlanonSimulator) -> None:
    """A backend that answers each call slowly does not hold a delivery up once per call."""
    from adapters.planon import read_back  # noqa: PLC0415 - its limit is shortened

    simulator.apply({"answer_after_s": 0.3, "on": ["login", "find", "read"]})
    before, read_back._READ_BACK_S = read_back._READ_BACK_S, 0.5  # type: ignore[misc]
    try:
        outcome = delivered(planon, incident())
    finally:
        read_back._READ_BACK_S = before  # type: ignore[misc]
    assert sla(outcome) == {"state": "unverified"}


def test_results_fit_the_reply_model(planon: Services) -> None:
    """Each state goes into the reply as it is."""
    sending = incident(BO_COST_CENTRE="KP-9999")
    outcome = delivered(planon, sending)
    late: Any = planon.destination.check(sending, outcome.backend_id, SETTLE_S).result
    for result in (outcome.result, late):
        envelope = {"delivery": "dl_" + "0" * 32, "system": "planon", "contract": "create_incident"}
        times = {"reported_at": REPORTED_AT, "accepted_at": datetime.now(UTC) - timedelta(seconds=1)}
        IncidentDelivery.model_validate({**envelope, "state": "delivered", "attempts": 1, **times, **result})
