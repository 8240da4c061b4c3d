"""What this process has lately met of each system, so that readiness can tell without asking anybody's backend."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from contracts.errors import BackendUnavailable
from contracts.spans import Phase
from shim.telemetry.observation import Observation

AFTER: Final = 3
"""Calls in a row that reached nobody, after which a system counts as down."""
LATELY_S: Final = 600.0
"""For how long what was met counts, seconds."""
_REACHED: Final = frozenset({"delivered", "rejected", "not found", "absent", "absent, not settled"})
"""What comes of an attempt only if the system has answered."""
_NOBODY: Final = BackendUnavailable.slug


@dataclass(slots=True)
class _Met:
    failures: int = 0
    first_failed: datetime | None = None
    at: float = float("-inf")


class Reach:
    """Whether systems answer. As large as there are systems; thread-safe."""

    def __init__(
        self,
        systems: Iterable[str],
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Begin, without knowing anything."""
        self._monotonic = monotonic
        self._clock = clock
        self._lock = threading.Lock()
        self._met = {name: _Met() for name in systems}

    def note(self, observation: Observation) -> None:
        """Learn from a call or an attempt whether its system answers; most say nothing of it."""
        met = self._met.get(observation.system or "")
        reached = None if met is None else _reached(observation)
        if met is None or reached is None:
            return
        with self._lock:
            met.at = self._monotonic()
            met.failures = 0 if reached else met.failures + 1
            if reached:
                met.first_failed = None
            elif met.first_failed is None:
                met.first_failed = self._clock()

    def answers(self, system: str) -> bool | None:
        """Return whether a system has answered lately; None when nobody knows."""
        met = self._met[system]
        with self._lock:
            if self._monotonic() - met.at > LATELY_S or 0 < met.failures < AFTER:
                return None
            return met.failures == 0

    def down_since(self, system: str) -> datetime | None:
        """Return when it was met for the first time that a system does not answer; None unless it is down."""
        return self._met[system].first_failed if self.answers(system) is False else None


def _reached(observation: Observation) -> bool | None:
    if observation.outcome == _NOBODY:
        return False
    if observation.kind == "delivery":
        return True if observation.outcome in _REACHED else None
    asked = Phase.BACKEND in observation.phases
    return True if asked and observation.outcome is None else None
