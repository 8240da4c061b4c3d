"""An entry whose key is not at hand is neither sent nor parked: it waits until somebody has put the key back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.delivery import DeliveryState, OutcomeUnknown
from outbox.backoff import Backoff
from outbox.entry import Entry, KeyUnknown
from outbox.store import Outbox
from outbox.worker import Pace, Worker
from shim.keys import Key, KeyRing, RestCipher, file
from shim.keys.keyed import need
from tests.unit.outbox.stand_ins import Clock, Receiver, accept
from tests.unit.shim.rotating import FIRST, Rotating, rotating

SECOND = bytes([2]) * 32


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Rotating]:
    with rotating(tmp_path / "shim.db", tmp_path / "master.key", full=False) as made:
        yield made


@pytest.fixture
def receiver() -> Receiver:
    return Receiver(settle_s=0)


@pytest.fixture
def worker(state: Rotating, clock: Clock, receiver: Receiver) -> Iterator[Worker]:
    outbox = Outbox(state.database, RestCipher(state.ring), clock, lambda: clock.up)
    made = Worker(outbox, {"planon": receiver}, clock, Backoff(), Pace(threads=0))
    made.start()
    yield made
    assert made.stop(1)


def sealed_elsewhere(state: Rotating, clock: Clock, name: str) -> Entry:
    """Accept on a machine that has been given the new key already."""
    with state.database.transaction() as tx:
        need(tx, [Key(SECOND)])
    return accept(Outbox(state.database, RestCipher(KeyRing(SECOND, FIRST)), clock, lambda: clock.up), name)


def look(state: Rotating, clock: Clock, entry: Entry) -> Entry:
    found = Outbox(state.database, RestCipher(state.ring), clock, lambda: clock.up).get(entry.id)
    assert found is not None
    return found


def steps(worker: Worker) -> int:
    taken = 0
    while worker.step("planon"):
        taken += 1
        assert taken < 20, "it is taken up again and again"
    return taken


def test_it_waits_and_uses_no_attempt_up(state: Rotating, clock: Clock, worker: Worker, receiver: Receiver) -> None:
    """It is said which key is missing; once the key is there it is delivered, and what is whole goes on meanwhile."""
    entry = sealed_elsewhere(state, clock, "1")
    other = accept(Outbox(state.database, RestCipher(state.ring), clock, lambda: clock.up), "2")
    for _ in range(30):
        steps(worker)
        clock.forward(61)
    waiting = look(state, clock, entry)
    assert waiting.state is DeliveryState.READY
    assert waiting.tries == 0
    assert KeyRing(SECOND).current in str(waiting.reason)
    assert look(state, clock, other).state is DeliveryState.DELIVERED
    assert len(receiver.sent) == 1
    file.replace(state.path, file.Contents((FIRST, SECOND)))
    steps(worker)
    assert look(state, clock, entry).state is DeliveryState.DELIVERED
    assert len(receiver.sent) == 2


def test_what_may_have_landed_is_not_asked_for_nor_sent_again(
    state: Rotating, clock: Clock, worker: Worker, receiver: Receiver
) -> None:
    """It stays unknown."""
    file.replace(state.path, file.Contents((FIRST, SECOND)))
    entry = sealed_elsewhere(state, clock, "1")
    receiver.answers = [OutcomeUnknown("no answer")]
    worker.step("planon")
    assert look(state, clock, entry).state is DeliveryState.UNKNOWN
    state.ring._held.keys.pop(KeyRing(SECOND).current)
    file.replace(state.path, file.Contents((FIRST,)))
    clock.forward(61)
    steps(worker)
    assert look(state, clock, entry).state is DeliveryState.UNKNOWN
    assert (len(receiver.sent), len(receiver.asked)) == (1, 0)
    file.replace(state.path, file.Contents((FIRST, SECOND)))
    clock.forward(61)
    worker.step("planon")
    assert len(receiver.asked) == 1


def test_who_asks_for_it_is_told_to_come_back(state: Rotating, clock: Clock) -> None:
    """A problem of the state, with 503, and not of what is stored."""
    entry = sealed_elsewhere(state, clock, "1")
    outbox = Outbox(state.database, RestCipher(state.ring), clock, lambda: clock.up)
    with pytest.raises(KeyUnknown) as raised:
        outbox.payload(entry)
    assert (raised.value.status, raised.value.retry_after_s) == (503, 60)
