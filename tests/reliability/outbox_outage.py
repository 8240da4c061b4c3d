"""The rehearsal of a night's outage: a clock that is told how late it is, and a receiver that is away for 8 hours."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from contracts.delivery import (
    Absent,
    Checked,
    Delivered,
    Document,
    Finding,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Sending,
    Unknown,
)
from contracts.errors import BackendUnavailable
from outbox.backoff import Backoff
from outbox.database import Database, Transaction, open_database
from outbox.destinations import Breaker
from outbox.entry import NewEntry
from outbox.store import PACKAGE, Outbox
from outbox.uptime import Uptime
from outbox.worker import Pace, Worker
from shim.keys import RestCipher

DESTINATION: Final = "planon"
TAKES_S: Final = 0.05
"""How long the receiver takes for each document."""
BREAKER: Final = Breaker(after=3, probe_s=30, ramp_s=0.4)
_REPORTED_AT: Final = datetime.fromisoformat("2031-03-03T22:14:03+01:00")
_BATCH: Final = 500


class NightClock:
    """Stands still until it is moved, or runs with the real time from where it stands."""

    def __init__(self) -> None:
        self._now = datetime(2031, 3, 3, 21, 15, tzinfo=UTC)
        self._since: float | None = None

    def __call__(self) -> datetime:
        return self._now + timedelta(seconds=self.ran_s)

    @property
    def ran_s(self) -> float:
        """Seconds since it runs by itself."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def forward(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def run(self) -> None:
        self._since = time.monotonic()

    def uptime(self) -> Uptime:
        return Uptime("boot", int(self().timestamp() * 1000))


@dataclass
class AwayReceiver:
    """Is there or not; tells when it was tried, and how many were with it at a time."""

    clock: NightClock
    settle_s: float = 60
    unknown: Unknown = "verify"
    there: bool = True
    takes_s: float = 0.0
    tried_at: list[datetime] = field(default_factory=list)
    landed: dict[str, datetime] = field(default_factory=dict)
    spans: list[tuple[float, float]] = field(default_factory=list)
    """Of each document that was taken, from when to when, in seconds since the clock runs."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fingerprint(self, kind: str) -> str | None:
        del kind
        return None

    def send(self, sending: Sending) -> Outcome:
        """Take the document, or be away: the first time in the middle of it."""
        if not self.there:
            self.tried_at.append(self.clock())
            return OutcomeUnknown("connection reset") if len(self.tried_at) == 1 else NotSent("connection refused")
        began_s = self.clock.ran_s
        time.sleep(self.takes_s)
        with self._lock:
            if sending.reference in self.landed:
                raise AssertionError("taken twice")
            self.landed[sending.reference] = self.clock()
            self.spans.append((began_s, self.clock.ran_s))
        return Delivered(f"R-{sending.reference}")

    def find(self, sending: Sending) -> Finding:
        """Answer whether it landed, or be away."""
        if not self.there:
            self.tried_at.append(self.clock())
            raise BackendUnavailable("connection refused")
        return Delivered(f"R-{sending.reference}") if sending.reference in self.landed else Absent()

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        """Nothing is ever looked at again."""
        raise NotImplementedError(sending, backend_id, age_s)

    def at_a_time(self, since_s: float, until_s: float) -> int:
        """Return the most documents that were with it at a time, in a stretch of time."""
        changes = sorted(
            change
            for began, ended in self.spans
            if ended > since_s and began < until_s
            for change in ((max(began, since_s), 1), (min(ended, until_s), -1))
        )
        most = now = 0
        for _, change in changes:
            now += change
            most = max(most, now)
        return most

    def busy(self, since_s: float, until_s: float, workers: int) -> float:
        """Return which part of the workers' time they spent with it, in a stretch of time."""
        spent = sum(max(0.0, min(ended, until_s) - max(began, since_s)) for began, ended in self.spans)
        return spent / ((until_s - since_s) * workers)


def accept(outbox: Outbox, count: int) -> None:
    """Accept so many documents, a hundredth of them notes that wait behind another one."""
    names = [f"{number:06}" for number in range(count)]
    for at in range(0, count, _BATCH):

        def store(tx: Transaction, some: list[str] = names[at : at + _BATCH]) -> None:
            for name in some:
                key = f"key {name[:4]}" if name.endswith(("00", "01")) else None
                document = Document("incident", b"<Incident/>", "T1", _REPORTED_AT, order_key=key)
                new = NewEntry(f"dl_{name}", DESTINATION, "create_incident", "agent", f"LS-{name}", document)
                outbox.enqueue(tx, new)

        outbox.database.write(store)


@contextmanager
def hosts(where: Path | str, clock: NightClock, receiver: AwayReceiver, count: int) -> Iterator[list[Worker]]:
    """Yield workers as of so many processes, each with its own connections; single steps are made with them."""
    databases = [open_database(where, [PACKAGE]) for _ in range(count)]
    yield [_worker(outbox_on(database, clock), receiver, clock, Pace(threads=0)) for database in databases]
    for database in databases:
        database.close()


def outbox_on(database: Database, clock: NightClock) -> Outbox:
    return Outbox(database, RestCipher(bytes(32)), clock, clock.uptime, BREAKER)


@contextmanager
def running(outbox: Outbox, receiver: AwayReceiver, clock: NightClock, threads: int) -> Iterator[Worker]:
    """Yield a worker with its threads, all of them at a time if the pace lets them."""
    worker = _worker(outbox, receiver, clock, Pace(threads, threads))
    worker.start()
    yield worker
    assert worker.stop(60)


def _worker(outbox: Outbox, receiver: AwayReceiver, clock: NightClock, pace: Pace) -> Worker:
    return Worker(outbox, {DESTINATION: receiver}, clock, Backoff(1, 300), pace)
