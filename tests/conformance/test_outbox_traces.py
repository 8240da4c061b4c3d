"""An entry keeps the trace of its request, and what works on it is watched; on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Unpack

import pytest

from contracts.delivery import Checked, Delivered, DeliveryState, NotSent, Outcome, Sending
from contracts.spans import Attributes, Span
from outbox.around import Work
from outbox.backoff import Backoff
from outbox.database import ConstraintViolated
from outbox.entry import Entry
from outbox.worker import Pace, Worker
from tests.conformance.outbox_store import Store
from tests.unit.outbox.stand_ins import PENDING, TRACEPARENT, Receiver, accept, new_entry


def test_an_entry_keeps_its_requests_trace(store: Store) -> None:
    """Whoever looks at it sees it; one of an earlier release has none."""
    outbox = store.outbox()
    accepted = accept(outbox)
    found = store.outbox().get(accepted.id)
    assert found is not None
    assert (accepted.traceparent, found.traceparent, found.trace) == (TRACEPARENT, TRACEPARENT, TRACEPARENT[3:35])
    with outbox.database.transaction() as tx:
        earlier = outbox.enqueue(tx, replace(new_entry("2"), traceparent=None))
    assert (earlier.traceparent, earlier.trace) == (None, None)


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "mevrouw Jansen",
        TRACEPARENT.upper(),
        TRACEPARENT[:-1],
        f"{TRACEPARENT}-more",
        TRACEPARENT.replace("4bf9", "4bg9"),
        TRACEPARENT.replace("00-", "01-", 1),
        TRACEPARENT.replace("-", "a"),
    ],
)
def test_only_a_trace_of_its_form_is_kept(store: Store, malformed: str) -> None:
    """The database refuses what could hold anything else."""
    outbox = store.outbox()
    with pytest.raises(ConstraintViolated), outbox.database.transaction() as tx:
        outbox.enqueue(tx, replace(new_entry(), traceparent=malformed))


@dataclass
class Watching:
    """Watches a worker."""

    seen: list[tuple[Work, int, str | None]] = field(default_factory=list)
    under_way: list[Entry] = field(default_factory=list)

    @contextmanager
    def __call__(self, entry: Entry, work: Work, /) -> Iterator[Span]:
        told = _Told()
        self.under_way.append(entry)
        try:
            yield told
        finally:
            self.under_way.remove(entry)
            self.seen.append((work, entry.checks if work == "check" else entry.step, told.outcome))


@dataclass
class _Told:
    outcome: str | None = None

    def tell(self, **attributes: Unpack[Attributes]) -> None:
        self.outcome = attributes.get("outcome")


class Seeing(Receiver):
    """A receiver that looks whether it is watched."""

    watching: Watching

    def send(self, sending: Sending) -> Outcome:
        assert [entry.reference for entry in self.watching.under_way] == [sending.reference]
        return super().send(sending)


def test_each_attempt_and_each_look_is_watched(store: Store) -> None:
    """In the thread that makes it, while it is made; and told in a word what came of it, also of a defect."""
    watching, receiver = Watching(), Seeing()
    receiver.watching = watching
    receiver.answers = [NotSent("refused", about_entry=True), ConnectionError("defect"), PENDING]
    receiver.findings = [Delivered("INC-000001", {}, check_again_s=1)]
    receiver.seen = [Checked(None, None, "no due time", 1), ValueError("defect"), Checked(None, "sla_missing", "none")]
    outbox = store.outbox()
    entry = accept(outbox)
    worker = Worker(outbox, {"planon": receiver}, store.clock, Backoff(), Pace(threads=0), around=watching)
    worker.start()
    for _ in range(12):
        while worker.step("planon"):
            pass
        store.clock.forward(100)
    found = outbox.get(entry.id)
    assert found is not None
    assert (found.state, found.attention) == (DeliveryState.DELIVERED, "sla_missing")
    assert watching.seen == [
        ("send", 1, "not sent"),
        ("send", 2, "unknown"),
        ("find", 3, "delivered"),
        ("check", 1, "pending"),
        ("check", 2, "failed"),
        ("check", 3, "sla_missing"),
    ]
    assert watching.under_way == []
    assert worker.stop(1)
