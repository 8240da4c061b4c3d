"""Delivered is not the end: the record is looked at again, and who must act is told."""

from decimal import Decimal

import pytest

from contracts.delivery import Checked, Delivered, DeliveryState
from contracts.errors import BackendUnavailable
from outbox.backoff import Backoff
from outbox.database import open_database
from outbox.endings import Fenced
from outbox.looking import NOT_CHECKED
from outbox.selection import Selection
from outbox.sqlite.database import SqliteDatabase
from outbox.store import PACKAGE, Outbox
from outbox.verification import LEASE_S, Verifications
from outbox.worker import Pace, Worker
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, delivered, stored, told, writer


def test_a_record_is_looked_at_when_its_adapter_asked_for_it(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """Not before; the newest result replaces the first one; every look stays on record."""
    receiver.seen = [
        Checked(None, None, "no due time yet", check_again_s=3),
        Checked({"sla": "running"}, None, "due at 23:50"),
    ]
    entry = delivered(outbox, worker, receiver)
    assert not worker.step("planon")
    clock.forward(2)
    assert worker.step("planon")
    assert outbox.result(stored(outbox, entry)) == b'{"sla":"pending"}'
    assert not worker.step("planon")
    clock.forward(3)
    assert worker.step("planon")
    clock.forward(86_400)
    assert not worker.step("planon")
    assert receiver.looked_at == [("LS-1", "INC-000001", 2.0), ("LS-1", "INC-000001", 5.0)]
    assert outbox.result(stored(outbox, entry)) == b'{"sla":"running"}'
    assert told(outbox, entry) == [(1, "pending", "no due time yet"), (2, "ok", "due at 23:50")]
    assert stored(outbox, entry).state is DeliveryState.DELIVERED


def test_a_missing_clock_is_counted_apart_until_it_is_mended(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, verifications: Verifications
) -> None:
    """The state stays delivered; a later look that finds it mended takes the attention away."""
    receiver.seen = [
        Checked({"sla": "missing"}, "sla_missing", "no due time"),
        Checked({"sla": "running"}, None, "due"),
    ]
    entry = delivered(outbox, worker, receiver)
    clock.forward(2)
    worker.step("planon")
    accept(outbox, "2")
    assert worker.step("planon")
    counted = {(count.state, count.attention, count.entries) for count in outbox.counts()}
    assert counted == {(DeliveryState.DELIVERED, None, 1), (DeliveryState.DELIVERED, "sla_missing", 1)}
    assert [found.id for found in outbox.wanting_attention(Selection("planon"), 10)] == [entry.id]
    assert [found.id for found in verifications.make_all_due("planon")] == [entry.id]
    assert worker.step("planon")
    assert stored(outbox, entry).attention is None
    assert outbox.wanting_attention(Selection(), 10) == []


def test_only_the_last_look_takes_attention_away(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """One that could not read the record, and is made again, says nothing about it."""
    receiver.seen = [Checked(None, None, "not read back", check_again_s=3), Checked(None, None, "due at 23:50")]
    first = Delivered("INC-000001", attention="record_differs", check_again_s=1)
    entry = delivered(outbox, worker, receiver, first)
    clock.forward(2)
    assert worker.step("planon")
    assert stored(outbox, entry).attention == "record_differs"
    clock.forward(4)
    assert worker.step("planon")
    assert stored(outbox, entry).attention is None


@pytest.mark.parametrize(
    "last", [[Checked({"sla": "unverified"}, "sla_unverified", "not read back", read=False)], [RuntimeError("x")] * 4]
)
def test_a_look_that_saw_nothing_hides_nothing(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, last: list[Checked | Exception]
) -> None:
    """The record was seen to differ: that nobody could read it later does not replace this."""
    receiver.seen = list(last)  # the suite runs on another store as well
    first = Delivered("INC-000001", attention="record_differs", check_again_s=1)
    entry = delivered(outbox, worker, receiver, first)
    for _ in range(20):
        clock.forward(120)
        worker.step("planon")
    ended = stored(outbox, entry)
    assert (ended.attention, ended.check_at) == ("record_differs", None)


def test_attention_may_come_with_the_delivery(outbox: Outbox, worker: Worker, receiver: Receiver) -> None:
    """Nobody needs to look twice to see that the record differs."""
    entry = delivered(outbox, worker, receiver, Delivered("INC-000001", attention="record_differs"))
    assert (entry.attention, entry.check_at) == ("record_differs", None)


def test_a_delivery_without_a_check_costs_no_commit_more(
    outbox: Outbox, worker: Worker, receiver: Receiver, database: SqliteDatabase
) -> None:
    """Claim and outcome are two commits; an idle worker makes none."""
    accept(outbox)
    commits: list[str] = []
    writer(database).set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    assert worker.step("planon")
    assert len(commits) == 2
    assert receiver.looked_at == []


def test_reports_go_before_looks_and_looks_are_not_starved(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """A due look waits for new reports, but under a steady stream of them not for ever."""
    delivered(outbox, worker, receiver)
    clock.forward(2)
    for number in range(20, 60):
        accept(outbox, str(number))
        assert worker.step("planon")
        if receiver.looked_at:
            break
    assert 2 < len(receiver.sent) < 12
    assert len(receiver.looked_at) == 1


def test_looks_survive_a_restart(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock) -> None:
    """What was to be looked at is, by whichever process comes next."""
    delivered(outbox, worker, receiver)
    clock.forward(2)
    database = open_database(outbox.database.where, [PACKAGE])
    again = Outbox(database, RestCipher(bytes(32)), clock, lambda: clock.up)
    heir = Worker(again, {"planon": receiver}, clock, Backoff(), Pace(threads=0))
    heir.start()
    assert heir.step("planon")
    assert len(receiver.looked_at) == 1
    assert heir.stop(1)
    database.close()


def test_two_workers_do_not_both_look(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, verifications: Verifications
) -> None:
    """The lease keeps others away; when its holder died it runs out, and the look is made again."""
    delivered(outbox, worker, receiver)
    clock.forward(2)
    assert verifications.claim("planon") is not None
    assert verifications.claim("planon") is None
    assert not worker.step("planon")
    clock.forward(LEASE_S)
    assert worker.step("planon")


def test_of_two_that_saw_the_same_look_one_gets_it(
    outbox: Outbox,
    worker: Worker,
    receiver: Receiver,
    clock: Clock,
    verifications: Verifications,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever they read before, the claim itself is one statement."""
    delivered(outbox, worker, receiver)
    clock.forward(2)
    monkeypatch.setattr(verifications, "next_due", lambda _destination: clock.now)
    assert [verifications.claim("planon") is not None for _ in range(2)] == [True, False]


def test_a_result_that_comes_too_late_is_not_written(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, verifications: Verifications
) -> None:
    """The newer look counts, whatever the older one has to say."""
    entry = delivered(outbox, worker, receiver)
    clock.forward(2)
    slow = verifications.claim("planon")
    assert slow is not None
    clock.forward(LEASE_S)
    assert worker.step("planon")
    with pytest.raises(Fenced):
        verifications.checked(slow, Checked(None, "sla_missing", "late"))
    assert stored(outbox, entry).attention is None
    assert told(outbox, entry) == [(2, "ok", "the clock runs")]


@pytest.mark.parametrize(
    "nonsense",
    [
        RuntimeError("defect"),
        BackendUnavailable("down"),
        None,
        Checked({"at": object()}, None, "no JSON"),  # type: ignore[dict-item]  # what a careless adapter may do
        Checked(None, Decimal(5), "no text"),  # type: ignore[arg-type]
        Checked(None, None, None),  # type: ignore[arg-type]
    ],
)
def test_a_look_that_fails_is_made_again_and_given_up_in_the_end(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, nonsense: object
) -> None:
    """A few times, further and further apart; then somebody is told that nobody knows."""
    receiver.seen = [nonsense] * 10  # type: ignore[list-item]
    entry = delivered(outbox, worker, receiver)
    for _ in range(40):
        clock.forward(120)
        worker.step("planon")
    assert len(receiver.looked_at) == 4
    ended = stored(outbox, entry)
    assert (ended.state, ended.attention, ended.check_at) == (DeliveryState.DELIVERED, NOT_CHECKED, None)
    assert {outcome for _, outcome, _ in told(outbox, entry)} == {"failed"}
    assert outbox.result(ended) == b'{"sla":"pending"}'


def test_damaged_bytes_cannot_be_checked(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, database: SqliteDatabase
) -> None:
    """Nobody is asked about a record that cannot be compared any more."""
    entry = delivered(outbox, worker, receiver)
    with database.transaction() as tx:
        tx.execute("DROP TRIGGER payload_is_frozen")
        tx.execute("UPDATE payload SET body = particulars")
    clock.forward(2)
    assert worker.step("planon")
    assert receiver.looked_at == []
    assert [outcome for _, outcome, _ in told(outbox, entry)] == ["failed"]


def test_the_age_is_told_by_a_clock_that_nobody_sets(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, verifications: Verifications
) -> None:
    """A wall clock that is set forward makes no record older; after a reboot it is all there is, and never negative."""
    receiver.seen = [Checked(None, None, "not yet", check_again_s=0)] * 3
    entry = delivered(outbox, worker, receiver)
    clock.step(3600)
    clock.forward(2)
    assert worker.step("planon")
    clock.reboot()
    assert worker.step("planon")
    clock.step(-7200)
    verifications.make_due(entry.id)
    assert worker.step("planon")
    assert [age for *_, age in receiver.looked_at] == [2.0, 3602.0, 0.0]


def test_a_wall_clock_that_is_set_back_puts_no_look_off_for_long(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """What seems due in a day cannot be: it is due now."""
    delivered(outbox, worker, receiver)
    clock.step(-86_400)
    assert not worker.step("planon")
    worker._sleep("planon")
    assert worker.step("planon")
    assert len(receiver.looked_at) == 1


def test_a_lease_of_a_clock_that_was_ahead_holds_nobody_off(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, verifications: Verifications
) -> None:
    """Whoever took it has died meanwhile, and its end lies three days ahead."""
    delivered(outbox, worker, receiver)
    clock.forward(2)
    assert verifications.claim("planon") is not None
    clock.step(-3 * 86_400)
    worker._sleep("planon")
    assert worker.step("planon")
    assert len(receiver.looked_at) == 1


def test_an_adapter_cannot_put_a_look_off_for_ever(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock
) -> None:
    """An hour at most; a time in the past is now."""
    receiver.seen = [Checked(None, None, "", check_again_s=-5.0)]
    delivered(outbox, worker, receiver, Delivered("INC-000001", check_again_s=1e18))
    clock.forward(3600)
    assert worker.step("planon")
    assert worker.step("planon")
    assert len(receiver.looked_at) == 2
