"""A clock that moves when told, a destination that fails when told, and the way in that the service uses."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contracts.delivery import Absent, Checked, Delivered, Document, Finding, Outcome, Sending, Source
from outbox.entry import Entry, NewEntry
from outbox.store import Outbox
from outbox.uptime import Uptime
from outbox.worker import Worker

REPORTED_AT = datetime.fromisoformat("2026-11-19T22:14:03+01:00")


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


def accept(
    outbox: Outbox,
    name: str = "1",
    *,
    order_key: str | None = None,
    follows: str | None = None,
    slot: bytes | None = None,
    body: bytes = b"<Incident/>",
    continues: str | None = None,
) -> Entry:
    """Enqueue a document, as the service does."""
    document = Document(
        kind="incident",
        body=body,
        subject="T-0001",
        reported_at=REPORTED_AT,
        order_key=order_key,
        follows=follows,
        slot=slot,
        provenance=(Source("BO_PRIORITY", "2", "matrix", "priority_matrix[SCH, high]"),),
    )
    new = NewEntry(f"dl_{name:0>32}", "planon", "create_incident", "agent", f"LS-{name}", document, continues)
    with outbox.database.transaction() as tx:
        return outbox.enqueue(tx, new)


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
