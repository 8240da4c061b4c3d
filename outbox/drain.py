"""Deliver what waits now, instead of at its next attempt, and say how far that is."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from contracts.delivery import Delivered, DeliveryState, NotSent, OutcomeUnknown
from outbox.destinations import Gate
from outbox.hand import Hand
from outbox.progress import Progress, Speed
from outbox.statements import Statements
from outbox.store import Outbox
from outbox.worker import Step, Worker

SQL: Final = Statements("outbox", "looking")
_LOOK_S: Final = 0.2
_GRACE_S: Final = 30.0
"""How long the end waits for attempts that are under way: breaking one off makes its outcome unknown."""
_UNREACHABLE_AFTER: Final = 3
"""Attempts in a row that found nobody, after which a destination counts as unreachable; fewer if fewer entries wait."""

_MOVING: Final = frozenset({DeliveryState.READY, DeliveryState.IN_FLIGHT, DeliveryState.UNKNOWN})
_LEFT: Final = _MOVING | {DeliveryState.WAITING}


class MakeWorker(Protocol):
    """Makes the worker of a drain."""

    def __call__(self, watch: Callable[[Step], None], *, limit: int | None, rate: float | None) -> Worker:
        """Return a worker that has not begun; `limit` and `rate` as of `Wish`."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants it drained.

    Attributes:
        wait_s: seconds after which it ends, whatever is left; None for no end.
        until_empty: go on through outages and pauses until nothing moves; otherwise it ends when nobody answers.
        limit: attempts at a time per destination, over all workers; None for the configured number.
        rate: attempts per second per destination; None for as many as come.
    """

    wait_s: float | None = 300
    until_empty: bool = False
    limit: int | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Drained:
    """How a drain ended, in entries; `delivered` are those that it delivered itself."""

    delivered: int
    left: int
    unreachable: tuple[str, ...]
    paused: tuple[str, ...]


class _Watched:
    """What the drain's own attempts met."""

    def __init__(self) -> None:
        self.delivered = 0
        self._in_a_row = Counter[str]()
        self._lock = threading.Lock()

    def watch(self, step: Step) -> None:
        """Take note of a finished attempt."""
        with self._lock:
            self.delivered += isinstance(step.outcome, Delivered)
            silent = isinstance(step.outcome, NotSent) or (
                step.action == "find" and isinstance(step.outcome, OutcomeUnknown)
            )
            self._in_a_row[step.destination] = self._in_a_row[step.destination] + 1 if silent else 0

    def silent(self, destination: str, moving: int, gate: Gate, before: Gate) -> bool:
        """Whether a destination with so many entries under way does not answer; `before` is as it was at the start."""
        with self._lock:
            in_a_row = self._in_a_row[destination]
        if gate.open_since is not None and not gate.busy:
            return in_a_row > 0 or gate.probes > before.probes  # somebody has tried, and it is out of reach still
        return in_a_row >= min(_UNREACHABLE_AFTER, moving)


def drain(
    outbox: Outbox,
    hand: Hand,
    destinations: Iterable[str],
    make_worker: MakeWorker,
    wish: Wish,
    report: Callable[[Progress], None] = lambda _progress: None,
) -> Drained:
    """Make everything due and deliver until nothing moves, nobody answers, or the time is up.

    What waits behind an entry that was rejected or parked does not move. Another process may deliver meanwhile.
    """
    wanted = frozenset(destinations)
    for name in wanted:
        hand.make_due(name)
        outbox.probe_now(name)
    before = {name: outbox.gate(name) for name in wanted}
    watched, speed = _Watched(), Speed()
    worker = make_worker(watched.watch, limit=wish.limit, rate=wish.rate)
    total = _count(outbox, wanted, _LEFT).total()
    until = None if wish.wait_s is None else time.monotonic() + wish.wait_s
    silent: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()

    def tell() -> int:
        left = _count(outbox, wanted, _LEFT).total()
        rate = speed.seen(time.monotonic(), left)
        report(Progress(total, left, watched.delivered, rate, left / rate if rate else None))
        return left

    worker.start()
    try:
        while (moving := _count(outbox, wanted, _MOVING)) and (until is None or time.monotonic() < until):
            tell()
            gates = {name: outbox.gate(name) for name in moving}
            paused = tuple(sorted(name for name, gate in gates.items() if gate.paused_at is not None and not gate.busy))
            silent = tuple(
                sorted(name for name in moving if watched.silent(name, moving[name], gates[name], before[name]))
            )
            if not wish.until_empty and {*paused, *silent} >= moving.keys():
                break
            time.sleep(_LOOK_S)
    finally:
        worker.stop(_GRACE_S)
    return Drained(watched.delivered, tell(), silent, paused)


def _count(outbox: Outbox, destinations: frozenset[str], states: Iterable[DeliveryState]) -> Counter[str]:
    """Count entries by destination; without those that have none."""
    rows = outbox.database.read(SQL["summarise_open"])
    counted = {row["destination"]: sum(row[state] for state in states) for row in rows}
    return Counter({name: entries for name, entries in counted.items() if name in destinations and entries})
