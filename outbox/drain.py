"""Deliver what waits now, instead of at its next attempt, and say what is left."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.delivery import DeliveryState, NotSent, OutcomeUnknown
from outbox.hand import Hand
from outbox.store import Outbox
from outbox.worker import Step, Worker

_LOOK_S: Final = 0.1
_UNREACHABLE_AFTER: Final = 3
"""Attempts in a row that found nobody, after which a destination counts as unreachable; fewer if fewer entries wait."""

_MOVING: Final = frozenset({DeliveryState.READY, DeliveryState.IN_FLIGHT, DeliveryState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a drain is, in entries."""

    total: int
    left: int


@dataclass(frozen=True, slots=True)
class Drained:
    """How a drain ended, in entries."""

    delivered: int
    left: int
    unreachable: tuple[str, ...]


class Unreachable:
    """Counts, per destination, the attempts in a row that found nobody."""

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()
        self._lock = threading.Lock()

    def watch(self, step: Step) -> None:
        """Take note of a finished attempt."""
        with self._lock:
            silent = isinstance(step.outcome, NotSent) or (
                step.action == "find" and isinstance(step.outcome, OutcomeUnknown)
            )
            self._in_a_row[step.destination] = self._in_a_row[step.destination] + 1 if silent else 0

    def among(self, busy: Mapping[str, int]) -> tuple[str, ...]:
        """Return the destinations that do not answer, of those with so many entries under way."""
        with self._lock:
            return tuple(
                sorted(name for name, left in busy.items() if self._in_a_row[name] >= min(_UNREACHABLE_AFTER, left))
            )


def drain(
    outbox: Outbox,
    hand: Hand,
    destinations: Iterable[str],
    make_worker: Callable[[Callable[[Step], None]], Worker],
    wait_s: float,
    report: Callable[[Progress], None] = lambda _progress: None,
) -> Drained:
    """Make everything due and deliver until nothing moves, nobody answers, or `wait_s` seconds have passed.

    What waits behind an entry that was rejected or parked does not move. Another process may deliver meanwhile.
    """
    wanted = frozenset(destinations)
    for name in wanted:
        hand.make_due(name)
    unreachable = Unreachable()
    worker = make_worker(unreachable.watch)
    delivered_before = _count(outbox, wanted, frozenset({DeliveryState.DELIVERED}))
    total = _count(outbox, wanted, _MOVING | {DeliveryState.WAITING})
    until = time.monotonic() + wait_s
    silent: tuple[str, ...] = ()
    worker.start()
    try:
        while (busy := _busy(outbox, wanted)) and time.monotonic() < until:
            report(Progress(total, _count(outbox, wanted, _MOVING | {DeliveryState.WAITING})))
            silent = unreachable.among(busy)
            if len(silent) == len(busy):
                break
            time.sleep(_LOOK_S)
    finally:
        worker.stop(grace_s=wait_s)
    left = _count(outbox, wanted, _MOVING | {DeliveryState.WAITING})
    report(Progress(total, left))
    delivered = _count(outbox, wanted, frozenset({DeliveryState.DELIVERED})) - delivered_before
    return Drained(delivered, left, silent)


def _count(outbox: Outbox, destinations: frozenset[str], states: frozenset[DeliveryState]) -> int:
    return sum(row.entries for row in outbox.counts() if row.destination in destinations and row.state in states)


def _busy(outbox: Outbox, destinations: frozenset[str]) -> Counter[str]:
    busy = Counter[str]()
    for row in outbox.counts():
        if row.destination in destinations and row.state in _MOVING:
            busy[row.destination] += row.entries
    return busy
