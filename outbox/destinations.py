"""What all workers of a destination share, on all machines: whether it is paused, out of reach, or at its pace again.

A destination that nobody reaches costs no entry an attempt: after some failures in a row the breaker opens, and one
attempt per interval is made for all of them until one is answered. It is one row, so a restart forgets nothing.
"""

from dataclasses import dataclass
from typing import Final

from outbox.alerts import Alert, insert_alert
from outbox.database import Transaction
from outbox.statements import Statements

SQL: Final = Statements("outbox", "destinations")
GATE: Final = SQL["select_gate"]
_FAILURES: Final = SQL["select_failures"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a destination counts as out of reach, and how it is found again.

    Attributes:
        after: attempts in a row that reached nobody.
        probe_s: seconds from one attempt to the next while it is out of reach, over all workers.
        ramp_s: seconds after which the number of attempts at a time doubles, from 1, once it has answered.
    """

    after: int = 3
    probe_s: float = 30.0
    ramp_s: float = 5.0

    @property
    def probe_ms(self) -> int:
        """The same in milliseconds."""
        return int(self.probe_s * 1000)

    @property
    def ramp_ms(self) -> int:
        """The same in milliseconds, at least 1."""
        return max(1, int(self.ramp_s * 1000))


@dataclass(frozen=True, slots=True)
class Gate:
    """A destination as a claim sees it; times are milliseconds since 1970.

    `busy` counts the attempts under way, of all workers; `newest` is the schema that the database has by now.
    """

    paused_at: int | None
    failures: int
    open_since: int | None
    probe_at: int | None
    closed_at: int | None
    outage_ms: int
    probes: int
    busy: int
    newest: int

    @property
    def held(self) -> bool:
        """Whether it is paused or out of reach."""
        return self.paused_at is not None or self.open_since is not None

    def lets_go(self, now: int, limit: int | None, breaker: Breaker) -> bool:
        """Whether one more attempt may begin."""
        if self.paused_at is not None:
            return False
        if self.probe_at is not None and now < self.probe_at:
            # Never put off for longer than the longest wait: the wall clock was ahead, and has been set back.
            return self.probe_at - now > max(breaker.probe_ms, PROBE_MAX_MS)
        return limit is None or self.busy < self.pace(now, limit, breaker)

    def pace(self, now: int, limit: int, breaker: Breaker) -> int:
        """How many attempts at a time there may be now; it rises after an outage."""
        if self.closed_at is None or now < self.closed_at:
            return limit
        doubled = (now - self.closed_at) // breaker.ramp_ms
        return limit if doubled >= limit.bit_length() else min(limit, 1 << doubled)

    def outage_until(self, now: int) -> int:
        """How long the destination has been out of reach, all outages together."""
        return self.outage_ms + (0 if self.open_since is None else max(0, now - self.open_since))

    def next_change(self, now: int, limit: int, breaker: Breaker) -> int | None:
        """When it may let go what it does not let go now, by itself; None if nobody can tell."""
        if self.paused_at is not None:
            return None
        if self.probe_at is not None:
            return self.probe_at
        if self.closed_at is None or self.pace(now, limit, breaker) == limit:
            return None
        return self.closed_at + ((now - self.closed_at) // breaker.ramp_ms + 1) * breaker.ramp_ms


PROBE_MAX_MS: Final = 3_600_000
"""Longest time between two probes that a backend can ask for."""


def read_gate(tx: Transaction, name: str) -> Gate:
    """Return a destination's state; one that has no row yet is closed and at its full pace."""
    return Gate(*tx.execute(GATE, {"name": name}).fetchone())


def take_probe(tx: Transaction, name: str, now: int, breaker: Breaker) -> int:
    """Make this attempt the only one of its interval; return when the next one may begin."""
    next_at = now + breaker.probe_ms
    tx.execute(SQL["take_probe"], {"name": name, "next": next_at})
    return next_at


def give_probe_back(tx: Transaction, name: str, now: int, probe_at: int) -> None:
    """Nobody was asked after all: the interval's attempt is still to be made."""
    tx.lock("claim", name)
    tx.execute(SQL["give_probe_back"], {"name": name, "now": now, "probe_at": probe_at})


def reached_nobody(
    tx: Transaction, name: str, now: int, reason: str, retry_after_s: float, breaker: Breaker
) -> tuple[bool, Alert | None]:
    """Count a failure that concerns the whole destination; return whether it is out of reach, and who is to be told."""
    tx.lock("claim", name)
    not_before = now + int(retry_after_s * 1000)
    row = tx.execute(SQL["count_failure"], {"name": name, "not_before": not_before}).fetchone()
    if row["open_since"] is not None or row["failures"] < breaker.after:
        return row["open_since"] is not None, None
    probe_at = max(not_before, now + breaker.probe_ms)
    tx.execute(SQL["open"], {"name": name, "now": now, "probe_at": probe_at})
    detail = f"{row['failures']} attempts in a row failed: {reason}"
    return True, insert_alert(tx, name, "opened", detail, now)


def reached_somebody(tx: Transaction, name: str, now: int) -> Alert | None:
    """The destination has answered: end its outage, if there is one; return who is to be told."""
    if tx.execute(_FAILURES, {"name": name}).fetchone() is None:
        return None
    tx.lock("claim", name)
    gate = read_gate(tx, name)
    closed = tx.execute(SQL["close"], {"name": name, "now": now}).fetchone()
    if closed is None or gate.open_since is None:
        tx.execute(SQL["forget_failures"], {"name": name})
        return None
    minutes = max(0, now - gate.open_since) // 60_000
    detail = f"it answers again after {minutes // 60} h {minutes % 60:02} min and {closed['probes']} probes"
    return insert_alert(tx, name, "closed", detail, now)
