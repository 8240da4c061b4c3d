from datetime import UTC, datetime, timedelta

import pytest

from contracts.errors import NotFound
from contracts.facility import FacilityNoteRequest, FindTenantReply
from contracts.fields import TokenKind
from contracts.practice import ListSlotsReply, Slot
from shim.tokens import KEY_BYTES, Tokens

NOW = datetime(2026, 11, 19, 21, 14, tzinfo=UTC)


def tokens(now: datetime = NOW, key: bytes = bytes(KEY_BYTES)) -> Tokens:
    return Tokens(key, lambda: now)


def test_a_token_opens_for_its_own_client_and_system() -> None:
    """What was minted comes back, and nothing of it can be read in the token."""
    token = tokens().mint(TokenKind.PATIENT, "agent", "intramed", "100234")
    assert token.startswith("PT_")
    assert "100234" not in token
    assert tokens().open(TokenKind.PATIENT, "agent", "intramed", token) == "100234"


def test_a_token_is_the_same_all_day() -> None:
    """A client that looks a person up twice can see that it is the same person."""
    first = tokens().mint(TokenKind.PATIENT, "agent", "intramed", "100234")
    assert tokens(NOW + timedelta(hours=2)).mint(TokenKind.PATIENT, "agent", "intramed", "100234") == first
    assert tokens(NOW + timedelta(hours=4)).mint(TokenKind.PATIENT, "agent", "intramed", "100234") != first


@pytest.mark.parametrize(
    ("kind", "client", "system"),
    [
        (TokenKind.TENANT, "agent", "intramed"),
        (TokenKind.PATIENT, "other", "intramed"),
        (TokenKind.PATIENT, "agent", "planon"),
    ],
)
def test_a_token_is_useless_elsewhere(kind: TokenKind, client: str, system: str) -> None:
    """Another kind, client or system gets the same answer as an invented token."""
    token = tokens().mint(TokenKind.PATIENT, "agent", "intramed", "100234")
    with pytest.raises(NotFound):
        tokens().open(kind, client, system, token)


def test_every_flipped_character_and_every_other_spelling_is_refused() -> None:
    """Only the canonical form opens."""
    token = tokens().mint(TokenKind.PATIENT, "agent", "intramed", "100234")
    spoiled = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token))]
    spoiled += [
        token + "=",
        token + "A",
        token[:-1],
        token.replace("_", "-", 1),
        f"{token}\n",
        f" {token}",
        "PT_",
        "PT",
        "",
    ]
    spoiled += ["PT_é", "PT_" + "A" * 300, token[:5] + "!" + token[5:], token.lower()]
    for text in spoiled:
        with pytest.raises(NotFound):
            tokens().open(TokenKind.PATIENT, "agent", "intramed", text)


def test_a_token_expires() -> None:
    """It opens on its day and the day after, and not before it was issued."""
    token = tokens().mint(TokenKind.PATIENT, "agent", "intramed", "100234")
    assert tokens(NOW + timedelta(days=1)).open(TokenKind.PATIENT, "agent", "intramed", token) == "100234"
    for other in (timedelta(days=2), timedelta(days=-1)):
        with pytest.raises(NotFound):
            tokens(NOW + other).open(TokenKind.PATIENT, "agent", "intramed", token)


def test_another_key_opens_nothing() -> None:
    """Tokens of another deployment are unknown."""
    token = tokens().mint(TokenKind.PATIENT, "agent", "intramed", "100234")
    with pytest.raises(NotFound):
        tokens(key=b"1" * KEY_BYTES).open(TokenKind.PATIENT, "agent", "intramed", token)


def test_models_are_opened_and_sealed_field_by_field() -> None:
    """Optional, nested and repeated token fields are replaced; everything else stays."""
    starts_at = datetime.fromisoformat("2026-11-26T14:30:00+01:00")
    free = Slot(slot="77", starts_at=starts_at, ends_at=starts_at, clinic="MCEN", therapist="T01")
    sealed = tokens().seal_reply(ListSlotsReply(slots=[free, free]), "agent", "intramed")
    assert {slot.slot[:3] for slot in sealed.slots} == {"SL_"}
    assert sealed.slots[0].clinic == "MCEN"

    reply = tokens().seal_reply(FindTenantReply(match="certain", tenant="T-1"), "agent", "planon")
    assert reply.tenant is not None
    request = FacilityNoteRequest.model_validate(
        {"tenant": reply.tenant, "incident": "INC-1", "text": "x", "reported_at": "2026-11-19T22:14:03+01:00"}
    )
    opened = tokens().open_request(request, "agent", "planon")
    assert (opened.tenant, opened.incident) == ("T-1", "INC-1")
    assert tokens().seal_reply(FindTenantReply(match="none"), "agent", "planon").tenant is None
