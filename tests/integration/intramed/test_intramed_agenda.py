import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.intramed.desk import IntramedDesk
from contracts.desks import Call
from contracts.errors import BackendUnavailable, ContractError, HoldExpired, NotFound, SlotTaken
from contracts.practice import ConfirmRequest, HoldSlotReply, HoldSlotRequest, ListSlotsReply, ListSlotsRequest
from tests.integration.intramed.stage import Ask, Practice

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
THURSDAY = datetime(2031, 3, 6, 14, 30, tzinfo=AMSTERDAM)
NOOR, THIJS = "00000101", "00000102"


@pytest.fixture
def slots(ask: Ask) -> Callable[..., list[str]]:
    """Keys of the free slots at one time, Thursday 14:30 unless told."""

    def free(starts_at: datetime = THURSDAY, **fields: Any) -> list[str]:
        fields = {"limit": 50} | fields
        found: ListSlotsReply = ask(
            "list_slots",
            ListSlotsRequest,
            starts_from=starts_at,
            starts_before=starts_at + timedelta(minutes=1),
            **fields,
        )
        return [slot.slot for slot in found.slots]

    return free


@pytest.fixture
def hold(ask: Ask) -> Callable[..., HoldSlotReply]:
    """Hold a slot for Noor under REF-A unless told."""

    def held(slot: str, patient: str = NOOR, reference: str = "REF-A") -> HoldSlotReply:
        reply: HoldSlotReply = ask("hold_slot", HoldSlotRequest, reference, slot=slot, patient=patient)
        return reply

    return held


def expire(practice: Practice, slot: str) -> None:
    """Let a hold run out without waiting for it."""
    practice.change(
        "update AGENDA set GEHOUDEN_TOT = dateadd(-1 second to cast('NOW' as timestamp)) where NUMMER = ?", int(slot)
    )


def test_slots_are_free_ordered_limited_and_in_the_zone_of_the_practice(ask: Ask, practice: Practice) -> None:
    """A window given in UTC finds the practice's local Thursday; nothing booked is offered."""
    reply: ListSlotsReply = ask(
        "list_slots",
        ListSlotsRequest,
        starts_from="2031-03-06T13:30:00Z",
        starts_before="2031-03-06T15:00:00Z",
        limit=7,
    )
    assert len(reply.slots) == 7
    assert reply.slots[0].starts_at.isoformat() == "2031-03-06T14:30:00+01:00"
    assert reply.slots[0].ends_at - reply.slots[0].starts_at == timedelta(minutes=30)
    assert [s.starts_at for s in reply.slots] == sorted(s.starts_at for s in reply.slots)
    assert {s.clinic for s in reply.slots} <= {"MCEN", "MWYC", "MEER", "EIJS"}
    for slot in reply.slots:
        assert practice.rows("select STATUS from AGENDA where NUMMER = ?", int(slot.slot)) == [("F",)]


def test_slots_can_be_narrowed(slots: Callable[..., list[str]]) -> None:
    """Clinic, therapist and length each narrow; a code that nobody has finds nothing."""
    assert len(slots()) > len(slots(clinic="MWYC")) >= len(slots(clinic="MWYC", therapist="T07")) == 1
    assert slots(minutes=45) == slots(clinic="NOWHERE") == slots(therapist="T07", clinic="MCEN") == []


def test_a_hold_hides_the_slot_and_repeating_it_changes_nothing(
    slots: Callable[..., list[str]], hold: Callable[..., HoldSlotReply]
) -> None:
    """The hold lasts 90 s by the database's clock, and the same reference gets the same hold."""
    slot = slots()[0]
    first, again = hold(slot), hold(slot)
    assert first.hold == again.hold
    assert timedelta(seconds=80) < first.expires_at - datetime.now(UTC) <= timedelta(seconds=90)
    assert abs(again.expires_at - first.expires_at) < timedelta(seconds=2)
    assert first.starts_at == THURSDAY
    assert slot not in slots()


def test_a_held_slot_is_taken_for_everybody_else(
    slots: Callable[..., list[str]], hold: Callable[..., HoldSlotReply]
) -> None:
    """Neither another reference nor the same one for another patient gets it."""
    slot = slots()[0]
    hold(slot)
    for patient, reference in ((THIJS, "REF-B"), (NOOR, "REF-B"), (THIJS, "REF-A")):
        with pytest.raises(SlotTaken):
            hold(slot, patient, reference)


@pytest.mark.parametrize(
    ("slot", "patient"),
    [("999999999", NOOR), ("1; drop", NOOR), ("", NOOR), ("9999999999", NOOR), (None, "99999999"), (None, "x' or 1")],
)
def test_keys_that_name_nothing_are_not_found(
    slots: Callable[..., list[str]], hold: Callable[..., HoldSlotReply], slot: str | None, patient: str
) -> None:
    """An unknown or misshapen key is one answer, and the slot stays free."""
    free = slots()
    with pytest.raises(NotFound):
        hold(free[0] if slot is None else slot, patient)
    assert slots() == free


def test_confirm_books_once(
    ask: Ask, slots: Callable[..., list[str]], hold: Callable[..., HoldSlotReply], practice: Practice
) -> None:
    """Confirming twice is one appointment with one number, in the backend's own rows too."""
    slot = slots()[0]
    held = hold(slot, THIJS)
    first, again = (ask("confirm", ConfirmRequest, "REF-C", hold=held.hold, patient=THIJS) for _ in range(2))
    assert first == again
    assert (first.name, first.starts_at, first.therapist) == ("van der Veen", THURSDAY, held.therapist)
    booked = practice.rows("select NUMMER, PATIENT from AFSPRAAK where AGENDA = ?", int(slot))
    assert booked == [(int(first.appointment), THIJS)]
    with pytest.raises(SlotTaken):
        hold(slot, NOOR, "REF-D")


def test_confirm_refuses_another_patient_and_unknown_holds(
    ask: Ask, slots: Callable[..., list[str]], hold: Callable[..., HoldSlotReply]
) -> None:
    """A hold belongs to its patient; a hold that never was is not found either."""
    free = slots()
    held = hold(free[0])
    for key, patient in ((held.hold, THIJS), (f"{free[1]}:REF-A", NOOR), ("999999999:REF-A", NOOR), ("rubbish", NOOR)):
        with pytest.raises(NotFound):
            ask("confirm", ConfirmRequest, "REF-C", hold=key, patient=patient)
    assert ask("confirm", ConfirmRequest, "REF-C", hold=held.hold, patient=NOOR).name == "Jansen"


def test_an_expired_hold_frees_the_slot(
    ask: Ask, slots: Callable[..., list[str]], hold: Callable[..., HoldSlotReply], practice: Practice
) -> None:
    """Too late is 410 while nobody wants the slot, and 409 when somebody else has it."""
    slot = slots()[0]
    held = hold(slot)
    expire(practice, slot)
    with pytest.raises(HoldExpired):
        ask("confirm", ConfirmRequest, "REF-C", hold=held.hold, patient=NOOR)
    assert slot in slots()
    hold(slot, THIJS, "REF-B")
    with pytest.raises(SlotTaken):
        ask("confirm", ConfirmRequest, "REF-C", hold=held.hold, patient=NOOR)


def test_a_lock_on_the_slot_is_not_taken_for_a_holder(practice: Practice, slots: Callable[..., list[str]]) -> None:
    """The lock may be our own lost attempt's: the caller is told to repeat, and the repeat gets the hold."""
    slot = slots()[0]
    desk = practice.desk(lock_timeout_s=1)
    request = HoldSlotRequest(slot=slot, patient=NOOR)
    with practice.owner() as lost:
        cursor = lost.cursor()
        cursor.execute("update AGENDA set GEHOUDEN_TOT = null where NUMMER = ?", (int(slot),))
        with pytest.raises(BackendUnavailable, match="busy"):
            desk.hold_slot(request, Call("LS-LOST"))
        cursor.close()
        lost.rollback()
    assert desk.hold_slot(request, Call("LS-LOST")).starts_at == THURSDAY


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls from one starting gun; return each one's reply, or the contract error it met."""
    gate, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[index] = call()
        except ContractError as error:
            results[index] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_many_who_want_one_slot_one_gets_it(
    slots: Callable[..., list[str]], hold: Callable[..., HoldSlotReply]
) -> None:
    """Six at once, ten slots: one hold each, and SlotTaken for all others."""
    times = [THURSDAY + timedelta(weeks=week) for week in range(5)]
    for slot in [slot for time in times for slot in slots(time)[:2]]:
        results = at_once(*(lambda s=slot, n=n: hold(s, f"0000010{n}", f"REF-{'ABCDEF'[n - 1]}") for n in range(1, 7)))
        assert [type(r) for r in results if isinstance(r, HoldSlotReply)] == [HoldSlotReply]
        assert sum(type(r) is SlotTaken for r in results) == 5


def test_two_confirms_of_one_hold_at_once_are_one_appointment(
    desk: IntramedDesk, slots: Callable[..., list[str]], hold: Callable[..., HoldSlotReply], practice: Practice
) -> None:
    """A repeated request that overtakes the first one gets the same appointment, never an error or a second one."""
    for slot, letter in zip(slots(), "ABCDEFGH", strict=False):
        request = ConfirmRequest(hold=hold(slot, NOOR, f"REF-{letter}").hold, patient=NOOR)
        results = at_once(*(lambda r=request: desk.confirm(r, Call("REF-C")) for _ in range(3)))
        assert results[0] == results[1] == results[2]
        assert len(practice.rows("select 1 from AFSPRAAK where AGENDA = ?", int(slot))) == 1
