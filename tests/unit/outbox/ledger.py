"""A backend that remembers what it has, whatever becomes of our state, and the way back to a state that was kept."""

from dataclasses import dataclass, field
from pathlib import Path

from contracts.delivery import Absent, Checked, Delivered, Finding, Outcome, Sending, Unknown
from outbox.actions import Audit
from outbox.backoff import Backoff
from outbox.carrying.asking import Asking
from outbox.carrying.restore import Restored, Restoring, restore
from outbox.database import Database
from outbox.entry import to_ms
from outbox.store import PACKAGE, Outbox
from outbox.worker import Pace, Worker
from tests.unit.outbox.stand_ins import Clock

REASON = "restored; asked first"


@dataclass
class Ledger:
    """A destination that takes the same document twice if it is sent twice, and finds it by its reference."""

    settle_s: float = 60
    unknown: Unknown = "verify"
    records: list[str] = field(default_factory=list)
    questions: int = 0

    def fingerprint(self, kind: str) -> str | None:
        del kind
        return None

    def send(self, sending: Sending) -> Outcome:
        assert sending.slot is None or sending.parent_backend_id, "nothing to fill the slot with"
        self.records.append(sending.reference)
        return Delivered(f"INC-{len(self.records):06}")

    def find(self, sending: Sending) -> Finding:
        self.questions += 1
        if sending.reference not in self.records:
            return Absent()
        return Delivered(f"INC-{self.records.index(sending.reference) + 1:06}")

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        del sending, backend_id, age_s
        return Checked(None, None, "as it was")


def work(outbox: Outbox, ledger: Ledger, clock: Clock, seconds: int = 0) -> None:
    """Let a worker do all that is due, and go on for some time."""
    worker = Worker(outbox, {"planon": ledger}, clock, Backoff(first_s=1, cap_s=8), Pace(threads=0))
    worker.start()
    try:
        for _ in range(seconds + 1):
            while worker.step("planon"):
                pass
            clock.forward(1)
    finally:
        assert worker.stop(1)


def asking(clock: Clock, *destinations: str) -> Asking:
    return Asking(to_ms(clock()), clock.up, REASON, destinations)


def audit(clock: Clock) -> Audit:
    return Audit("beheer", "the disk is new", to_ms(clock()))


def anybodys(database: Database) -> None:
    """Take every state for ours."""
    del database


def put_back(kept: Path, state: Path, clock: Clock) -> Restored:
    """Restore a backup."""
    return restore(Restoring(kept, state, [PACKAGE], anybodys), asking(clock, "planon"), audit(clock))
