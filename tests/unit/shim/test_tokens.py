"""A token opens for its own client, system and kind while it is valid, and is unknown to everybody else."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from contracts.errors import NotFound
from contracts.fields import TokenKind
from shim.keys import KeyRing
from shim.opaque.packing import Opened
from shim.opaque.tokens import KEY_BYTES, Tokens

NOW = datetime(2026, 11, 19, 21, 14, tzinfo=UTC)
RING = KeyRing(bytes(32))
PATIENT = TokenKind.PATIENT


def tokens(now: datetime = NOW, ring: KeyRing = RING) -> Tokens:
    return Tokens(ring, lambda: now)


def minted(now: datetime = NOW) -> str:
    return tokens(now).mint(PATIENT, "agent", "intramed", "100234", "Jansen")


def reason(token: str, kind: TokenKind = PATIENT, client: str = "agent", system: str = "intramed") -> str:
    """Return what is said of a token that does not open."""
    with pytest.raises(NotFound) as raised:
        tokens().open(kind, client, system, token)
    return raised.value.detail


def test_a_token_opens_for_its_own_client_and_system() -> None:
    """What was minted comes back, and nothing of it can be read in the token."""
    token = tokens().mint(TokenKind.HOLD, "agent", "intramed", "77", "donderdag", "100234")
    assert token.startswith("HD_")
    assert not any(text in token for text in ("77-", "donderdag", "100234"))
    assert tokens().open(TokenKind.HOLD, "agent", "intramed", token) == Opened("77", "donderdag", "100234")
    assert tokens().open(PATIENT, "agent", "intramed", minted()) == Opened("100234", "Jansen", None)


def test_a_token_is_the_same_for_a_quarter_of_a_day() -> None:
    """A client that looks a person up twice can see that it is the same person; UTC, from 18:00 to 24:00 here."""
    first = minted()
    assert minted(NOW.replace(hour=18, minute=0)) == minted(NOW.replace(hour=23, minute=59)) == first
    assert minted(NOW.replace(hour=17, minute=59)) != first != minted(NOW + timedelta(hours=3))
    mint = tokens().mint
    others = {mint(PATIENT, "agent", "intramed", "100234", "Janssen"), mint(PATIENT, "agent", "intramed", "100235")}
    assert first not in others


def test_its_length_tells_nothing_of_a_name() -> None:
    """From one letter to 21."""
    lengths = {len(tokens().mint(PATIENT, "agent", "intramed", "100234", "x" * n)) for n in range(22)}
    assert lengths == {67}


def test_a_token_is_short() -> None:
    """A language model has to copy it: with keys of 6 characters, a tenant, a slot and an appointment of somebody."""
    starts_at = datetime(2026, 11, 26, 13, 30, tzinfo=UTC)
    mint = tokens().mint
    assert len(mint(TokenKind.TENANT, "agent", "planon", "T-0001")) == 46
    assert len(mint(TokenKind.SLOT, "agent", "intramed", "100234", starts_at)) == 46
    assert len(mint(TokenKind.APPOINTMENT, "agent", "intramed", "100234", starts_at, "100234")) == 67


@pytest.mark.parametrize("offset", [-11.5, -3, 0, 1, 2, 5.75, 14])
def test_a_time_is_said_in_the_offset_that_it_had(offset: float) -> None:
    """Whatever the machine's own; seconds are not said."""
    zone = timezone(timedelta(hours=offset))
    token = tokens().mint(TokenKind.SLOT, "agent", "intramed", "s", datetime(2026, 3, 1, 0, 5, 59, tzinfo=zone))
    assert tokens().open(TokenKind.SLOT, "agent", "intramed", token).wording == "zondag 1 maart om 00:05"
    token = tokens().mint(TokenKind.SLOT, "agent", "intramed", "s", datetime(1999, 12, 31, 23, 59, tzinfo=zone))
    assert tokens().open(TokenKind.SLOT, "agent", "intramed", token).wording == "vrijdag 31 december om 23:59"


@pytest.mark.parametrize("key", ["", "é" * 127, "x" * 255])
@pytest.mark.parametrize("subject", [None, "", "é" * 20])
@pytest.mark.parametrize("wording", [None, "", "Žofie d'Hond-Müller", "ن" * 120])
def test_whatever_is_in_a_token_comes_back(key: str, subject: str | None, wording: str | None) -> None:
    """Of every length; a name that is longer than any is left out, and a key that is longer than any is a defect."""
    mint, opened = tokens().mint, tokens().open
    token = mint(TokenKind.APPOINTMENT, "agent", "intramed", key, wording, subject)
    assert opened(TokenKind.APPOINTMENT, "agent", "intramed", token) == Opened(key, wording, subject)
    token = mint(TokenKind.APPOINTMENT, "agent", "intramed", key, "x" * 121, subject)
    assert opened(TokenKind.APPOINTMENT, "agent", "intramed", token) == Opened(key, None, subject)
    with pytest.raises(ValueError, match="longer than 255"):
        mint(TokenKind.APPOINTMENT, "agent", "intramed", key + "x" * 256)


def test_a_token_that_does_not_open_is_not_explained() -> None:
    """Another client, system, kind or key, expired, or invented: the same words for all of them."""
    token = minted()
    told = {
        reason(token, client="other"),
        reason(token, system="planon"),
        reason(minted(NOW - timedelta(days=2))),
        reason(tokens(ring=KeyRing(b"1" * 32)).mint(PATIENT, "agent", "intramed", "100234")),
        reason(tokens().mint(TokenKind.TENANT, "agent", "intramed", "100234").replace("TN", "PT", 1)),
        reason(tokens().mint(TokenKind.TENANT, "agent", "intramed", "100234")),
        reason("PT_AbT3kQ"),
    }
    assert told == {"the patient token is not known"}
    with pytest.raises(NotFound, match="the tenant token is not known"):
        tokens().open(TokenKind.TENANT, "agent", "intramed", token)


def test_every_flipped_bit_is_refused() -> None:
    """Of what is sealed, in canonical form."""
    token = minted()
    sealed = base64.urlsafe_b64decode(token[3:] + "=" * (-len(token[3:]) % 4))
    for at in range(len(sealed)):
        for bit in range(8):
            changed = sealed[:at] + bytes([sealed[at] ^ (1 << bit)]) + sealed[at + 1 :]
            reason("PT_" + base64.urlsafe_b64encode(changed).rstrip(b"=").decode())


def test_every_changed_character_and_every_other_spelling_is_refused() -> None:
    """Only the canonical form opens: each bit of each character counts, the two unused ones of the last as well."""
    token = minted()
    spoiled = [
        token[:at] + chr(ord(token[at]) ^ (1 << bit)) + token[at + 1 :] for at in range(len(token)) for bit in range(7)
    ]
    spoiled += [token + "=", token + "A", token[:-1], token.replace("_", "-", 1), f"{token}\n", f" {token}"]
    spoiled += [token[:cut] for cut in range(len(token))]
    spoiled += ["PT_é", "PT_" + "A" * 300, token[:5] + "!" + token[5:], token.lower(), token + "é"]
    for text in spoiled:
        reason(text)


@pytest.mark.parametrize("issued", [NOW.replace(hour=18, minute=0), NOW.replace(hour=23, minute=59, second=59)])
def test_a_token_is_valid_for_a_day_and_for_at_most_a_quarter_more(issued: datetime) -> None:
    """Whenever in its quarter it was issued; a host whose clock is a little behind knows it, too."""
    token = minted(issued)
    ends = NOW.replace(day=21, hour=0, minute=0)
    assert timedelta(hours=24) < ends - issued <= timedelta(hours=30)
    for moment in (issued, NOW.replace(hour=17, minute=56), ends - timedelta(seconds=1)):
        assert tokens(moment).open(PATIENT, "agent", "intramed", token).key == "100234"
    for moment in (ends, NOW.replace(hour=17, minute=54)):
        with pytest.raises(NotFound):
            tokens(moment).open(PATIENT, "agent", "intramed", token)


def test_a_token_opens_after_a_rotation() -> None:
    """The new key mints; what the old one minted opens until its key is retired."""
    token, first, second = minted(), bytes(32), b"1" * 32
    rotated = tokens(ring=KeyRing(second, first))
    assert rotated.open(PATIENT, "agent", "intramed", token).key == "100234"
    new = rotated.mint(PATIENT, "agent", "intramed", "100234", "Jansen")
    assert new == tokens(ring=KeyRing(second)).mint(PATIENT, "agent", "intramed", "100234", "Jansen") != token
    with pytest.raises(NotFound):
        tokens(ring=KeyRing(second)).open(PATIENT, "agent", "intramed", token)


def test_a_token_of_the_release_before_is_unknown() -> None:
    """It had another form under the same key, and lived for a day: 404, and no failure."""
    siv = AESSIV(RING.derive("tokens", KEY_BYTES))
    day = int(NOW.timestamp()) // 86_400
    sealed = siv.encrypt(day.to_bytes(2) + b"100234", [b"1", b"PT", b"agent", b"intramed"])
    assert reason("PT_" + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()) == "the patient token is not known"
