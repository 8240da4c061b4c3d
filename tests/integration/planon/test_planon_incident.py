import threading
import time
from dataclasses import replace

import pytest

from contracts.delivery import Absent, Conflicting, Delivered, Finding, NotSent, OutcomeUnknown
from contracts.errors import BackendUnavailable
from contracts.facility import IncidentDelivery
from tests.integration.planon.planon_site import REPORTED_AT, Site, sending_of
from tests.integration.planon.services_stage import services_on

DUE_AT = "2026-11-20T06:14:03+01:00"


def test_a_delivered_incident_has_its_number_and_a_running_clock(site: Site) -> None:
    """The answer carries what the backend itself says: number, start at the report time, due time."""
    outcome = site.desk.destination.send(sending_of(site.incident()))
    assert isinstance(outcome, Delivered)
    assert outcome.result == {
        "incident": outcome.backend_id,
        "sla": {"state": "running", "started_at": "2026-11-19T22:14:03+01:00", "due_at": DUE_AT},
    }
    # What was composed is what the record holds: nobody has to look.
    assert (outcome.attention, outcome.check_again_s) == (None, None)


def test_a_result_fits_the_reply_model(site: Site) -> None:
    """The shim can put the result into its reply as it is."""
    outcome = site.desk.destination.send(sending_of(site.incident()))
    assert isinstance(outcome, Delivered)
    reply = IncidentDelivery.model_validate(
        {
            "delivery": "dl_" + "0" * 32,
            "system": "planon",
            "contract": "create_incident",
            "state": "delivered",
            "reported_at": REPORTED_AT,
            "accepted_at": REPORTED_AT,
            "attempts": 1,
            **outcome.result,
        }
    )
    assert reply.sla is not None
    assert reply.sla.due_at is not None
    assert reply.sla.due_at.isoformat() == DUE_AT


@pytest.mark.parametrize("tenant", ["TNT-10001", "TNT-10005"])
def test_the_clock_runs_for_both_mandants(site: Site, tenant: str) -> None:
    """The off-by-one of the priority codes is right for the housing association and for the schools."""
    outcome = site.desk.destination.send(sending_of(site.incident(tenant=tenant)))
    assert isinstance(outcome, Delivered)
    assert outcome.result["sla"]["state"] == "running"  # type: ignore[index,call-overload]


def test_the_record_holds_the_text_character_for_character(site: Site) -> None:
    """Blanks, tabs, emoji, markup and line breaks come through AppSuite and SOAP unchanged."""
    message = "  <b>lekt</b> & drupt 💧\n\n\t]]> huis nr. 14 \n"
    site.desk.destination.send(sending_of(site.incident(message=message, images=["IMG_2214.jpg", "b c.png"])))
    (incident,) = site.simulator.ledger.incidents()
    assert incident.fields["BO_DESCRIPTION"] == (
        f"Kraan in keuken lekt\n\nVerbatim:\n{message}\nImages: IMG_2214.jpg, b c.png"
    )
    assert incident.fields["BO_ATTACHMENTS"] == "IMG_2214.jpg\nb c.png"


def test_a_lost_reply_is_unknown_and_then_found(site: Site) -> None:
    """The incident was committed, so asking by reference gives its number and clock."""
    sending = sending_of(site.incident())
    site.simulator.apply({"lose_reply": 1})
    assert isinstance(site.desk.destination.send(sending), OutcomeUnknown)
    found = site.desk.destination.find(sending)
    assert isinstance(found, Delivered)
    assert found.backend_id == site.simulator.ledger.incidents()[0].number
    assert found.result["sla"]["due_at"] == DUE_AT  # type: ignore[index,call-overload]


def test_a_late_commit_is_absent_first_and_found_later(site: Site) -> None:
    """The reason for a settling time: the backend commits after we have given up."""
    sending = sending_of(site.incident())
    site.simulator.apply({"commit_late": {"times": 1, "after_s": 2.5, "reset_after_s": 0}})
    assert isinstance(site.desk.destination.send(sending), OutcomeUnknown)
    assert isinstance(site.desk.destination.find(sending), Absent)
    until = time.monotonic() + 30
    found: Finding = Absent()
    while isinstance(found, Absent) and time.monotonic() < until:
        time.sleep(0.05)
        found = site.desk.destination.find(sending)
    assert isinstance(found, Delivered)


def test_a_proxys_error_page_is_unknown(site: Site) -> None:
    """HTTP 502 with HTML proves nothing about the machine behind the proxy."""
    site.simulator.apply({"html_502": 1})
    assert isinstance(site.desk.destination.send(sending_of(site.incident())), OutcomeUnknown)


def test_no_answer_in_time_is_unknown(site: Site) -> None:
    """A request that was sent and never answered may have been executed."""
    sending = sending_of(site.incident())
    site.simulator.apply({"stall": True})
    try:
        with services_on(site.simulator, timeout_s=0.5) as impatient:
            assert isinstance(impatient.destination.send(sending), OutcomeUnknown)
    finally:
        site.simulator.apply({"stall": False})


def test_a_refused_connection_is_not_sent(site: Site) -> None:
    """Nothing left this machine, so it may be sent again at once; and the question cannot be asked."""
    sending = sending_of(site.incident())
    site.simulator.apply({"down": True})
    assert isinstance(site.desk.destination.send(sending), NotSent)
    with pytest.raises(BackendUnavailable):
        site.desk.destination.find(sending)


def test_a_dropped_incident_is_unverified_and_absent(site: Site) -> None:
    """A number without a record is not taken for a running clock."""
    sending = sending_of(site.incident())
    site.simulator.apply({"drop_incidents": True})
    outcome = site.desk.destination.send(sending)
    assert isinstance(outcome, Delivered)
    assert outcome.result["sla"] == {"state": "unverified"}
    assert isinstance(site.desk.destination.find(sending), Absent)


def test_an_unreadable_record_leaves_the_clock_unverified(site: Site) -> None:
    """The incident is delivered although its clock could not be read back."""
    site.simulator.apply({"html_502": 1, "on": ["read"]})
    outcome = site.desk.destination.send(sending_of(site.incident()))
    assert isinstance(outcome, Delivered)
    assert outcome.result["sla"] == {"state": "unverified"}


def test_two_records_with_one_reference_conflict(site: Site) -> None:
    """A duplicate is never chosen from."""
    sending = sending_of(site.incident())
    site.desk.destination.send(sending)
    site.desk.destination.send(sending)
    assert site.desk.destination.find(sending) == Conflicting("2 records have this reference")


def test_a_record_of_somebody_else_conflicts(site: Site) -> None:
    """A reference counts only together with its subject."""
    sending = sending_of(site.incident())
    site.desk.destination.send(sending)
    found = site.desk.destination.find(replace(sending, subject="TNT-10002"))
    assert found == Conflicting("the record with this reference differs in tenant")


def test_a_record_with_another_time_conflicts(site: Site) -> None:
    """A reference counts only together with its report time, to the second."""
    sending = sending_of(site.incident())
    site.desk.destination.send(sending)
    found = site.desk.destination.find(replace(sending, reported_at=REPORTED_AT.replace(second=4)))
    assert found == Conflicting("the record with this reference differs in report time")


def test_an_ended_session_is_renewed(site: Site) -> None:
    """A session that idled out costs one more log-in and nothing else."""
    sending = sending_of(site.incident())
    site.desk.destination.send(sending)
    site.simulator.apply({"expire_sessions": True})
    assert isinstance(site.desk.destination.find(sending), Delivered)


def test_many_threads_share_the_desk(site: Site) -> None:
    """Eight deliveries at a time give eight incidents, each found by its own reference."""
    references = [f"LS-{number}" for number in range(8)]
    sendings = [sending_of(site.incident(reference), reference) for reference in references]
    threads = [threading.Thread(target=site.desk.destination.send, args=(sending,)) for sending in sendings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(site.desk.destination.find(sending)) for sending in sendings] == [Delivered] * 8
    assert len(site.simulator._sessions._used_at) == 1
