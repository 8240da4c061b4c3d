from pathlib import Path

import pytest

from contracts.delivery import NotSent
from outbox.database import open_database
from outbox.destinations import Breaker, Gate
from outbox.hand import Hand
from outbox.store import PACKAGE, Outbox
from outbox.worker import Worker
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, accept_all, at_once, delivered, new_entry


def gate(**differs: int | None) -> Gate:
    usual: dict[str, int | None] = dict.fromkeys(Gate.__dataclass_fields__, 0)
    usual |= {"paused_at": None, "open_since": None, "probe_at": None, "closed_at": None}
    return Gate(**{**usual, **differs})  # type: ignore[arg-type]


def test_the_limit_counts_the_attempts_of_all_workers(outbox: Outbox, tmp_path: Path, clock: Clock) -> None:
    """Two stores, as of two processes, together have no more under way than one."""
    database = open_database(tmp_path / "state.db", [PACKAGE])
    other = Outbox(database, RestCipher(bytes(32)), clock)
    for number in range(5):
        accept(outbox, str(number))
    first = outbox.claim("planon", "a", limit=2)
    assert first is not None
    assert other.claim("planon", "b", limit=2) is not None
    assert outbox.claim("planon", "a", limit=2) is None
    assert other.claim("planon", "b", limit=2) is None
    assert other.claim("planon", "b", limit=3) is not None
    outbox.write(outbox.endings.not_sent(first, "refused", 0, about_entry=True))
    assert outbox.claim("planon", "a", limit=3) is not None
    database.close()


def test_the_limit_holds_for_those_who_claim_at_the_same_moment(outbox: Outbox) -> None:
    """Nobody claims on what somebody else has not committed yet."""
    accept_all(outbox, [new_entry(str(number)) for number in range(40)])
    for limit in (2, 4, 6):

        def claim(number: int, limit: int = limit) -> bool:
            return outbox.claim("planon", f"worker {number}", "send", limit) is not None

        assert sum(at_once(8, claim)) == 2


def test_a_question_under_way_counts_as_well(outbox: Outbox) -> None:
    """The receiver does not care which of its services is used."""
    accept(outbox, "1")
    accept(outbox, "2")
    sent = outbox.claim("planon", "a", "send", 1)
    assert sent is not None
    outbox.write(outbox.endings.unknown(sent, "reset", 0))
    asked = outbox.claim("planon", "a", "find", 1)
    assert asked is not None
    assert asked.action == "find"
    assert outbox.claim("planon", "b", "send", 1) is None


def test_each_destination_has_a_limit_of_its_own(outbox: Outbox) -> None:
    """A busy system keeps no other waiting."""
    accept(outbox, "1")
    accept(outbox, "2", destination="intramed")
    assert outbox.claim("planon", "a", limit=1) is not None
    assert outbox.claim("intramed", "a", limit=1) is not None


@pytest.mark.parametrize(
    ("passed_s", "limit", "pace"),
    [(0, 2, 1), (4.9, 2, 1), (5, 2, 2), (0, 16, 1), (9.9, 16, 2), (10, 16, 4), (19, 16, 8), (20, 16, 16), (9e9, 5, 5)],
)
def test_the_pace_rises_after_an_outage(passed_s: float, limit: int, pace: int) -> None:
    """One at a time first, twice as many every five seconds, and never more than the limit."""
    closed_at = 1_000_000
    assert gate(closed_at=closed_at).pace(closed_at + int(passed_s * 1000), limit, Breaker()) == pace


def test_what_came_back_is_not_flooded(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """Right after an outage a second attempt waits, although the limit allows two."""
    receiver.answers = [NotSent("refused")] * 3
    for number in range(9):
        accept(outbox, str(number))
    for _ in range(3):
        worker.step("planon")
    clock.forward(30)
    worker.step("planon")
    assert outbox.claim("planon", "a", limit=2) is not None
    assert outbox.claim("planon", "b", limit=2) is None
    due = outbox.next_due("planon")
    assert due is not None
    again = outbox.next_claim("planon", due, 2)
    assert again is not None
    assert (again - clock.now).total_seconds() == 5
    clock.forward(5)
    assert outbox.claim("planon", "b", limit=2) is not None


def test_a_paused_destination_is_neither_sent_to_nor_asked(
    outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver
) -> None:
    """Accepting goes on; another destination goes on too."""
    hand.pause("planon", "maintenance")
    accept(outbox, "1")
    elsewhere = accept(outbox, "2", destination="intramed")
    assert not worker.step("planon")
    claim = outbox.claim("intramed", "a")
    assert claim is not None
    assert claim.entry.id == elsewhere.id
    hand.resume("planon", "done")
    assert worker.step("planon")
    assert len(receiver.sent) == 1


@pytest.mark.parametrize("held", ["paused", "out of reach"])
def test_nobody_looks_at_records_of_a_destination_that_is_held(
    outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver, clock: Clock, held: str
) -> None:
    """A look is put off as everything else, and made afterwards."""
    delivered(outbox, worker, receiver)
    if held == "paused":
        hand.pause("planon", "maintenance")
    else:
        receiver.answers = [NotSent("refused")] * 3
        for number in range(3):
            accept(outbox, str(number + 2))
            worker.step("planon")
    clock.forward(5)
    assert not worker.step("planon")
    assert receiver.looked_at == []
    if held == "paused":
        hand.resume("planon", "done")
    clock.forward(30)
    while worker.step("planon"):
        pass
    assert len(receiver.looked_at) == 1


def test_incidents_go_before_notes(outbox: Outbox, worker: Worker, receiver: Receiver) -> None:
    """A report of damage that came last is sent first."""
    accept(outbox, "1", rank=1)
    accept(outbox, "2", rank=1)
    accept(outbox, "3", rank=0)
    while worker.step("planon"):
        pass
    assert [sending.reference for sending in receiver.sent] == ["LS-3", "LS-1", "LS-2"]
