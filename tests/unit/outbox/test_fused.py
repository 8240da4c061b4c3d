import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.delivery import Delivered, DeliveryState, Outcome, Sending
from contracts.errors import StateUnavailable
from outbox.claims import Claim
from outbox.database import NewerSchemaError
from outbox.endings import Fenced
from outbox.owner import BEGIN_WITHIN_S
from outbox.sqlite.database import SqliteDatabase
from outbox.store import Outbox
from outbox.worker import Pace, Worker
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, stored, writer

ANSWER = Delivered("INC-1")
LIMIT_S = 30


def claimed(outbox: Outbox, owner: str = "a") -> Claim:
    claim = outbox.claim("planon", owner, "send")
    assert claim is not None
    return claim


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.fixture
def threaded(outbox: Outbox, receiver: Receiver, clock: Clock) -> Iterator[Worker]:
    """A worker with one thread."""
    receiver.settle_s = 0
    made = Worker(outbox, {"planon": receiver}, clock, pace=Pace(threads=1, limit=1))
    yield made
    assert made.stop(LIMIT_S)


def test_an_acknowledgement_and_the_next_claim_are_one_commit(outbox: Outbox, database: SqliteDatabase) -> None:
    """Both are there, with the intent of the second attempt, after one commit."""
    first, second = accept(outbox, "1"), accept(outbox, "2")
    claim = claimed(outbox)
    statements: list[str] = []
    writer(database).set_trace_callback(statements.append)
    fused = outbox.write_and_claim(outbox.endings.delivered(claim, ANSWER, "answered"), "planon", "a", "send")
    assert statements.count("COMMIT") == 1
    assert fused is not None
    assert (fused.entry.id, fused.entry.sends) == (second.id, 1)
    assert stored(outbox, first).state is DeliveryState.DELIVERED
    assert [(attempt.step, attempt.outcome) for attempt in outbox.attempts(second)] == [(1, None)]


def test_the_last_acknowledgement_of_a_key_lets_its_next_entry_go_at_once(outbox: Outbox) -> None:
    """What is promoted by an acknowledgement is claimed in the same commit."""
    accept(outbox, "1", order_key="a")
    behind = accept(outbox, "2", order_key="a")
    ending = outbox.endings.delivered(claimed(outbox), ANSWER, "answered")
    fused = outbox.write_and_claim(ending, "planon", "a", "send", 1)
    assert fused is not None
    assert fused.entry.id == behind.id


def test_a_late_acknowledgement_claims_nothing(outbox: Outbox) -> None:
    """What is fenced undoes the claim beside it."""
    accept(outbox, "1")
    other = accept(outbox, "2")
    stale = outbox.owners.take()
    claim = claimed(outbox, stale.name)
    stale.close()
    outbox.recover()
    with pytest.raises(Fenced):
        outbox.write_and_claim(outbox.endings.delivered(claim, ANSWER, "late"), "planon", "a", "send")
    assert stored(outbox, other).state is DeliveryState.READY
    assert outbox.attempts(other) == []


@pytest.mark.parametrize("method", ["claim", "write_and_claim"])
def test_what_was_claimed_in_a_commit_of_doubt_is_recovered(
    outbox: Outbox, threaded: Worker, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The identity that may own it is given up, so that the entry is asked for and not stuck."""
    entries = [accept(outbox, str(number)) for number in range(3)]
    real, doubts = getattr(outbox, method), iter([True])

    def doubtful(*given: Any) -> Claim | None:
        claim: Claim | None = real(*given)
        if next(doubts, False):
            raise StateUnavailable("the connection broke during the commit")
        return claim

    monkeypatch.setattr(outbox, method, doubtful)
    threaded.start()
    wait_for(lambda: all(stored(outbox, entry).state is DeliveryState.DELIVERED for entry in entries))
    assert sorted(sending.reference for sending in receiver.sent) == ["LS-0", "LS-1", "LS-2"]
    assert len(receiver.asked) == 1
    lost = entries[0 if method == "claim" else 1]
    assert [attempt.outcome for attempt in outbox.attempts(lost)] == ["unknown", "absent", "delivered"]


def test_each_thread_has_an_identity_of_its_own(outbox: Outbox, clock: Clock, database: SqliteDatabase) -> None:
    """One that is given up takes nothing from the other thread."""
    together = threading.Barrier(2, timeout=LIMIT_S)

    class Meeting(Receiver):
        def send(self, sending: Sending) -> Outcome:
            together.wait()
            return super().send(sending)

    worker = Worker(outbox, {"planon": Meeting()}, clock)
    entries = [accept(outbox, str(number)) for number in range(2)]
    worker.start()
    wait_for(lambda: all(stored(outbox, entry).state is DeliveryState.DELIVERED for entry in entries))
    assert worker.stop(LIMIT_S)
    assert len({row["owner"] for row in database.read("SELECT owner FROM attempt")}) == 2
    assert list(outbox.owners.folder.iterdir()) == []  # type: ignore[attr-defined]  # of SQLite


def test_a_process_that_was_held_up_does_not_begin(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too long after its claim somebody else may have recovered the entry, and be sending it."""
    entry = accept(outbox)
    real, pauses_s = outbox.sending, iter([BEGIN_WITHIN_S + 0.01])

    def paused(of: Any) -> Sending:
        clock.forward(next(pauses_s, 0))
        return real(of)

    monkeypatch.setattr(outbox, "sending", paused)
    worker.step("planon")
    found = stored(outbox, entry)
    assert (found.state, found.sends, found.owner, receiver.sent) == (DeliveryState.READY, 0, None, [])
    worker.step("planon")
    assert [attempt.outcome for attempt in outbox.attempts(entry)] == ["not begun", "delivered"]


def test_a_shutdown_releases_what_was_claimed_and_not_begun(
    outbox: Outbox, threaded: Worker, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ready for whoever comes next, and nobody has to ask the backend for it."""
    entry = accept(outbox)
    reading, go_on = threading.Event(), threading.Event()
    real = outbox.sending

    def slowly(of: Any) -> Sending:
        reading.set()
        assert go_on.wait(LIMIT_S)
        return real(of)

    monkeypatch.setattr(outbox, "sending", slowly)
    threaded.start()
    assert reading.wait(LIMIT_S)
    assert not threaded.stop(0)
    go_on.set()
    assert threaded.stop(LIMIT_S)
    found = stored(outbox, entry)
    assert (found.state, found.sends, found.owner, receiver.sent) == (DeliveryState.READY, 0, None, [])


def test_a_shutdown_finishes_what_is_being_sent_and_takes_no_more(outbox: Outbox, clock: Clock) -> None:
    """The outcome is written; what waits behind it is left alone."""
    sending_now, go_on = threading.Event(), threading.Event()

    class Slow(Receiver):
        def send(self, sending: Sending) -> Outcome:
            sending_now.set()
            assert go_on.wait(LIMIT_S)
            return super().send(sending)

    worker = Worker(outbox, {"planon": Slow()}, clock, pace=Pace(threads=1, limit=1))
    first, second = accept(outbox, "1"), accept(outbox, "2")
    worker.start()
    assert sending_now.wait(LIMIT_S)
    assert not worker.stop(0)
    go_on.set()
    assert worker.stop(LIMIT_S)
    assert stored(outbox, first).state is DeliveryState.DELIVERED
    assert (stored(outbox, second).state, outbox.attempts(second)) == (DeliveryState.READY, [])


def test_a_newer_schema_is_not_worked_on(outbox: Outbox, database: SqliteDatabase) -> None:
    """Somebody has upgraded the state under a worker of an older release."""
    accept(outbox)
    with database.transaction() as tx:
        tx.execute("INSERT INTO migration VALUES ('outbox', 9999)")
    with pytest.raises(NewerSchemaError, match="9999"):
        outbox.claim("planon", "a")


def test_an_upgrade_lets_an_old_worker_finish(
    outbox: Outbox, clock: Clock, database: SqliteDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """What it holds is written down; then it claims nothing more, and says so once."""

    class Upgrading(Receiver):
        def send(self, sending: Sending) -> Outcome:
            if not self.sent:
                with database.transaction() as tx:
                    tx.execute("INSERT INTO migration VALUES ('outbox', 9999)")
            return super().send(sending)

    first, second = accept(outbox, "1"), accept(outbox, "2")
    worker = Worker(outbox, {"planon": Upgrading()}, clock, pace=Pace(threads=1, limit=1))
    worker.start()
    wait_for(lambda: stored(outbox, first).state is DeliveryState.DELIVERED)
    wait_for(lambda: "nothing more is delivered" in caplog.text)
    worker.notify()
    assert worker.stop(LIMIT_S)
    assert (stored(outbox, second).state, outbox.attempts(second)) == (DeliveryState.READY, [])
    assert caplog.text.count("nothing more is delivered") == 1
