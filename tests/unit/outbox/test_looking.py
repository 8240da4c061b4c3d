"""Looks at delivered records by several at once, and the administrator's hand on them."""

import pytest

from contracts.delivery import Checked, Delivered, NotSent, Sending
from outbox.database import ConstraintViolated
from outbox.endings import Fenced
from outbox.looking import Looking, look_now
from outbox.store import Outbox
from outbox.verification import Verifications
from outbox.worker import Worker
from tests.unit.outbox.stand_ins import PENDING, Clock, Receiver, accept, delivered, stored, told


def test_what_was_seen_is_kept_and_counted_no_more(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, verifications: Verifications
) -> None:
    """The acknowledgement is a row of its own, ends further looks, and fences one that is under way."""
    answer = Delivered("INC-000001", attention="sla_missing", check_again_s=2)
    entry = delivered(outbox, worker, receiver, answer)
    clock.forward(2)
    under_way = verifications.claim("planon")
    assert under_way is not None
    acknowledged = verifications.seen(entry.id, "SLA entered by hand")
    assert acknowledged is not None
    assert (acknowledged.attention, acknowledged.check_at) == (None, None)
    with pytest.raises(Fenced):
        verifications.checked(under_way, Checked(None, "sla_missing", "no due time"))
    assert told(outbox, entry) == [(2, "seen", "sla_missing: SLA entered by hand")]
    assert [count.attention for count in outbox.counts()] == [None]
    assert verifications.seen(entry.id, "again") is None


def test_only_what_is_delivered_can_be_checked(
    outbox: Outbox, worker: Worker, receiver: Receiver, verifications: Verifications
) -> None:
    """An entry on its way has no record to look at."""
    receiver.answers = [NotSent("refused")]
    entry = accept(outbox)
    worker.step("planon")
    assert verifications.make_due(entry.id) == []


def test_an_administrator_s_look_is_made_at_once(
    outbox: Outbox, worker: Worker, receiver: Receiver, verifications: Verifications
) -> None:
    """Those that were made due are looked at by this process; one that somebody else looks at is waited for."""
    entry = delivered(outbox, worker, receiver, Delivered("INC-000001", attention="sla_missing"))
    looking = Looking(outbox, verifications, {"planon": receiver})
    assert look_now(outbox, looking, verifications.make_due(entry.id), 5) == set()
    assert stored(outbox, entry).attention is None
    due = verifications.make_due(entry.id)
    assert verifications.claim("planon") is not None
    assert look_now(outbox, looking, due, 0.2) == {entry.id}


def test_one_look_at_a_time_in_one_system(
    outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, verifications: Verifications
) -> None:
    """While a thread looks, the others send; they neither look nor spin on the looks that wait."""
    delivered(outbox, worker, receiver)
    receiver.answers.append(PENDING)
    accept(outbox, "2")
    worker.step("planon")
    clock.forward(2)
    looking = Looking(outbox, verifications, {"planon": receiver})
    inside: list[object] = []

    def check(sending: Sending, backend_id: str, age_s: float) -> Checked:
        del sending, backend_id, age_s
        inside.extend([looking.step("planon"), looking.next_due("planon")])
        return Checked(None, None, "")

    receiver.check = check  # type: ignore[method-assign]
    assert looking.step("planon")
    assert inside == [False, None]
    assert looking.next_due("planon") is not None


@pytest.mark.parametrize("change", ["verification SET outcome = 'ok'", "entry SET continues = id"])
def test_looks_are_append_only(outbox: Outbox, worker: Worker, receiver: Receiver, clock: Clock, change: str) -> None:
    """As attempts are; and what an entry continues never changes."""
    delivered(outbox, worker, receiver)
    clock.forward(2)
    worker.step("planon")
    with pytest.raises(ConstraintViolated, match=r"append-only|never changes"), outbox.database.transaction() as tx:
        tx.execute(f"UPDATE {change}")
