"""Not faster than somebody wants: so many attempts per second, evenly."""

import threading
import time


class Unhurried:
    """Lets attempts begin at a steady rate. Thread-safe."""

    def __init__(self, rate: float | None) -> None:
        """Prepare; `rate` is attempts per second, None for no limit."""
        self.rate = rate
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, stopping: threading.Event) -> bool:
        """Wait for one's turn; return False if the worker is stopped meanwhile."""
        if self.rate is None:
            return not stopping.is_set()
        with self._lock:
            mine = max(self._next, time.monotonic())
            self._next = mine + 1 / self.rate
        return not stopping.wait(max(0.0, mine - time.monotonic()))
