from datetime import timedelta
from typing import Any

import pytest

from simulators.intramed.server import WRITER
from tests.integration.intramed.direct import MOMENT, NOOR, THIJS, THURSDAY, Busy, Direct, booked, direct, hold, of
from tests.integration.intramed.stage import Practice


@pytest.fixture
def slots(practice: Practice) -> list[int]:
    """Free slots of several therapists, Thursday 14:30."""
    found = practice.rows("select NUMMER from AGENDA where STATUS = 'F' and BEGIN_TIJD = ? order by NUMMER", THURSDAY)
    return [number for (number,) in found]


@pytest.fixture
def hour(practice: Practice) -> tuple[int, int, int]:
    """A free slot of an hour and the two of half an hour that it overlaps, all three free."""
    return hours_of(practice)[0]


def hours_of(practice: Practice) -> list[tuple[int, int, int]]:
    """Every hour whose two halves are free too."""
    found = practice.rows(
        "select H.NUMMER, A.NUMMER, B.NUMMER from AGENDA H join AGENDA A on A.MEDEWERKER = H.MEDEWERKER"
        " and A.BEGIN_TIJD = H.BEGIN_TIJD and A.MINUTEN = 30 join AGENDA B on B.MEDEWERKER = H.MEDEWERKER"
        " and B.BEGIN_TIJD = dateadd(30 minute to H.BEGIN_TIJD) and B.MINUTEN = 30"
        " where H.MINUTEN = 60 and A.STATUS = 'F' and B.STATUS = 'F' order by 1"
    )
    return [(int(hour), int(first), int(second)) for hour, first, second in found]


def expire(practice: Practice, slot: int) -> None:
    """Let a hold run out without waiting for it."""
    practice.change(
        "update AGENDA set GEHOUDEN_TOT = dateadd(-1 second to cast('NOW' as timestamp)) where NUMMER = ?", slot
    )


def test_a_live_hold_is_repeated_and_an_expired_one_is_new(
    writer: Direct, slots: list[int], practice: Practice
) -> None:
    """What is left stays what it is while the hold lives; afterwards the same holder gets the whole time."""
    assert writer.row("hold_slot", **hold(slots[0]))["seconds_left"] in (89, 90)
    assert writer.row("hold_slot", **hold(slots[0], seconds=500))["seconds_left"] in (88, 89, 90)
    writer.commit()
    assert writer.outcome("hold_slot", **hold(slots[0], "K2")) == "TAKEN"
    assert writer.outcome("hold_slot", **hold(slots[0], patient=THIJS)) == "TAKEN"
    expire(practice, slots[0])
    assert writer.outcome("confirm", **of(slots[0])) == "EXPIRED"
    assert writer.row("hold_slot", **hold(slots[0], seconds=500))["seconds_left"] in (499, 500)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"slot": 999_999}, "NO_SLOT"),
        ({"patient": "99999999"}, "NO_PATIENT"),
        ({"moment": THURSDAY}, "PAST"),
        ({"moment": THURSDAY - timedelta(seconds=1)}, "HELD"),
    ],
)
def test_what_cannot_be_held(writer: Direct, slots: list[int], changed: dict[str, Any], outcome: str) -> None:
    """A slot and a patient that exist, and a treatment that has not begun."""
    assert writer.outcome("hold_slot", **hold(slots[0]) | changed) == outcome


def test_only_a_hold_that_succeeds_releases_the_conversations_other(writer: Direct, slots: list[int]) -> None:
    """A refusal leaves the person the slot that they had."""
    first, second, taken = slots[:3]
    assert writer.outcome("hold_slot", **hold(taken, "K0", THIJS)) == "HELD"
    assert writer.outcome("hold_slot", **hold(first, conversation="C")) == "HELD"
    assert writer.outcome("hold_slot", **hold(taken, "K2", conversation="C")) == "TAKEN"
    assert writer.row("hold_slot", **hold(first, conversation="C"))["outcome"] == "HELD"
    assert writer.outcome("hold_slot", **hold(second, "K2", conversation="C")) == "HELD"
    assert writer.outcome("confirm", **of(first)) == "UNKNOWN"
    assert writer.outcome("hold_slot", **hold(first, "K3", THIJS)) == "HELD"
    assert writer.outcome("hold_slot", **hold(second, "K4", conversation="C")) == "HELD"
    assert writer.outcome("confirm", **of(second, "K2")) == "TAKEN"


def test_a_conversation_holds_one_slot_even_in_two_transactions(
    practice: Practice, writer: Direct, slots: list[int]
) -> None:
    """Two therapists share no lock; the second hold meets the first one's conversation and begins anew."""
    with direct(practice.database, WRITER, practice.passwords.get(WRITER), lock_s=0) as twin:
        assert writer.row("hold_slot", **hold(slots[0], conversation="C"))["outcome"] == "HELD"
        with pytest.raises(Busy):
            twin.row("hold_slot", **hold(slots[1], "K2", conversation="C"))
        writer.commit()
        assert twin.outcome("hold_slot", **hold(slots[1], "K2", conversation="C")) == "HELD"
        assert writer.outcome("confirm", **of(slots[0])) == "UNKNOWN"


def test_a_booked_slot_leaves_its_conversation(writer: Direct, slots: list[int], practice: Practice) -> None:
    """The front desk books over an expired hold; the conversation goes on."""
    assert writer.outcome("hold_slot", **hold(slots[0], conversation="C")) == "HELD"
    practice.change("update AGENDA set STATUS = 'B' where NUMMER = ?", slots[0])
    assert writer.outcome("hold_slot", **hold(slots[1], "K2", conversation="C")) == "HELD"
    assert practice.rows("select STATUS from AGENDA where NUMMER = ?", slots[0]) == [("B",)]


def test_overlapping_slots_are_in_each_others_way(writer: Direct, reader: Direct, hour: tuple[int, int, int]) -> None:
    """While the hour is held neither half can be had, listed, or shown as free, except by its own conversation."""
    long, half, other = hour
    window = {"starts_from": MOMENT, "starts_before": MOMENT + timedelta(weeks=9)}
    everywhere = {"max_rows": 10_000, "clinic": "", "therapist": "T06", "minutes": 0, **window}
    assert {row["slot"] for row in reader.rows("list_slots", **everywhere)} > set(hour)
    assert writer.outcome("hold_slot", **hold(long, conversation="C")) == "HELD"
    reader.commit()
    assert {row["slot"] for row in reader.rows("list_slots", **everywhere)}.isdisjoint(hour)
    assert {reader.row("slot", slot=number)["status"] for number in hour} == {"T"}
    for number in (half, other):
        assert writer.outcome("hold_slot", **hold(number, "K2", THIJS)) == "TAKEN"
        assert writer.outcome("book", **of(number, "K2", THIJS)) == "TAKEN"
    assert writer.outcome("hold_slot", **hold(half, "K3", conversation="C")) == "HELD"
    assert writer.outcome("hold_slot", **hold(other, "K4", THIJS)) == "HELD"
    assert writer.outcome("confirm", **of(half, "K3")) == "BOOKED"
    assert writer.outcome("hold_slot", **hold(long, "K5", THIJS)) == "TAKEN"


def test_confirm_meets_what_the_front_desk_booked_over_it(
    writer: Direct, hour: tuple[int, int, int], practice: Practice
) -> None:
    """Reception asks nobody; the hold then is worth nothing, and no second appointment is made."""
    long, half, _ = hour
    assert writer.outcome("hold_slot", **hold(long)) == "HELD"
    practice.change("update AGENDA set STATUS = 'B' where NUMMER = ?", half)
    assert writer.outcome("confirm", **of(long)) == "TAKEN"


def test_confirming_again_is_one_appointment_even_after_it_began(writer: Direct, slots: list[int]) -> None:
    """A lost reply is asked for again, however late; a hold never turned into one is past by then."""
    number = booked(writer, slots[0])
    late = THURSDAY + timedelta(days=1)
    assert writer.row("confirm", **of(slots[0], moment=late))["appointment"] == number
    assert writer.outcome("confirm", **of(slots[0], patient=THIJS)) == "UNKNOWN"
    assert writer.outcome("hold_slot", **hold(slots[1], "K2")) == "HELD"
    assert writer.outcome("confirm", **of(slots[1], "K2", moment=late)) == "PAST"
    assert writer.outcome("confirm", **of(slots[1], "K2", THIJS)) == "UNKNOWN"


def test_a_cancelled_slot_is_anybodys_but_never_the_old_holds(writer: Direct, slots: list[int]) -> None:
    """Cancelling twice frees it once: whoever has it then keeps it."""
    number = booked(writer, slots[0])
    cancel = {"appointment": number, "patient": NOOR, "moment": MOMENT}
    assert writer.outcome("cancel", **cancel | {"patient": THIJS}) == "UNKNOWN"
    assert writer.outcome("cancel", **cancel | {"appointment": 99_999_999}) == "UNKNOWN"
    assert writer.outcome("cancel", **cancel | {"moment": THURSDAY}) == "PAST"
    assert writer.outcome("cancel", **cancel) == "CANCELLED"
    assert writer.outcome("confirm", **of(slots[0])) == "UNKNOWN"
    assert writer.outcome("hold_slot", **hold(slots[0])) == "TAKEN"
    again = booked(writer, slots[0], "K2", THIJS)
    assert writer.outcome("cancel", **cancel | {"moment": THURSDAY}) == "CANCELLED"
    assert writer.row("confirm", **of(slots[0], "K2", THIJS))["appointment"] == again
    assert writer.outcome("confirm", **of(slots[0])) == "UNKNOWN"


def test_a_rebooking_is_whole_or_not_at_all(writer: Direct, slots: list[int], practice: Practice) -> None:
    """The new one booked and the old one cancelled, undone together."""
    old = booked(writer, slots[0])
    assert writer.outcome("hold_slot", **hold(slots[1], "K2")) == "HELD"
    stage = "select NUMMER, STATUS, HOUDER, GEHOUDEN_TOT from AGENDA where NUMMER in (?, ?) order by 1"
    live = "select AGENDA from AFSPRAAK where HOUDER starting 'K' and VERVALLEN is null"
    before = practice.rows(stage, *slots[:2])
    assert writer.row("confirm", **of(slots[1], "K2"))["outcome"] == "BOOKED"
    assert writer.row("cancel", appointment=old, patient=NOOR, moment=MOMENT)["outcome"] == "CANCELLED"
    writer.rollback()
    assert (practice.rows(stage, *slots[:2]), practice.rows(live)) == (before, [(slots[0],)])
    assert writer.row("confirm", **of(slots[1], "K2"))["outcome"] == "BOOKED"
    assert writer.outcome("cancel", appointment=old, patient=NOOR, moment=MOMENT) == "CANCELLED"
    assert [row[1] for row in practice.rows(stage, *slots[:2])] == ["F", "B"]
    assert practice.rows(live) == [(slots[1],)]


def test_book_is_for_free_slots_and_repeats_itself(
    writer: Direct, reader: Direct, slots: list[int], practice: Practice
) -> None:
    """One reference is one appointment; a live hold is in its way and an expired one is not."""
    assert writer.outcome("book", **of(999_999)) == "NO_SLOT"
    assert writer.outcome("book", **of(slots[0], patient="99999999")) == "NO_PATIENT"
    assert writer.outcome("book", **of(slots[0], moment=THURSDAY)) == "PAST"
    assert writer.outcome("hold_slot", **hold(slots[0], "K0", THIJS)) == "HELD"
    assert writer.outcome("book", **of(slots[0])) == "TAKEN"
    expire(practice, slots[0])
    made = writer.row("book", **of(slots[0]))
    again = writer.row("book", **of(slots[0], moment=THURSDAY))
    writer.commit()
    assert made == again
    assert made["outcome"] == "BOOKED"
    kept = reader.row("find_booking", slot=slots[0], patient=NOOR, holder="K1")
    assert kept == {key: made[key] for key in kept}
    assert writer.outcome("book", **of(slots[0], "K2", THIJS)) == "TAKEN"
    assert writer.outcome("book", **of(slots[1])) == "UNKNOWN"
    assert writer.outcome("cancel", appointment=made["appointment"], patient=NOOR, moment=MOMENT) == "CANCELLED"
    reader.rollback()
    assert reader.rows("find_booking", slot=slots[0], patient=NOOR, holder="K1") == []
    assert writer.outcome("book", **of(slots[0])) == "UNKNOWN"
    assert writer.outcome("book", **of(slots[0], "K3", THIJS)) == "BOOKED"
