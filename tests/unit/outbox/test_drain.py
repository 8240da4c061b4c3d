import threading
from collections.abc import Callable

import pytest

from contracts.delivery import DeliveryState, NotSent, Outcome, Rejected, Sending
from outbox.backoff import Backoff
from outbox.destinations import Breaker
from outbox.drain import Wish, drain
from outbox.hand import Hand
from outbox.pace import Unhurried
from outbox.progress import WINDOW_S, Progress, Speed
from outbox.store import Outbox
from outbox.worker import Pace, Step, Worker
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, stored

LIMIT_S = 60.0
DOWN = NotSent("connection refused")


class Drainer:
    """Drains one destination, and keeps what was reported."""

    def __init__(self, outbox: Outbox, hand: Hand, receiver: Receiver, clock: Clock) -> None:
        self.outbox, self.hand, self.receiver, self.clock = outbox, hand, receiver, clock
        self.told: list[Progress] = []
        self.paces: list[Pace] = []

    def make_worker(self, watch: Callable[[Step], None], *, limit: int | None, rate: float | None) -> Worker:
        self.paces.append(Pace(limit or 2, limit or 2, rate))
        return Worker(self.outbox, {"planon": self.receiver}, self.clock, Backoff(0.001, 0.001), self.paces[-1], watch)

    def __call__(self, wish: Wish) -> tuple[int, int, tuple[str, ...], tuple[str, ...]]:
        ended = drain(self.outbox, self.hand, ["planon"], self.make_worker, wish, self.told.append)
        return ended.delivered, ended.left, ended.unreachable, ended.paused


@pytest.fixture
def drainer(outbox: Outbox, hand: Hand, receiver: Receiver, clock: Clock) -> Drainer:
    return Drainer(outbox, hand, receiver, clock)


def test_a_drain_delivers_what_waits(drainer: Drainer, outbox: Outbox) -> None:
    """Also what was put off, and what waits behind it; it tells how far it is."""
    drainer.receiver.answers = [NotSent("locked", about_entry=True)]
    for number in range(5):
        accept(outbox, str(number), order_key="a")
    claim = outbox.claim("planon", "a")
    assert claim is not None
    outbox.write(outbox.endings.not_sent(claim, "refused", 3000, about_entry=True))
    drainer.receiver.answers = []
    assert drainer(Wish(LIMIT_S)) == (5, 0, (), ())
    assert (drainer.told[0].total, drainer.told[-1].left, drainer.told[-1].delivered) == (5, 0, 5)


def test_a_drain_ends_when_nobody_answers(drainer: Drainer, outbox: Outbox) -> None:
    """Long before its time is up, and with nothing lost."""
    drainer.receiver.answers = [DOWN] * 1000
    for number in range(5):
        accept(outbox, str(number))
    assert drainer(Wish(LIMIT_S)) == (0, 5, ("planon",), ())
    assert 3 <= len(drainer.receiver.sent) <= 4  # one may have been under way at the third


def test_a_drain_asks_at_once_whether_it_is_back(drainer: Drainer, outbox: Outbox, worker: Worker) -> None:
    """An administrator does not wait for the interval's probe."""
    drainer.receiver.answers = [DOWN] * 4
    outbox.breaker = Breaker(ramp_s=0)
    for number in range(5):
        accept(outbox, str(number))
    for _ in range(3):
        worker.step("planon")
    drainer.clock.forward(30)
    worker.step("planon")
    assert (outbox.gate("planon").open_since is not None, outbox.gate("planon").probes) == (True, 1)
    drainer.clock.forward(1)
    assert drainer(Wish(LIMIT_S)) == (5, 0, (), ())


def test_a_drain_ends_when_it_is_still_away(drainer: Drainer, outbox: Outbox, worker: Worker) -> None:
    """One attempt tells, whatever was known before."""
    drainer.receiver.answers = [DOWN] * 1000
    for number in range(5):
        accept(outbox, str(number))
    for _ in range(3):
        worker.step("planon")
    assert drainer(Wish(LIMIT_S)) == (0, 5, ("planon",), ())
    assert len(drainer.receiver.sent) == 4


def test_a_drain_of_what_is_paused_says_so(drainer: Drainer, outbox: Outbox, hand: Hand) -> None:
    """It does not wait for the administrator who waits for it."""
    accept(outbox)
    hand.pause("planon", "maintenance")
    assert drainer(Wish(LIMIT_S)) == (0, 1, (), ("planon",))


def test_a_drain_until_empty_goes_on_through_an_outage(drainer: Drainer, outbox: Outbox, clock: Clock) -> None:
    """It ends when nothing moves any more: what is stuck is a person's matter."""
    outbox.breaker = Breaker(ramp_s=0)
    drainer.receiver.answers = [*[DOWN] * 5, Rejected("E42")]
    for number in range(4):
        accept(outbox, str(number))

    def report(_: Progress) -> None:
        clock.forward(10)

    ended = drain(outbox, drainer.hand, ["planon"], drainer.make_worker, Wish(None, until_empty=True), report)
    assert (ended.delivered, ended.left) == (3, 0)
    assert len(drainer.receiver.sent) == 9


def test_a_drain_ends_with_its_time(drainer: Drainer, outbox: Outbox) -> None:
    """What was begun is finished; whatever is left goes on by itself, and nobody needs to ask for it."""
    entries = [accept(outbox, str(number)) for number in range(200)]
    delivered, left, unreachable, paused = drainer(Wish(0))
    assert (delivered + left, unreachable, paused) == (200, (), ())
    assert left > 0
    states = [stored(outbox, entry).state for entry in entries]
    assert states.count(DeliveryState.READY) == left


def test_a_raised_limit_lets_more_go_at_a_time(outbox: Outbox, hand: Hand, clock: Clock) -> None:
    """As many as it says meet at the receiver; without it two would wait for the others for ever."""
    together = threading.Barrier(5, timeout=LIMIT_S)

    class Meeting(Receiver):
        def send(self, sending: Sending) -> Outcome:
            together.wait()
            return super().send(sending)

    for number in range(10):
        accept(outbox, str(number))
    drainer = Drainer(outbox, hand, Meeting(), clock)
    assert drainer(Wish(LIMIT_S, limit=5)) == (10, 0, (), ())


def test_a_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts begin evenly, whoever makes them and however long they waited before."""
    now, waits = [100.0], list[float]()

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            return False

    monkeypatch.setattr("outbox.pace.time.monotonic", lambda: now[0])
    unhurried = Unhurried(4.0)
    for _ in range(3):
        assert unhurried.wait(Stopping())
    now[0] += 10
    for _ in range(2):
        assert unhurried.wait(Stopping())
    assert waits == [0, 0.25, 0.5, 0, 0.25]


def test_a_drain_with_a_rate_delivers_all(drainer: Drainer, outbox: Outbox) -> None:
    """The rate goes to the worker, which takes an entry only when its turn has come."""
    for number in range(4):
        accept(outbox, str(number))
    assert drainer(Wish(LIMIT_S, rate=200)) == (4, 0, (), ())
    assert drainer.paces == [Pace(2, 2, 200)]


def test_the_speed_is_that_of_late() -> None:
    """An outage at the beginning is forgotten after a while; new entries make no negative speed."""
    speed = Speed()
    assert speed.seen(0, 1000) is None
    assert speed.seen(10, 1000) == 0
    assert speed.seen(15, 950) == pytest.approx(50 / 15)
    assert speed.seen(15 + WINDOW_S, 850) == pytest.approx(100 / WINDOW_S)
    assert Speed().seen(5, 3) is None
    growing = Speed()
    growing.seen(0, 5)
    assert growing.seen(1, 9) == 0
