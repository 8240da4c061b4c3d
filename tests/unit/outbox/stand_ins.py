"""A clock that moves when told, a destination that fails when told, and the way in that the service uses."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection
from threading import Barrier
from typing import Any, TypeVar

from contracts.delivery import Absent, Checked, Delivered, Document, Finding, Outcome, Sending, Source, Unknown
from outbox.entry import Entry, NewEntry
from outbox.sqlite.database import SqliteDatabase
from outbox.store import Outbox
from outbox.uptime import Uptime
from outbox.worker import Worker

T = TypeVar("T")
REPORTED_AT = datetime.fromisoformat("2026-11-19T22:14:03+01:00")
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Clock:
    """A clock for tests."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 19, 21, 15, tzinfo=UTC)
        self.up = Uptime("boot", 7_000)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.up = Uptime(self.up.boot, self.up.ms + int(seconds * 1000))

    def step(self, seconds: float) -> None:
        """Set the wall clock; no time passes."""
        self.now += timedelta(seconds=seconds)

    def reboot(self) -> None:
        self.up = Uptime(self.up.boot + "'", 0)


@dataclass
class Receiver:
    """A destination whose answers are scripted; it keeps what it was sent."""

    settle_s: float = 60
    answers: list[Outcome | Exception] = field(default_factory=list)
    findings: list[Finding | Exception] = field(default_factory=list)
    sent: list[Sending] = field(default_factory=list)
    asked: list[Sending] = field(default_factory=list)
    seen: list[Checked | Exception] = field(default_factory=list)
    looked_at: list[tuple[str, str, float]] = field(default_factory=list)
    unknown: Unknown = "verify"
    fingerprints: dict[str, str] = field(default_factory=dict)

    def fingerprint(self, kind: str) -> str | None:
        return self.fingerprints.get(kind)

    def send(self, sending: Sending) -> Outcome:
        self.sent.append(sending)
        answer = self.answers.pop(0) if self.answers else Delivered(f"INC-{len(self.sent):06}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def find(self, sending: Sending) -> Finding:
        self.asked.append(sending)
        finding = self.findings.pop(0) if self.findings else Absent()
        if isinstance(finding, Exception):
            raise finding
        return finding

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        self.looked_at.append((sending.reference, backend_id, age_s))
        seen = self.seen.pop(0) if self.seen else Checked(None, None, "the clock runs")
        if isinstance(seen, Exception):
            raise seen
        return seen


def at_once(count: int, call: Callable[[int], T]) -> list[T]:
    """Call from so many threads, all at the same moment; return what they got."""
    ready = Barrier(count, timeout=30)

    def one(number: int) -> T:
        ready.wait()
        return call(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def writer(database: SqliteDatabase) -> Connection:
    """Return the connection that writes."""
    assert database._writer is not None
    return database._writer


def new_entry(
    name: str = "1",
    *,
    order_key: str | None = None,
    follows: str | None = None,
    slot: bytes | None = None,
    body: bytes = b"<Incident/>",
    continues: str | None = None,
    fingerprint: str | None = None,
    destination: str = "planon",
    rank: int = 0,
) -> NewEntry:
    document = Document(
        kind="incident",
        body=body,
        subject="T-0001",
        reported_at=REPORTED_AT,
        order_key=order_key,
        follows=follows,
        slot=slot,
        provenance=(Source("BO_PRIORITY", "2", "matrix", "priority_matrix[SCH, high]"),),
        fingerprint=fingerprint,
    )
    return NewEntry(
        f"dl_{name:0>32}",
        destination,
        "create_incident",
        "agent",
        f"LS-{name}",
        document,
        continues,
        rank,
        traceparent=TRACEPARENT,
    )


def accept(outbox: Outbox, name: str = "1", **members: Any) -> Entry:
    """Enqueue a document, as the service does."""
    new = new_entry(name, **members)
    return outbox.database.write(lambda tx: outbox.enqueue(tx, new))


def accept_all(outbox: Outbox, news: Iterable[NewEntry]) -> list[Entry]:
    """Enqueue many in one commit."""
    with outbox.database.transaction() as tx:
        return [outbox.enqueue(tx, new) for new in news]


PENDING = Delivered("INC-000001", {"sla": "pending"}, check_again_s=2)
"""The record has no due time yet: look again in 2 s."""


def stored(outbox: Outbox, entry: Entry) -> Entry:
    found = outbox.get(entry.id)
    assert found is not None
    return found


def delivered(outbox: Outbox, worker: Worker, receiver: Receiver, answer: Delivered = PENDING) -> Entry:
    """Return an entry that was delivered with this answer."""
    receiver.answers.append(answer)
    entry = accept(outbox)
    assert worker.step("planon")
    return stored(outbox, entry)


def told(outbox: Outbox, entry: Entry) -> list[tuple[int, str, str]]:
    return [(look.n, look.outcome, look.evidence) for look in outbox.verifications(entry)]
