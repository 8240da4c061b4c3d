from dataclasses import replace
from datetime import datetime

import pytest

from contracts.delivery import Absent, Conflicting, Delivered, Document, NotSent, OutcomeUnknown, Rejected, Sending
from contracts.desks import Call
from contracts.facility import FacilityNoteRequest
from tests.integration.planon.planon_site import REPORTED_AT, TENANT, Site, sending_of

REFERENCE = "LS-NOTE"
DELIVERY = "dl_" + "a" * 32
TEXT = "  het lekt <nog> steeds & erger 💧\n\n"


def note(site: Site, **changes: object) -> Document:
    request = {"tenant": TENANT, "text": TEXT, "reported_at": REPORTED_AT}
    return site.desk.log_note(FacilityNoteRequest.model_validate(request | changes), Call(REFERENCE))


@pytest.fixture
def number(site: Site) -> str:
    """Number of an incident that is already in the backend."""
    outcome = site.desk.destination.send(sending_of(site.incident()))
    assert isinstance(outcome, Delivered)
    return outcome.backend_id


@pytest.fixture
def sending(site: Site, number: str) -> Sending:
    """A note on that incident."""
    return sending_of(note(site, incident=number), REFERENCE)


def test_a_note_lands_character_for_character(site: Site, sending: Sending, number: str) -> None:
    """The text in the communication log is the composed text, blanks at both ends included."""
    outcome = site.desk.destination.send(sending)
    (record,) = site.simulator.ledger.notes()
    assert outcome == Delivered(str(record.syscode), {"note": str(record.syscode), "incident": number})
    assert record.text == TEXT
    assert datetime.fromisoformat(record.reported_at) == REPORTED_AT.replace(microsecond=0)


def test_a_note_follows_the_number_of_its_delivery(site: Site, number: str) -> None:
    """Only the slot changes between the frozen bytes and the record."""
    document = note(site, delivery=DELIVERY)
    assert document.follows == DELIVERY
    outcome = site.desk.destination.send(sending_of(document, REFERENCE, parent=number))
    assert isinstance(outcome, Delivered)
    (record,) = site.simulator.ledger.notes()
    assert (record.incident_number, record.text) == (number, TEXT)


def test_a_parents_number_that_is_no_number_is_rejected(site: Site) -> None:
    """Nothing but a number may be put into a frozen document."""
    sending = sending_of(note(site, delivery=DELIVERY), REFERENCE, parent="X</INCIDENT_NUMBER>")
    assert isinstance(site.desk.destination.send(sending), Rejected)


def test_a_note_on_anothers_incident_is_rejected(site: Site, number: str) -> None:
    """The incident's own tenant decides, read from the backend just before."""
    document = note(site, incident=number, tenant="TNT-10002")
    outcome = site.desk.destination.send(sending_of(document, REFERENCE))
    assert outcome == Rejected("no such incident of this tenant", not_found=True)
    assert site.simulator.ledger.notes() == []


def test_a_note_on_no_incident_is_rejected(site: Site) -> None:
    """A number that the backend does not know will not become one by waiting."""
    outcome = site.desk.destination.send(sending_of(note(site, incident="INC-999999"), REFERENCE))
    assert outcome == Rejected("no such incident of this tenant", not_found=True)


def test_a_session_that_ended_is_renewed_for_a_note(site: Site, sending: Sending) -> None:
    """The fault for an ended session proves that the note was not written, so it is written once."""
    site.simulator.apply({"expire_sessions": True})
    assert isinstance(site.desk.destination.send(sending), Delivered)
    assert len(site.simulator.ledger.notes()) == 1


def test_a_failed_read_before_the_note_is_not_sent(site: Site, sending: Sending) -> None:
    """As long as `create` was not called, nothing can have happened."""
    site.simulator.apply({"html_502": 1, "on": ["read"]})
    assert isinstance(site.desk.destination.send(sending), NotSent)


def test_a_lost_reply_to_a_note_is_unknown_and_then_found(site: Site, sending: Sending, number: str) -> None:
    """Asking the communication log by reference settles it."""
    site.simulator.apply({"lose_reply": 1})
    assert isinstance(site.desk.destination.send(sending), OutcomeUnknown)
    found = site.desk.destination.find(sending)
    assert isinstance(found, Delivered)
    assert found.result["incident"] == number


def test_a_note_that_was_never_sent_is_absent(site: Site, sending: Sending) -> None:
    """No record, no guess."""
    assert isinstance(site.desk.destination.find(sending), Absent)


def test_two_notes_with_one_reference_conflict(site: Site, sending: Sending) -> None:
    """A duplicate is never chosen from."""
    site.desk.destination.send(sending)
    site.desk.destination.send(sending)
    assert isinstance(site.desk.destination.find(sending), Conflicting)


def test_a_note_with_another_time_conflicts(site: Site, sending: Sending) -> None:
    """A reference counts only together with its report time."""
    site.desk.destination.send(sending)
    found = site.desk.destination.find(replace(sending, reported_at=REPORTED_AT.replace(minute=15)))
    assert isinstance(found, Conflicting)


def test_a_note_that_landed_under_another_incident_conflicts(site: Site, sending: Sending) -> None:
    """Its reference, tenant and time are ours, but whoever reads that incident should not."""
    site.desk.destination.send(sending)
    (record,) = site.simulator.ledger.notes()
    site.simulator.ledger._notes.put(record.syscode, replace(record, incident_number="INC-000099"))
    assert site.desk.destination.find(sending) == Conflicting(
        "the record with this reference is not under the incident that the note names"
    )
