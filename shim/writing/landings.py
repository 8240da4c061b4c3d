"""Wakes the requests that wait for a delivery when this process has worked on it: asking the state costs more."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from outbox.worker import Step

_Waiting = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Landings:
    """Where waiting requests leave word. Told by the worker's threads; a worker of another process tells nobody."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._waiting: Final[defaultdict[str, list[_Waiting]]] = defaultdict(list)
        self.over = False

    @property
    def waiting(self) -> int:
        """How many deliveries are waited for."""
        return len(self._waiting)

    def end(self) -> None:
        """Wake everybody, and let nobody wait any more: the process ends, and their deliveries are safe."""
        self.over = True
        with self._lock:
            waiting = [each for those in self._waiting.values() for each in those]
        _wake(waiting)

    def tell(self, step: Step) -> None:
        """Wake whoever waits for the entry of a finished attempt."""
        with self._lock:
            waiting = list(self._waiting.get(step.entry_id, ()))
        _wake(waiting)

    @contextmanager
    def of(self, entry_id: str) -> Iterator[asyncio.Event]:
        """Yield what is set when an attempt of the entry has finished; it stays set until it is cleared."""
        waiting = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting[entry_id].append(waiting)
        try:
            yield waiting[1]
        finally:
            with self._lock:
                self._waiting[entry_id].remove(waiting)
                if not self._waiting[entry_id]:
                    del self._waiting[entry_id]


def _wake(waiting: Iterable[_Waiting]) -> None:
    for loop, event in waiting:
        with suppress(RuntimeError):  # the server has stopped, and nobody waits any more
            loop.call_soon_threadsafe(event.set)
