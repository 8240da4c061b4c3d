import itertools
import time

import pytest

from contracts.delivery import Absent, Delivered, DeliveryState, NotSent, Outcome, OutcomeUnknown, Sending
from outbox.backoff import Backoff
from outbox.database import Database
from outbox.endings import WALL_MARGIN_S
from outbox.entry import Entry
from outbox.hand import Hand
from outbox.store import Outbox
from outbox.uptime import Uptime
from outbox.worker import Pace, Step, Worker
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, stored


def test_what_cannot_be_asked_is_a_person_s_matter(
    outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver
) -> None:
    """`park`: neither asked nor sent again, until somebody says that it is not there."""
    receiver.unknown = "park"
    receiver.answers = [OutcomeUnknown("connection reset")]
    entry = accept(outbox)
    for _ in range(5):
        worker.step("planon")
    found = stored(outbox, entry)
    assert (found.state, len(receiver.sent), len(receiver.asked)) == (DeliveryState.PARKED, 1, 0)
    assert (found.reason or "").startswith("connection reset; this backend cannot be asked")
    hand.retry(entry.id, "looked")
    worker.step("planon")
    assert (stored(outbox, entry).state, len(receiver.sent)) == (DeliveryState.PARKED, 1)
    hand.retry(entry.id, "looked", not_there=True)
    worker.step("planon")
    assert (stored(outbox, entry).state, len(receiver.sent)) == (DeliveryState.DELIVERED, 2)


def test_what_may_be_sent_twice_is(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """`resend`: only an adapter declares it; the second time counts as an attempt."""
    receiver.unknown = "resend"
    receiver.answers = [OutcomeUnknown("connection reset")]
    entry = accept(outbox)
    for _ in range(5):
        worker.step("planon")
        clock.forward(10)
    found = stored(outbox, entry)
    assert (found.state, len(receiver.sent), len(receiver.asked)) == (DeliveryState.DELIVERED, 2, 0)
    assert (found.tries, found.sends) == (1, 2)


@pytest.mark.parametrize("policy", ["park", "resend"])
def test_a_crash_in_flight_is_treated_by_the_same_policy(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, policy: str
) -> None:
    """Whoever recovers it need not know the destination."""
    receiver.unknown = policy  # type: ignore[assignment]
    entry = accept(outbox)
    dead = outbox.owners.take()
    assert outbox.claim("planon", dead.name) is not None
    dead.close()
    assert outbox.recover() == 1
    for _ in range(3):
        worker.step("planon")
        clock.forward(10)
    wanted = DeliveryState.PARKED if policy == "park" else DeliveryState.DELIVERED
    assert (stored(outbox, entry).state, len(receiver.asked)) == (wanted, 0)


def test_another_schema_or_mapping_keeps_it_from_being_sent(
    outbox: Outbox, hand: Hand, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """A document that waited through an upgrade is a person's matter; one of unknown make is sent as before."""
    receiver.fingerprints = {"incident": "today's"}
    old = accept(outbox, "1", fingerprint="yesterday's")
    fresh = accept(outbox, "2", fingerprint="today's")
    untold = accept(outbox, "3")
    clock.forward(3600)
    while worker.step("planon"):
        pass
    found = stored(outbox, old)
    assert (found.state, found.error_group) == (
        DeliveryState.PARKED,
        "validated with another schema or mapping; see `shim outbox supersede`",
    )
    assert [sending.reference for sending in receiver.sent] == [fresh.reference, untold.reference]
    hand.retry(old.id, "impatient")
    worker.step("planon")
    assert stored(outbox, old).state is DeliveryState.PARKED


def test_what_another_release_accepts_now_is_left_to_its_workers(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Side by side in a rolling upgrade; when nobody has come for ten minutes it is a person's matter."""
    receiver.fingerprints = {"incident": "mine"}
    entry = accept(outbox, fingerprint="theirs")
    for _ in range(5):
        worker.step("planon")
        found = stored(outbox, entry)
        assert (found.state, found.tries) == (DeliveryState.READY, 0)
        clock.forward(31)
    assert receiver.sent == []
    assert outbox.gate("planon").failures == 0
    clock.forward(600)
    worker.step("planon")
    assert stored(outbox, entry).state is DeliveryState.PARKED


def test_a_destination_that_tells_no_fingerprint_any_more_gets_none_of_the_old(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Nobody can say that it would still pass."""
    entry = accept(outbox, fingerprint="yesterday's")
    clock.forward(3600)
    worker.step("planon")
    assert (stored(outbox, entry).state, receiver.sent) == (DeliveryState.PARKED, [])


def test_hosts_that_ask_in_turn_do_not_put_it_off_for_ever(
    database: Database, receiver: Receiver, clock: Clock
) -> None:
    """Neither knows the other's boot-time clock; with a wide margin the wall clock is believed."""
    ups = [lambda: Uptime("one", clock.up.ms), lambda: Uptime("two", clock.up.ms)]
    hosts = [Outbox(database, RestCipher(bytes(32)), clock, up) for up in ups]
    workers = [Worker(host, {"planon": receiver}, clock, Backoff(1, 8), Pace(threads=0)) for host in hosts]
    receiver.answers = [OutcomeUnknown("reset"), Delivered("INC-1")]
    receiver.findings = [Absent()] * 1000
    entry = accept(hosts[0])
    assert workers[0].step("planon")
    for worker, _ in zip(itertools.cycle(reversed(workers)), range(1000), strict=False):
        if len(receiver.sent) == 2:
            break
        clock.forward(receiver.settle_s + 1)
        worker.step("planon")
    assert len(receiver.sent) == 2
    passed_s = (clock.now - entry.accepted_at).total_seconds()
    assert receiver.settle_s + WALL_MARGIN_S <= passed_s <= 4 * receiver.settle_s + WALL_MARGIN_S
    for worker in workers:
        worker.stop(1)


@pytest.mark.parametrize("answers", [[], [OutcomeUnknown("reset")]], ids=["send", "find"])
def test_a_defect_before_anybody_was_asked_leaves_nothing_claimed(
    outbox: Outbox,
    worker: Worker,
    receiver: Receiver,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    answers: list[Outcome | Exception],
) -> None:
    """Whatever fails while an entry is looked at: it is tried again later, and others go on."""

    def defect(_: Entry) -> Sending:
        raise RuntimeError("defect")

    entry = accept(outbox)
    receiver.answers, sends = answers, len(answers)
    if answers:
        worker.step("planon")
    state = stored(outbox, entry).state
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "sending", defect)
        for _ in range(3):
            assert worker.step("planon")
            clock.forward(10)
    found = stored(outbox, entry)
    assert (found.state, found.owner, outbox.gate("planon").busy) == (state, None, 0)
    assert (len(receiver.sent), len(receiver.asked)) == (sends, 0)


def test_a_question_is_asked_whatever_the_schema(outbox: Outbox, worker: Worker, receiver: Receiver) -> None:
    """What may be there is looked for with the document that was sent."""
    receiver.fingerprints = {"incident": "one"}
    receiver.answers = [OutcomeUnknown("reset")]
    receiver.findings = [Delivered("INC-1")]
    entry = accept(outbox, fingerprint="one")
    worker.step("planon")
    receiver.fingerprints = {"incident": "two"}
    worker.step("planon")
    assert stored(outbox, entry).state is DeliveryState.DELIVERED


def test_a_reason_is_stored_with_its_group(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """Failures of one cause can be treated as one; success leaves neither."""
    receiver.answers = [NotSent("log-in refused: HTTP 401 (0.31 s)", about_entry=True)]
    entry = accept(outbox)
    worker.step("planon")
    assert stored(outbox, entry).error_group == "log-in refused: HTTP 401"
    clock.forward(10)
    worker.step("planon")
    assert (stored(outbox, entry).reason, stored(outbox, entry).error_group) == (None, None)


def test_what_becomes_ready_keeps_the_order_of_its_key(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """After a restored backup all of a key are unknown: a later one that is not there waits for the earlier ones."""
    entries = [accept(outbox, str(number), order_key="a") for number in range(3)]
    with outbox.database.transaction() as tx:
        tx.execute(
            "UPDATE entry SET state = 'unknown', unknown_since = 0, unknown_boot = 'boot', unknown_uptime = -100000,"
            " next_attempt_at = next_attempt_at + 1000 * (3 - seq)"
        )
    clock.forward(61)
    for _ in range(12):
        worker.step("planon")
        clock.forward(1)
    assert [sending.reference for sending in receiver.asked] == ["LS-2", "LS-1", "LS-0"]
    assert [sending.reference for sending in receiver.sent] == ["LS-0", "LS-1", "LS-2"]
    assert {stored(outbox, entry).state for entry in entries} == {DeliveryState.DELIVERED}


def test_a_thread_that_fails_leaves_nothing_in_flight(outbox: Outbox, receiver: Receiver, clock: Clock) -> None:
    """What it had just claimed is recovered and asked for, although its process lives on."""
    failed: list[Step] = []

    def watch(step: Step) -> None:
        if not failed:
            failed.append(step)
            raise RuntimeError("defect")  # the next entry has been claimed in the commit of this one's outcome

    receiver.settle_s = 0
    entries = [accept(outbox, str(number)) for number in range(5)]
    worker = Worker(outbox, {"planon": receiver}, clock, Backoff(0.01, 0.01), Pace(threads=1), watch)
    worker.start()
    try:
        until = time.monotonic() + 30
        while any(stored(outbox, entry).state is not DeliveryState.DELIVERED for entry in entries):
            assert time.monotonic() < until
            clock.forward(1)
            time.sleep(0.02)
    finally:
        assert worker.stop(30)
    assert failed
    assert len(receiver.sent) == len(entries)
