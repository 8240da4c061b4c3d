"""What the conformance suite cannot know of Intramed: its locks, and what it writes beside an appointment."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.intramed import calls
from adapters.intramed.desk import IntramedDesk
from contracts.desks import Call
from contracts.errors import BackendUnavailable, HoldExpired, SlotTaken
from contracts.practice import CancelRequest, ConfirmRequest, HoldSlotRequest, ListSlotsReply, ListSlotsRequest
from tests.integration.intramed.stage import Ask, Practice
from tests.practice_cast import Cast

ZONE = ZoneInfo("Europe/Amsterdam")
DEADLINE_S = 4.0
LAST_ATTEMPT_S = 3.0
"""An attempt that a busy machine cuts off would tell that nothing is known, and not who was first."""
CALL = Call("LS-A", "agent")
FREE = """select A.NUMMER from AGENDA A where A.BEGIN_TIJD >= ? and A.BEGIN_TIJD < ? and A.STATUS = 'F'
and not exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = A.NUMMER) order by A.BEGIN_TIJD, A.NUMMER"""


@pytest.fixture
def thursday(cast: Cast) -> datetime:
    """A Thursday at 14:30 on which several therapists are free, in the practice's zone."""
    return cast.moment.replace(tzinfo=ZONE)


@pytest.fixture
def noor(cast: Cast) -> str:
    """Somebody of the practice."""
    return cast.alone.number


@pytest.fixture
def slot(ask: Ask, thursday: datetime) -> str:
    """A free slot on that Thursday."""
    found: ListSlotsReply = ask(
        "list_slots", ListSlotsRequest, starts_from=thursday, starts_before=thursday + timedelta(minutes=1)
    )
    return found.slots[0].slot


@pytest.fixture
def hurried(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> IntramedDesk:
    """A desk that comes again for a second, then has time enough for its last attempt, and has its connections open."""
    monkeypatch.setattr(calls, "_LAST_ATTEMPT_S", LAST_ATTEMPT_S)
    desk = practice.desk(deadline_s=60)
    assert desk.check_backend() == []
    desk._options = desk._options.model_copy(update={"deadline_s": DEADLINE_S})
    return desk


@contextmanager
def locked(practice: Practice, table: str, where: str, *parameters: Any) -> Iterator[None]:
    """Keep rows locked, as a transaction that has not ended; nothing of it is committed."""
    with practice.owner() as front_desk:
        cursor = front_desk.cursor()
        cursor.execute(f"update {table} set {where.partition(' ')[0]} = {where}", parameters)  # noqa: S608 - of this file
        yield
        cursor.close()
        front_desk.rollback()


def of_slot(slot: str) -> tuple[str, str, int]:
    """Return what locks the row of a slot."""
    return "AGENDA", "NUMMER where NUMMER = ?", int(slot)


@contextmanager
def by_the_deadline() -> Iterator[None]:
    """Fail when the block takes much longer than the deadline: the lock lasts as long as the block."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < DEADLINE_S + 10


def test_the_sandbox_offers_its_thursday_in_the_zone_of_the_practice(
    ask: Ask, practice: Practice, thursday: datetime, cast: Cast
) -> None:
    """A window given in UTC finds the practice's local Thursday, and nothing that the agenda has as booked."""
    begin = thursday.astimezone(UTC)
    window = {"starts_from": begin.isoformat(), "starts_before": (begin + timedelta(minutes=90)).isoformat()}
    free = practice.rows(FREE, cast.moment, cast.moment + timedelta(minutes=90))
    reply: ListSlotsReply = ask("list_slots", ListSlotsRequest, **window, limit=7)
    assert [int(found.slot) for found in reply.slots] == [number for (number,) in free[:7]]
    assert reply.slots[0].starts_at.isoformat() == thursday.isoformat()
    assert {(s.clinic,) for s in reply.slots} <= set(practice.rows("select trim(CODE) from VESTIGING"))
    for found in reply.slots:
        assert practice.rows("select STATUS from AGENDA where NUMMER = ?", int(found.slot)) == [("F",)]


def test_a_slot_that_others_keep_locked_is_taken(
    practice: Practice, hurried: IntramedDesk, desk: IntramedDesk, slot: str, noor: str, thursday: datetime
) -> None:
    """After as many attempts as the deadline allows; the lock gone, the same call gets its hold."""
    request = HoldSlotRequest(slot=slot, patient=noor)
    with locked(practice, *of_slot(slot)), by_the_deadline(), pytest.raises(SlotTaken, match="busy"):
        hurried.hold_slot(request, CALL)
    assert desk.hold_slot(request, CALL).starts_at == thursday


def test_a_lock_that_goes_in_time_is_not_noticed(
    practice: Practice, desk: IntramedDesk, slot: str, noor: str, thursday: datetime
) -> None:
    """Who meets a lock comes again within the deadline."""
    ended: list[float] = []
    with locked(practice, *of_slot(slot)):
        waiting = threading.Thread(
            target=lambda: ended.append(
                desk.hold_slot(HoldSlotRequest(slot=slot, patient=noor), CALL).starts_at.timestamp()
            )
        )
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join()
    assert ended == [thursday.timestamp()]


def test_a_confirmation_that_meets_a_lock_is_not_taken_for_a_loss(
    practice: Practice, hurried: IntramedDesk, desk: IntramedDesk, slot: str, noor: str
) -> None:
    """The lock may be its own lost attempt's: the caller is told to repeat, and the repeat books; cancelling too."""
    held = desk.hold_slot(HoldSlotRequest(slot=slot, patient=noor), CALL)
    confirm = ConfirmRequest(hold=held.hold, patient=noor)
    with locked(practice, *of_slot(slot)), by_the_deadline(), pytest.raises(BackendUnavailable, match="busy"):
        hurried.confirm(confirm, CALL)
    booked = desk.confirm(confirm, CALL)
    cancel = CancelRequest(appointment=booked.appointment, patient=noor)
    lock = ("AFSPRAAK", "NUMMER where NUMMER = ?", int(booked.appointment))
    with locked(practice, *lock), by_the_deadline(), pytest.raises(BackendUnavailable, match="busy"):
        hurried.cancel(cancel, CALL)
    assert desk.cancel(cancel, CALL).cancelled


def test_a_hold_runs_out_by_the_clock_of_the_database(
    practice: Practice, ask: Ask, slot: str, noor: str, thursday: datetime
) -> None:
    """After its second and not before: then the slot is listed again, and confirming is too late."""
    brief = practice.desk(hold_s=1)
    held = brief.hold_slot(HoldSlotRequest(slot=slot, patient=noor), CALL)
    started = time.monotonic()

    def listed() -> bool:
        edge = {"starts_from": thursday, "starts_before": thursday + timedelta(minutes=1), "limit": 50}
        return slot in [found.slot for found in ask("list_slots", ListSlotsRequest, **edge).slots]

    while not listed():
        assert time.monotonic() - started < 30
        time.sleep(0.02)
    assert time.monotonic() - started > 0.5
    with pytest.raises(HoldExpired):
        brief.confirm(ConfirmRequest(hold=held.hold, patient=noor), CALL)


def test_the_database_learns_no_name_of_client_or_conversation(
    practice: Practice, desk: IntramedDesk, slot: str, noor: str
) -> None:
    """A conversation is often a telephone number: what the practice stores are digests."""
    request = HoldSlotRequest(slot=slot, patient=noor, conversation="wa-31610001001-7731")
    held = desk.hold_slot(request, CALL)
    ((holder, conversation),) = practice.rows("select HOUDER, GESPREK from AGENDA where NUMMER = ?", int(slot))
    assert len(holder) == len(conversation) == 26
    assert not {"31610001001", "agent", CALL.reference} & {holder, conversation}
    booked = desk.confirm(ConfirmRequest(hold=held.hold, patient=noor), CALL)
    rows = practice.rows("select HOUDER from AFSPRAAK where NUMMER = ?", int(booked.appointment))
    assert rows == [(holder,)]
