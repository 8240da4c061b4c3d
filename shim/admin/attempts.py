"""How often somebody may try a link that does not work: not because one could be guessed, but so that nobody tries."""

import threading
import time
from collections.abc import Callable
from typing import Final

from contracts.errors import TooManyRequests

PER_MINUTE: Final = 20
WINDOW_S: Final = 60
_REMEMBERED: Final = 1000
"""Addresses that are counted at once."""
_NAME: Final = "sign-in"


class Attempts:
    """Counts what failed, by address, in this process. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failed: dict[str, tuple[float, int]] = {}

    def check(self, address: str | None) -> None:
        """Raise TooManyRequests if too many from this address have failed within a minute."""
        now = self._monotonic()
        with self._lock:
            until, failed = self._failed.get(address or "", (now, 0))
        if failed >= PER_MINUTE and now < until:
            raise TooManyRequests("too many links from there did not work", until - now, _NAME, PER_MINUTE, WINDOW_S)

    def count(self, address: str | None) -> None:
        """Count one that failed."""
        now = self._monotonic()
        with self._lock:
            until, failed = self._failed.pop(address or "", (0.0, 0))
            if len(self._failed) >= _REMEMBERED:
                del self._failed[next(iter(self._failed))]
            self._failed[address or ""] = (until, failed + 1) if now < until else (now + WINDOW_S, 1)
