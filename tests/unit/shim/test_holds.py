from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.desks import Hold
from contracts.desks import Holds as HoldsProtocol
from outbox.database import Database
from shim.holds import KeptHolds
from shim.keys import Blind

HALF_PAST_TWO = datetime(2031, 3, 6, 13, 30, tzinfo=UTC)
WANTED = Hold(
    slot="4711",
    resource="T07",
    starts_at=HALF_PAST_TWO,
    ends_at=HALF_PAST_TWO + timedelta(minutes=30),
    holder="LS-AAAA",
    patient="00000103",
    client="agent",
    conversation="wa-1",
)
OTHER = replace(WANTED, holder="LS-BBBB", patient="00000102", conversation="wa-2")
FOUR = (WANTED.slot, WANTED.holder, WANTED.patient, WANTED.client)


@pytest.fixture
def holds(state: Database) -> KeptHolds:
    return KeptHolds(state, Blind(bytes(32)), "intramed")


def later(hold: Hold, minutes: float, **changes: Any) -> Hold:
    moved = replace(hold, starts_at=hold.starts_at + timedelta(minutes=minutes))
    return replace(moved, ends_at=hold.ends_at + timedelta(minutes=minutes), **changes)


def test_it_is_what_an_adapter_is_promised(holds: KeptHolds) -> None:
    """Type checking compares the class with the protocol here."""
    promised: HoldsProtocol = holds
    assert promised.hold(WANTED, 90) == 90


def test_one_of_two_gets_a_slot(holds: KeptHolds) -> None:
    """The second is refused, and changes nothing of the first."""
    assert holds.hold(WANTED, 90) == 90
    assert holds.hold(OTHER, 90) is None
    assert holds.claim(*FOUR, 1)


@pytest.mark.parametrize(("minutes", "taken"), [(-30, False), (-29, True), (0, True), (29, True), (30, False)])
def test_a_therapist_is_in_one_place(holds: KeptHolds, minutes: float, taken: bool) -> None:
    """Another slot of the same therapist is taken when the times overlap; touching is no overlap."""
    holds.hold(WANTED, 90)
    assert (holds.hold(later(OTHER, minutes, slot="4712"), 90) is None) is taken
    assert holds.hold(later(OTHER, minutes, slot="4713", resource="T08", conversation="wa-3"), 90) == 90


def test_systems_do_not_see_each_other(state: Database, holds: KeptHolds) -> None:
    """The same slot number in another practice is another slot."""
    holds.hold(WANTED, 90)
    elsewhere = KeptHolds(state, Blind(bytes(32)), "intramed-heerlen")
    assert elsewhere.hold(OTHER, 90) == 90
    assert [hold.holder for hold in elsewhere.held(WANTED.starts_at, WANTED.ends_at)] == [OTHER.holder]


def test_the_same_hold_again_has_what_is_left_of_its_time(holds: KeptHolds, let_pass: Callable[[float], None]) -> None:
    """A repeat does not prolong; another patient or client with the same reference is somebody else."""
    holds.hold(WANTED, 90)
    let_pass(60)
    left = holds.hold(WANTED, 90)
    assert left is not None
    assert 25 < left <= 30
    assert holds.hold(replace(WANTED, patient="00000104", conversation=""), 90) is None
    assert holds.hold(replace(WANTED, client="other"), 90) is None


def test_an_expired_hold_is_free_for_others_and_known_for_a_day(
    holds: KeptHolds, let_pass: Callable[[float], None]
) -> None:
    """It cannot be claimed any more, another gets the slot, and its owner is told that it has run out."""
    holds.hold(WANTED, 90)
    assert not holds.known(*FOUR)
    let_pass(90)
    assert not holds.claim(*FOUR, 60)
    assert holds.known(*FOUR)
    assert holds.hold(OTHER, 90) == 90
    assert holds.held(WANTED.starts_at, WANTED.ends_at)[0].holder == OTHER.holder
    let_pass(86_400)
    assert not holds.known(*FOUR)


def test_the_same_call_can_hold_anew_after_it_ran_out(holds: KeptHolds, let_pass: Callable[[float], None]) -> None:
    """As in a backend that has holds: an expired hold is in nobody's way, not even in its owner's."""
    holds.hold(WANTED, 90)
    let_pass(100)
    assert holds.hold(WANTED, 90) == 90
    assert holds.claim(*FOUR, 1)


def test_rows_go_a_day_after_they_ended(state: Database, holds: KeptHolds, let_pass: Callable[[float], None]) -> None:
    """The next hold of anybody sweeps."""
    holds.hold(WANTED, 90)
    let_pass(90 + 86_400)
    holds.hold(later(OTHER, 600), 90)
    assert [row["holder"] for row in state.read("SELECT holder FROM hold")] == [OTHER.holder]


@pytest.mark.parametrize("wrong", range(4))
def test_a_claim_needs_all_four(holds: KeptHolds, wrong: int) -> None:
    """Slot, holder, patient and client: one that differs claims nothing, and knows of nothing."""
    holds.hold(WANTED, 90)
    four = [other if index == wrong else own for index, (own, other) in enumerate(zip(FOUR, "abcd", strict=True))]
    slot, holder, patient, client = four
    assert not holds.claim(slot, holder, patient, client, 60)
    assert not holds.known(slot, holder, patient, client)


def test_a_claim_keeps_the_hold_while_it_is_booked(holds: KeptHolds, let_pass: Callable[[float], None]) -> None:
    """A claim never shortens: at least so many seconds more."""
    holds.hold(WANTED, 90)
    let_pass(85)
    assert holds.claim(*FOUR, 60)
    let_pass(50)
    assert holds.hold(OTHER, 90) is None


def test_a_hold_is_prolonged_once(holds: KeptHolds, let_pass: Callable[[float], None]) -> None:
    """Who confirms wrongly again and again does not keep a slot for ever."""
    holds.hold(WANTED, 90)
    let_pass(80)
    assert holds.claim(*FOUR, 60)
    let_pass(50)
    assert holds.claim(*FOUR, 60)
    let_pass(20)
    assert not holds.claim(*FOUR, 60)
    assert holds.hold(OTHER, 90) == 90


def test_a_claim_that_is_given_back_was_never_there(holds: KeptHolds, let_pass: Callable[[float], None]) -> None:
    """The hold ends when it would have, and its conversation can release it."""
    holds.hold(WANTED, 90)
    let_pass(80)
    assert holds.claim(*FOUR, 60)
    holds.unclaim(*FOUR[:2])
    assert holds.hold(later(WANTED, 15, slot="4712", holder="LS-CCCC"), 90) == 90
    assert not holds.claim(*FOUR, 60)


def test_a_claimed_hold_is_not_released_by_its_conversation(holds: KeptHolds) -> None:
    """Its booking may be on the way: another hold of the conversation neither removes nor overlaps it."""
    holds.hold(WANTED, 90)
    assert holds.claim(*FOUR, 60)
    assert holds.hold(later(WANTED, 15, slot="4712", holder="LS-CCCC"), 90) is None
    assert holds.hold(later(WANTED, 60, slot="4713", holder="LS-DDDD"), 90) == 90
    assert holds.claim(*FOUR, 60)


def test_a_new_hold_releases_the_conversation_s_earlier_one(holds: KeptHolds) -> None:
    """Also when the two overlap; the earlier one is then unknown, not expired."""
    holds.hold(WANTED, 90)
    assert holds.hold(later(WANTED, 15, slot="4712", holder="LS-CCCC"), 90) == 90
    assert not holds.claim(*FOUR, 60)
    assert not holds.known(*FOUR)
    assert holds.hold(later(OTHER, -15), 90) == 90


def test_a_refused_hold_releases_nothing(holds: KeptHolds) -> None:
    """Who asks for a taken slot keeps what they have."""
    holds.hold(WANTED, 90)
    holds.hold(later(OTHER, 60, slot="4712"), 90)
    assert holds.hold(later(WANTED, 60, slot="4712", holder="LS-CCCC"), 90) is None
    assert holds.claim(*FOUR, 60)


@pytest.mark.parametrize("changes", [{"conversation": ""}, {"client": "other"}, {"conversation": "wa-9"}])
def test_only_the_same_conversation_releases(holds: KeptHolds, changes: dict[str, str]) -> None:
    """No conversation, another client's of the same name, or another one: both holds stand."""
    first = replace(WANTED, conversation=changes.get("conversation", "wa-1") and "wa-1")
    holds.hold(first, 90)
    assert holds.hold(later(first, 60, slot="4712", holder="LS-CCCC", **changes), 90) == 90
    assert holds.claim(*FOUR, 60)


def test_releasing_is_idempotent(holds: KeptHolds) -> None:
    """The slot is free at once."""
    holds.hold(WANTED, 90)
    holds.release(WANTED.slot, WANTED.holder)
    holds.release(WANTED.slot, WANTED.holder)
    assert holds.hold(OTHER, 90) == 90


def test_held_tells_times_and_nobody(state: Database, holds: KeptHolds, tmp_path: Path) -> None:
    """What a list of free slots needs, of live holds in the window; no person's key is in the file."""
    holds.hold(WANTED, 90)
    assert holds.held(WANTED.ends_at, WANTED.ends_at + timedelta(hours=1)) == []
    assert holds.held(WANTED.starts_at - timedelta(hours=1), WANTED.starts_at) == []
    (hold,) = holds.held(WANTED.starts_at, WANTED.ends_at)
    assert hold == replace(WANTED, patient="", client="", conversation="")
    state.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("shim.db*"))
    assert WANTED.patient.encode() not in stored
    assert b"wa-1" not in stored
    assert WANTED.holder.encode() in stored
