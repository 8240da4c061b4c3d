import pytest

from contracts.delivery import Absent, DeliveryState, NotSent, OutcomeUnknown
from contracts.errors import BackendUnavailable
from outbox.attempt import Limits
from outbox.backoff import Backoff
from outbox.destinations import Breaker
from outbox.hand import Hand
from outbox.store import Outbox
from outbox.worker import Pace, Worker
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, stored

LOCKED = NotSent("locked by another user", about_entry=True)
HOUR = 3600.0


@pytest.fixture
def limited(outbox: Outbox, receiver: Receiver, clock: Clock) -> Worker:
    """A worker that gives up after 4 attempts or 10 hours."""
    limits = {"planon": Limits(max_attempts=4, max_age_s=10 * HOUR)}
    return Worker(outbox, {"planon": receiver}, clock, Backoff(first_s=1, cap_s=8), Pace(threads=0), limits=limits)


def test_an_entry_in_trouble_is_given_up_after_its_attempts(
    outbox: Outbox, limited: Worker, receiver: Receiver, clock: Clock
) -> None:
    """It is parked with the last reason, and not sent once more."""
    receiver.answers = [LOCKED] * 9
    entry = accept(outbox)
    for _ in range(9):
        limited.step("planon")
        clock.forward(60)
    found = stored(outbox, entry)
    assert (found.state, found.reason) == (DeliveryState.PARKED, "given up after 4 attempts: locked by another user")
    assert (len(receiver.sent), found.tries) == (4, 4)


def test_a_retry_begins_anew(outbox: Outbox, hand: Hand, limited: Worker, receiver: Receiver, clock: Clock) -> None:
    """What an administrator takes up again has all its attempts, and its whole time."""
    receiver.answers = [LOCKED] * 4
    entry = accept(outbox)
    for _ in range(5):
        limited.step("planon")
        clock.forward(60)
    clock.forward(20 * HOUR)
    hand.retry(entry.id, "the lock is gone")
    assert limited.step("planon")
    assert stored(outbox, entry).state is DeliveryState.DELIVERED


def test_what_was_lost_and_sent_again_counts(outbox: Outbox, limited: Worker, receiver: Receiver, clock: Clock) -> None:
    """A document that its receiver loses each time is given up as well."""
    receiver.answers = [OutcomeUnknown("reset")] * 9
    receiver.findings = [Absent()] * 99
    entry = accept(outbox)
    for _ in range(40):
        limited.step("planon")
        clock.forward(61)
    found = stored(outbox, entry)
    assert (found.state, len(receiver.sent)) == (DeliveryState.PARKED, 4)
    assert (found.reason or "").startswith("given up after 4 attempts: the backend has no record")


def test_an_old_entry_is_given_up(outbox: Outbox, limited: Worker, receiver: Receiver, clock: Clock) -> None:
    """What nobody could send for its whole age helps nobody any more."""
    receiver.answers = [LOCKED]
    entry = accept(outbox)
    limited.step("planon")
    clock.forward(10 * HOUR + 1)
    limited.step("planon")
    found = stored(outbox, entry)
    assert found.reason == "given up after 10 h: locked by another user"
    assert (found.state, len(receiver.sent)) == (DeliveryState.PARKED, 1)


def test_age_does_not_run_in_an_outage(outbox: Outbox, limited: Worker, receiver: Receiver, clock: Clock) -> None:
    """Nine hours before, a day's outage, and it is still sent; an hour more and it is not."""
    early, late = accept(outbox, "1"), accept(outbox, "2", order_key="a")
    receiver.answers = [LOCKED, LOCKED]
    limited.step("planon")
    limited.step("planon")
    clock.forward(9 * HOUR)
    receiver.answers = [NotSent("refused")] * 3
    for _ in range(3):
        assert limited.step("planon")
        clock.forward(10)
    clock.forward(24 * HOUR)
    accepted_within = accept(outbox, "3")
    receiver.answers = [LOCKED, LOCKED, LOCKED]
    for _ in range(3):
        assert limited.step("planon")
        clock.forward(5)
    assert stored(outbox, early).state is DeliveryState.READY
    clock.forward(HOUR)
    for _ in range(3):
        limited.step("planon")
    assert stored(outbox, early).state is DeliveryState.PARKED
    assert stored(outbox, late).state is DeliveryState.PARKED
    assert stored(outbox, accepted_within).state is DeliveryState.DELIVERED


def test_what_was_accepted_in_an_outage_ages_from_its_end(
    outbox: Outbox, limited: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Neither the outage before it was accepted counts for it, nor the rest of it against it."""
    receiver.answers = [NotSent("refused")] * 3
    accept(outbox, "1")
    for _ in range(3):
        limited.step("planon")
        clock.forward(10)
    clock.forward(20 * HOUR)
    accept(outbox, "2", rank=1)
    clock.forward(2 * HOUR)
    assert limited.step("planon")
    clock.forward(3 * HOUR)
    claim = outbox.claim("planon", "a")
    assert claim is not None
    assert (claim.entry.reference, outbox.age_ms(claim.entry, claim.outage_ms)) == ("LS-2", 3 * HOUR * 1000)


def test_an_unknown_entry_never_expires(outbox: Outbox, limited: Worker, receiver: Receiver, clock: Clock) -> None:
    """It may be in the backend: only the backend, or a person, ends it; also where nobody calls it an outage."""
    outbox.breaker = Breaker(after=10_000)
    receiver.answers = [OutcomeUnknown("reset")]
    receiver.findings = [BackendUnavailable("down")] * 500
    entry = accept(outbox)
    for _ in range(100):
        limited.step("planon")
        clock.forward(HOUR)
    assert len(receiver.asked) > 50
    assert stored(outbox, entry).state is DeliveryState.UNKNOWN
