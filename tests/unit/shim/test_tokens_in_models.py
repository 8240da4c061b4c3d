"""Requests are opened and replies sealed field by field; what a request named comes back as it was sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.errors import NotFound
from contracts.facility import FacilityNoteRequest, FindTenantReply
from contracts.fields import TokenKind
from contracts.practice import (
    CancelReply,
    CancelRequest,
    ConfirmReply,
    ConfirmRequest,
    FindPatientReply,
    HoldSlotReply,
    HoldSlotRequest,
    ListSlotsReply,
    Slot,
)
from shim.keys import KeyRing
from shim.opaque.packing import Opened
from shim.opaque.tokens import Tokens

NOW = datetime(2026, 11, 19, 21, 14, tzinfo=UTC)
STARTS_AT = datetime.fromisoformat("2026-11-26T14:30:00+01:00")
AGENDA: dict[str, Any] = {"starts_at": STARTS_AT, "ends_at": STARTS_AT, "clinic": "MCEN", "therapist": "T01"}
TOKENS = Tokens(KeyRing(bytes(32)), lambda: NOW)


def mint(kind: TokenKind, key: str, **more: str) -> str:
    return TOKENS.mint(kind, "agent", "intramed", key, **more)


def opened(token: str) -> Opened:
    return TOKENS.open(TokenKind(token[:2]), "agent", "intramed", token)


def test_optional_nested_and_repeated_fields_are_replaced() -> None:
    """Everything else stays."""
    free = Slot(slot="77", **AGENDA)
    sealed = TOKENS.seal_reply(ListSlotsReply(slots=[free, free]), "agent", "intramed")
    assert [slot.model_copy(update={"slot": "77"}) for slot in sealed.slots] == [free, free]
    assert [opened(slot.slot) for slot in sealed.slots] == [Opened("77", "donderdag 26 november om 14:30")] * 2
    assert TOKENS.seal_reply(FindTenantReply(match="none"), "agent", "planon").tenant is None


def test_a_request_is_opened_and_remembers_what_was_sent() -> None:
    """The person that it is about as well."""
    tenant = TOKENS.seal_reply(FindTenantReply(match="certain", tenant="T-1"), "agent", "planon").tenant
    body = {"tenant": tenant, "incident": "INC-1", "text": "x", "reported_at": "2026-11-19T22:14:03+01:00"}
    request, opening = TOKENS.open_request(FacilityNoteRequest.model_validate(body), "agent", "planon")
    assert (request.tenant, request.incident) == ("T-1", "INC-1")
    assert opening.sent == {(TokenKind.TENANT, "T-1"): tenant}
    assert opening.person == "T-1"
    with pytest.raises(NotFound):
        TOKENS.open_request(FacilityNoteRequest.model_validate(body), "other", "planon")


def test_a_name_goes_with_a_patient() -> None:
    """As the reply says it."""
    reply = TOKENS.seal_reply(FindPatientReply(match="certain", patient="100234", name="De Vries"), "agent", "intramed")
    assert reply.patient is not None
    assert opened(reply.patient) == Opened("100234", "De Vries", None)
    assert reply.name == "De Vries"


def test_a_hold_and_an_appointment_belong_to_the_person_that_was_asked_for() -> None:
    """And say when they begin."""
    patient = mint(TokenKind.PATIENT, "100234", wording="De Vries")
    request, opening = TOKENS.open_request(
        HoldSlotRequest(slot=mint(TokenKind.SLOT, "77"), patient=patient), "agent", "intramed"
    )
    assert (request.slot, request.patient) == ("77", "100234")
    reply = TOKENS.seal_reply(HoldSlotReply(hold="5", expires_at=NOW, **AGENDA), "agent", "intramed", opening)
    assert opened(reply.hold) == Opened("5", "donderdag 26 november om 14:30", "100234")

    request_to_confirm, opening = TOKENS.open_request(
        ConfirmRequest(hold=reply.hold, patient=patient), "agent", "intramed"
    )
    assert request_to_confirm.hold == "5"
    confirmed = TOKENS.seal_reply(
        ConfirmReply(appointment="9", name="De Vries", **AGENDA), "agent", "intramed", opening
    )
    assert opened(confirmed.appointment) == Opened("9", "donderdag 26 november om 14:30", "100234")


def test_what_a_request_named_comes_back_as_it_was_sent() -> None:
    """Also hours later, when the same key would get another token: a client compares them."""
    earlier = Tokens(KeyRing(bytes(32)), lambda: NOW.replace(hour=3))
    token = earlier.mint(TokenKind.APPOINTMENT, "agent", "intramed", "9", "vrijdag", "100234")
    patient = mint(TokenKind.PATIENT, "100234")
    asked = CancelRequest.model_validate({"appointment": token, "patient": patient})
    _, opening = TOKENS.open_request(asked, "agent", "intramed")
    assert TOKENS.seal_reply(CancelReply(appointment="9"), "agent", "intramed", opening).appointment == token
    other = TOKENS.seal_reply(CancelReply(appointment="10"), "agent", "intramed", opening).appointment
    assert opened(other) == Opened("10", None, "100234")
