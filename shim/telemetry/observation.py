"""What one request, or one attempt of the outbox, did: what metrics and the log are made from."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Literal

from contracts.spans import Phase

Kind = Literal["request", "delivery"]

UNMATCHED: Final = "unmatched"
"""The action of a request for a path that does not exist."""


@dataclass(slots=True, eq=False)
class Observation:
    """One request while it is served, or one attempt while it is made.

    Everything in it is a fixed word of the code, a name of the configuration or a number, apart from `client`, a name
    that an administrator gave. Several threads may work on one request.

    Attributes:
        kind: `request`, or `delivery` for an attempt of the outbox.
        correlation: trace id, 32 hexadecimal digits; that of a delivery is its request's.
        method: of HTTP, or `send` or `find` of an attempt.
        action: what the audit calls it, such as `facility_create_incident`; `unmatched` for a path without one.
        system: name in the configuration; None where it concerns no single one.
        contract: of the catalogue; likewise.
        client: whose request it is; None before one was let in.
        status: of HTTP; None while nothing was answered, and for a delivery.
        outcome: a problem's slug, or what came of an attempt; None for a request that went well.
        delivery: the shim's identifier of the entry.
        attempt: of a delivery, counted from 1.
        phases: seconds by phase.
        begun: when, by the monotonic clock, seconds.
        seconds: how long it took in all; 0 before it has ended.
    """

    kind: Kind
    correlation: str
    method: str
    action: str
    system: str | None = None
    contract: str | None = None
    client: str | None = None
    status: int | None = None
    outcome: str | None = None
    delivery: str | None = None
    attempt: int | None = None
    phases: dict[Phase, float] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    _under_way: dict[object, tuple[Phase, float]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def own_s(self) -> float:
        """What belongs to no phase: the shim's own time, seconds."""
        return max(0.0, self.seconds - sum(self.phases.values()))

    def begin(self, step: object, phase: Phase) -> None:
        """A step of a phase begins, which `leave` ends; nothing else may be begun as the same one."""
        with self._lock:
            self._under_way[step] = phase, time.monotonic()

    def leave(self, step: object) -> None:
        """A step has ended."""
        with self._lock:
            phase, begun = self._under_way.pop(step)
            self._add(phase, time.monotonic() - begun)

    def spent(self, phase: Phase, seconds: float) -> None:
        """Add to a phase; what ends after the observation has ended belongs to nobody's waiting any more."""
        with self._lock:
            self._add(phase, seconds)

    def end(self) -> None:
        """It is over; what is still under way, and nobody waits for any more, took its phase's time until now."""
        with self._lock:
            now = time.monotonic()
            for phase, begun in self._under_way.values():
                self._add(phase, now - begun)
            self.seconds = max(now - self.begun, 1e-9)

    def _add(self, phase: Phase, seconds: float) -> None:
        if not self.seconds:
            self.phases[phase] = self.phases.get(phase, 0.0) + seconds


Noted = Callable[[Observation], None]
"""Told of an observation that has ended; must not block, and what it raises is a defect."""

_log = logging.getLogger(__name__)
_current: ContextVar[Observation | None] = ContextVar("observation", default=None)


def current() -> Observation | None:
    """Return what is under way in this context, in threads too that run in a copy of it; None outside of any."""
    return _current.get()


def ended_as(outcome: str) -> None:
    """Say what came of what is under way, if it is observed."""
    if (observation := _current.get()) is not None:
        observation.outcome = outcome


@contextmanager
def observing(observation: Observation) -> Iterator[None]:
    """Make an observation the current one until the block ends."""
    token = _current.set(observation)
    try:
        yield
    finally:
        _current.reset(token)


def tell(noted: Sequence[Noted], observation: Observation) -> None:
    """Tell everybody of an observation that has ended; a defect of one keeps nothing from the others."""
    for each in noted:
        try:
            each(observation)
        except Exception as error:  # noqa: BLE001 - being watched must not hurt what is watched
            _log.error("an observation could not be noted: %s", type(error).__name__)


def new_trace() -> str:
    """Return a new trace id, which nothing takes for somebody's number: it has a letter."""
    while (trace := secrets.token_hex(16)).isdecimal():
        pass
    return trace
