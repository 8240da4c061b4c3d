"""Work that is done after its request has been given up: one thread for all of it, however much is outstanding."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from threading import Condition, Thread
from time import monotonic


class LateWork:
    """Calls functions later, in the order of their times. Safe for several threads."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        self._changed = Condition()
        self._stopped = False
        self._thread = Thread(target=self._work_until_stopped, name="planon-late", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Forget what is outstanding."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def after(self, seconds: float, work: Callable[[], object]) -> None:
        """Call a function when that time is over."""
        with self._changed:
            heappush(self._waiting, (monotonic() + seconds, next(self._order), work))
            self._changed.notify()

    def _work_until_stopped(self) -> None:
        while (work := self._next()) is not None:
            work()

    def _next(self) -> Callable[[], object] | None:
        """Wait for the next function that is due; None when stopped."""
        with self._changed:
            while not self._stopped:
                wait_s = self._waiting[0][0] - monotonic() if self._waiting else None
                if wait_s is not None and wait_s <= 0:
                    return heappop(self._waiting)[2]
                self._changed.wait(wait_s)
            return None
