"""Calls functions at set times, all from one thread: one for each request would cost more than what it guards."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Final


class Alarms:
    """Safe for several threads. Its own thread ends when nothing is set any more."""

    def __init__(self) -> None:
        self._changed: Final = threading.Condition()
        self._set: Final[list[tuple[float, int, Callable[[], None]]]] = []
        self._numbers: Final = itertools.count()
        self._ringing = False

    def ring_at(self, moment: float, ring: Callable[[], None]) -> None:
        """Call `ring`, which must be quick and raise nothing, at a monotonic time. It cannot be taken back."""
        with self._changed:
            if not self._ringing:
                # First of all: where no thread can be had nothing stays set, and the next call tries again.
                threading.Thread(target=self._run, name="alarms", daemon=True).start()
                self._ringing = True
            heapq.heappush(self._set, (moment, next(self._numbers), ring))
            if self._set[0][0] == moment:
                self._changed.notify()

    def _run(self) -> None:
        while (due := self._next()) is not None:
            due()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while self._set:
                left_s = self._set[0][0] - time.monotonic()
                if left_s <= 0:
                    return heapq.heappop(self._set)[2]
                self._changed.wait(left_s)
            self._ringing = False
            return None
