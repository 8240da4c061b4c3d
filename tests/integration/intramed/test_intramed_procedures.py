from datetime import datetime, timedelta
from typing import Any

import pytest

from simulators.intramed.server import WRITER
from tests.integration.intramed.direct import MOMENT, NOBODY, Busy, Direct, Given, direct
from tests.integration.intramed.stage import Practice
from tests.practice_cast import Cast
from tests.practice_records import Hour


@pytest.fixture
def slots(cast: Cast) -> list[int]:
    """Free slots of several therapists, Thursday 14:30."""
    return [place.slot for place in cast.thursday]


@pytest.fixture
def hour(cast: Cast) -> Hour:
    """A free slot of an hour and the two of half an hour that it overlaps, all three free."""
    return cast.hours[0]


@pytest.fixture
def rival(cast: Cast) -> str:
    """Somebody else of the practice."""
    return cast.another.number


@pytest.fixture
def thursday(cast: Cast) -> datetime:
    """When the free slots begin."""
    return cast.moment


def expire(practice: Practice, slot: int) -> None:
    """Let a hold run out without waiting for it."""
    practice.change(
        "update AGENDA set GEHOUDEN_TOT = dateadd(-1 second to cast('NOW' as timestamp)) where NUMMER = ?", slot
    )


def test_a_live_hold_is_repeated_and_an_expired_one_is_new(
    writer: Direct, slots: list[int], practice: Practice, given: Given, rival: str
) -> None:
    """What is left stays what it is while the hold lives; afterwards the same holder gets the whole time."""
    assert writer.row("hold_slot", **given.hold(slots[0]))["seconds_left"] in (89, 90)
    assert writer.row("hold_slot", **given.hold(slots[0], seconds=500))["seconds_left"] in (88, 89, 90)
    writer.commit()
    assert writer.outcome("hold_slot", **given.hold(slots[0], "K2")) == "TAKEN"
    assert writer.outcome("hold_slot", **given.hold(slots[0], patient=rival)) == "TAKEN"
    expire(practice, slots[0])
    assert writer.outcome("confirm", **given.of(slots[0])) == "EXPIRED"
    assert writer.row("hold_slot", **given.hold(slots[0], seconds=500))["seconds_left"] in (499, 500)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"slot": 999_999}, "NO_SLOT"),
        ({"patient": NOBODY}, "NO_PATIENT"),
        ({"moment": timedelta(0)}, "PAST"),
        ({"moment": timedelta(seconds=-1)}, "HELD"),
    ],
)
def test_what_cannot_be_held(
    writer: Direct, slots: list[int], changed: dict[str, Any], outcome: str, given: Given, thursday: datetime
) -> None:
    """A slot and a patient that exist, and a treatment that has not begun: a moment is told from its begin."""
    if "moment" in changed:
        changed = {"moment": thursday + changed["moment"]}
    assert writer.outcome("hold_slot", **given.hold(slots[0]) | changed) == outcome


def test_only_a_hold_that_succeeds_releases_the_conversations_other(
    writer: Direct, slots: list[int], given: Given, rival: str
) -> None:
    """A refusal leaves the person the slot that they had."""
    first, second, taken = slots[:3]
    assert writer.outcome("hold_slot", **given.hold(taken, "K0", rival)) == "HELD"
    assert writer.outcome("hold_slot", **given.hold(first, conversation="C")) == "HELD"
    assert writer.outcome("hold_slot", **given.hold(taken, "K2", conversation="C")) == "TAKEN"
    assert writer.row("hold_slot", **given.hold(first, conversation="C"))["outcome"] == "HELD"
    assert writer.outcome("hold_slot", **given.hold(second, "K2", conversation="C")) == "HELD"
    assert writer.outcome("confirm", **given.of(first)) == "UNKNOWN"
    assert writer.outcome("hold_slot", **given.hold(first, "K3", rival)) == "HELD"
    assert writer.outcome("hold_slot", **given.hold(second, "K4", conversation="C")) == "HELD"
    assert writer.outcome("confirm", **given.of(second, "K2")) == "TAKEN"


def test_a_conversation_holds_one_slot_even_in_two_transactions(
    practice: Practice, writer: Direct, slots: list[int], given: Given
) -> None:
    """Two therapists share no lock; the second hold meets the first one's conversation and begins anew."""
    with direct(practice.database, WRITER, practice.passwords.get(WRITER), lock_s=0) as twin:
        assert writer.row("hold_slot", **given.hold(slots[0], conversation="C"))["outcome"] == "HELD"
        with pytest.raises(Busy):
            twin.row("hold_slot", **given.hold(slots[1], "K2", conversation="C"))
        writer.commit()
        assert twin.outcome("hold_slot", **given.hold(slots[1], "K2", conversation="C")) == "HELD"
        assert writer.outcome("confirm", **given.of(slots[0])) == "UNKNOWN"


def test_a_booked_slot_leaves_its_conversation(
    writer: Direct, slots: list[int], practice: Practice, given: Given
) -> None:
    """The front desk books over an expired hold; the conversation goes on."""
    assert writer.outcome("hold_slot", **given.hold(slots[0], conversation="C")) == "HELD"
    practice.change("update AGENDA set STATUS = 'B' where NUMMER = ?", slots[0])
    assert writer.outcome("hold_slot", **given.hold(slots[1], "K2", conversation="C")) == "HELD"
    assert practice.rows("select STATUS from AGENDA where NUMMER = ?", slots[0]) == [("B",)]


def test_overlapping_slots_are_in_each_others_way(
    writer: Direct, reader: Direct, hour: Hour, given: Given, rival: str
) -> None:
    """While the hour is held neither half can be had, listed, or shown as free, except by its own conversation."""
    long, half, other = hour.slots
    window = {"starts_from": MOMENT, "starts_before": hour.starts_at + timedelta(weeks=9)}
    everywhere = {"max_rows": 10_000, "clinic": "", "therapist": hour.therapist, "minutes": 0, **window}
    assert {row["slot"] for row in reader.rows("list_slots", **everywhere)} > set(hour.slots)
    assert writer.outcome("hold_slot", **given.hold(long, conversation="C")) == "HELD"
    reader.commit()
    assert {row["slot"] for row in reader.rows("list_slots", **everywhere)}.isdisjoint(hour.slots)
    assert {reader.row("slot", slot=number)["status"] for number in hour.slots} == {"T"}
    for number in (half, other):
        assert writer.outcome("hold_slot", **given.hold(number, "K2", rival)) == "TAKEN"
        assert writer.outcome("book", **given.of(number, "K2", rival)) == "TAKEN"
    assert writer.outcome("hold_slot", **given.hold(half, "K3", conversation="C")) == "HELD"
    assert writer.outcome("hold_slot", **given.hold(other, "K4", rival)) == "HELD"
    assert writer.outcome("confirm", **given.of(half, "K3")) == "BOOKED"
    assert writer.outcome("hold_slot", **given.hold(long, "K5", rival)) == "TAKEN"


def test_confirm_meets_what_the_front_desk_booked_over_it(
    writer: Direct, hour: Hour, practice: Practice, given: Given
) -> None:
    """Reception asks nobody; the hold then is worth nothing, and no second appointment is made."""
    long, half, _ = hour.slots
    assert writer.outcome("hold_slot", **given.hold(long)) == "HELD"
    practice.change("update AGENDA set STATUS = 'B' where NUMMER = ?", half)
    assert writer.outcome("confirm", **given.of(long)) == "TAKEN"


def test_confirming_again_is_one_appointment_even_after_it_began(
    writer: Direct, slots: list[int], given: Given, rival: str, thursday: datetime
) -> None:
    """A lost reply is asked for again, however late; a hold never turned into one is past by then."""
    number = given.booked(writer, slots[0])
    late = thursday + timedelta(days=1)
    assert writer.row("confirm", **given.of(slots[0], moment=late))["appointment"] == number
    assert writer.outcome("confirm", **given.of(slots[0], patient=rival)) == "UNKNOWN"
    assert writer.outcome("hold_slot", **given.hold(slots[1], "K2")) == "HELD"
    assert writer.outcome("confirm", **given.of(slots[1], "K2", moment=late)) == "PAST"
    assert writer.outcome("confirm", **given.of(slots[1], "K2", rival)) == "UNKNOWN"


def test_a_cancelled_slot_is_anybodys_but_never_the_old_holds(
    writer: Direct, slots: list[int], given: Given, rival: str, thursday: datetime
) -> None:
    """Cancelling twice frees it once: whoever has it then keeps it."""
    number = given.booked(writer, slots[0])
    cancel = {"appointment": number, "patient": given.patient, "moment": MOMENT}
    assert writer.outcome("cancel", **cancel | {"patient": rival}) == "UNKNOWN"
    assert writer.outcome("cancel", **cancel | {"appointment": 99_999_999}) == "UNKNOWN"
    assert writer.outcome("cancel", **cancel | {"moment": thursday}) == "PAST"
    assert writer.outcome("cancel", **cancel) == "CANCELLED"
    assert writer.outcome("confirm", **given.of(slots[0])) == "UNKNOWN"
    assert writer.outcome("hold_slot", **given.hold(slots[0])) == "TAKEN"
    again = given.booked(writer, slots[0], "K2", rival)
    assert writer.outcome("cancel", **cancel | {"moment": thursday}) == "CANCELLED"
    assert writer.row("confirm", **given.of(slots[0], "K2", rival))["appointment"] == again
    assert writer.outcome("confirm", **given.of(slots[0])) == "UNKNOWN"


def test_a_rebooking_is_whole_or_not_at_all(writer: Direct, slots: list[int], practice: Practice, given: Given) -> None:
    """The new one booked and the old one cancelled, undone together."""
    old = given.booked(writer, slots[0])
    assert writer.outcome("hold_slot", **given.hold(slots[1], "K2")) == "HELD"
    stage = "select NUMMER, STATUS, HOUDER, GEHOUDEN_TOT from AGENDA where NUMMER in (?, ?) order by 1"
    live = "select AGENDA from AFSPRAAK where HOUDER in ('K1', 'K2') and VERVALLEN is null"
    before = practice.rows(stage, *slots[:2])
    assert writer.row("confirm", **given.of(slots[1], "K2"))["outcome"] == "BOOKED"
    assert writer.row("cancel", appointment=old, patient=given.patient, moment=MOMENT)["outcome"] == "CANCELLED"
    writer.rollback()
    assert (practice.rows(stage, *slots[:2]), practice.rows(live)) == (before, [(slots[0],)])
    assert writer.row("confirm", **given.of(slots[1], "K2"))["outcome"] == "BOOKED"
    assert writer.outcome("cancel", appointment=old, patient=given.patient, moment=MOMENT) == "CANCELLED"
    assert [row[1] for row in practice.rows(stage, *slots[:2])] == ["F", "B"]
    assert practice.rows(live) == [(slots[1],)]


def test_book_is_for_free_slots_and_repeats_itself(
    writer: Direct, reader: Direct, slots: list[int], practice: Practice, given: Given, rival: str, thursday: datetime
) -> None:
    """One reference is one appointment; a live hold is in its way and an expired one is not."""
    assert writer.outcome("book", **given.of(999_999)) == "NO_SLOT"
    assert writer.outcome("book", **given.of(slots[0], patient=NOBODY)) == "NO_PATIENT"
    assert writer.outcome("book", **given.of(slots[0], moment=thursday)) == "PAST"
    assert writer.outcome("hold_slot", **given.hold(slots[0], "K0", rival)) == "HELD"
    assert writer.outcome("book", **given.of(slots[0])) == "TAKEN"
    expire(practice, slots[0])
    made = writer.row("book", **given.of(slots[0]))
    again = writer.row("book", **given.of(slots[0], moment=thursday))
    writer.commit()
    assert made == again
    assert made["outcome"] == "BOOKED"
    kept = reader.row("find_booking", slot=slots[0], patient=given.patient, holder="K1")
    assert kept == {key: made[key] for key in kept}
    assert writer.outcome("book", **given.of(slots[0], "K2", rival)) == "TAKEN"
    assert writer.outcome("book", **given.of(slots[1])) == "UNKNOWN"
    assert (
        writer.outcome("cancel", appointment=made["appointment"], patient=given.patient, moment=MOMENT) == "CANCELLED"
    )
    reader.rollback()
    assert reader.rows("find_booking", slot=slots[0], patient=given.patient, holder="K1") == []
    assert writer.outcome("book", **given.of(slots[0])) == "UNKNOWN"
    assert writer.outcome("book", **given.of(slots[0], "K3", rival)) == "BOOKED"
