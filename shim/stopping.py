"""The end of a process: begun by the first signal, with one deadline for all of it; a second one ends it at once."""

import time
from collections.abc import Callable


class Stopping:
    """Whether this process ends, and until when. Told by signal handlers; read from any thread."""

    def __init__(self, grace_s: float = 30.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take how long the end may take in all, seconds."""
        self.grace_s = grace_s
        self._monotonic = monotonic
        self._until: float | None = None
        self.hurried = False

    @property
    def begun(self) -> bool:
        """Whether nothing new is begun any more."""
        return self._until is not None

    def start(self) -> None:
        """End from now on, unless that has begun already."""
        if self._until is None:
            self._until = self._monotonic() + self.grace_s

    def signal(self) -> None:
        """Take a signal: the first one begins the end, and every other one hurries it."""
        self.hurried = self.begun
        self.start()

    def left_s(self, share: float = 1.0) -> float:
        """Return how much of the time is left, seconds; with a share of it, such as 0.8, what leaves the rest free."""
        if self._until is None:
            return self.grace_s * share
        if self.hurried:
            return 0.0
        return max(0.0, self._until - self.grace_s * (1 - share) - self._monotonic())
