"""What is done by itself beside a worker: a while after the start, and then again and again, whatever goes wrong."""

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from contracts.errors import StateUnavailable

_JITTER: Final = 0.2

_log = logging.getLogger(__name__)
Pause = Callable[[float], None]
"""Waits so many seconds; what it raises ends the run, between two commits."""


class _Stopping(Exception):
    """Raised in a run that is to end."""


class Regular:
    """A thread that does one thing regularly; what goes wrong is logged, and tried again the next time."""

    def __init__(self, name: str, run: Callable[[Pause], None], otherwise: str, first_s: float, every_s: float) -> None:
        """Prepare; start() begins.

        Args:
            name: of the thread.
            run: does it once; waits by what it is given.
            otherwise: what is so when it could not be done, for the log.
            first_s: seconds from the start to the first time, and a little more.
            every_s: seconds from one time to the next, likewise.
        """
        self._run = run
        self._otherwise = otherwise
        self._first_s = first_s
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go, name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, wait_s: float = 5.0) -> bool:
        """End after the commit that is under way; return whether it has ended within that time."""
        self._stopping.set()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _go(self) -> None:
        wait_s = self._first_s
        # Not every process of a deployment should begin in the same second.
        while not self._stopping.wait(wait_s * random.uniform(1, 1 + _JITTER)):  # noqa: S311 - it spreads, and hides nothing
            self._once()
            wait_s = self._every_s

    def _once(self) -> None:
        try:
            self._run(self._pause)
        except _Stopping:
            return
        except StateUnavailable as error:
            _log.warning("%s: %s", self._otherwise, error.detail)
        except Exception:  # noqa: BLE001 - whatever it is, the service goes on without it
            _log.exception(self._otherwise)

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _Stopping
