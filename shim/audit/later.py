"""Outcomes that wait for a commit together, so that a reply does not wait for the disk a second time."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.errors import StateUnavailable
from shim.audit.events import Event, new_access

_log = logging.getLogger(__name__)

KEPT_MOST: Final = 5_000
"""Outcomes in memory while the state cannot be written: a few megabytes."""
LOST: Final = "audit_lost"
"""The action of the row that tells how many outcomes were not stored."""
_GATHER_S: Final = 0.02
"""How long the first of a batch waits for others."""
_TOGETHER: Final = 200
"""Most rows of one commit."""
_AGAIN_S: Final = 1.0
AGED_MS: Final = 60_000
"""What waited longer is dated when it is stored: else it is before checkpoints of other processes that lack it."""
_CLOSING_S: Final = 15.0
"""Longer than a commit waits for another process's."""

Pending = tuple[int, Event]
"""When it happened, in milliseconds since 1970, and what; of what waited long, when it was stored."""


class Later:
    """A queue and the thread that empties it, which begins with the first event. Thread-safe."""

    def __init__(self, write: Callable[[Sequence[Pending]], None], now: Callable[[], int], most: int) -> None:
        """Prepare.

        Args:
            write: stores some in one commit; StateUnavailable if it cannot.
            now: milliseconds since 1970.
            most: how many are kept.
        """
        self._write = write
        self._now = now
        self._most = most
        self._queue: _Queue | None = None
        self._beginning = threading.Lock()

    def put(self, event: Event) -> None:
        """Keep an event until it is stored."""
        self._mine().put((self._now(), event))

    def close(self) -> None:
        """Store what waits; what cannot be stored now is counted in the log."""
        queue = self._queue
        if queue is not None and queue.process == os.getpid():
            queue.close()

    def _mine(self) -> "_Queue":
        """Return this process's queue: what the parent of a fork has in its own is stored by the parent."""
        queue = self._queue
        if queue is None or queue.process != os.getpid():
            if queue is not None and queue.process != os.getpid():
                self._beginning = threading.Lock()  # a thread of the parent may have held it
                self._queue = None
            with self._beginning:
                queue = self._queue = self._queue or _Queue(self._write, self._now, self._most)
        return queue


@dataclass(slots=True)
class _Lost:
    events: int = 0
    first_at: int = 0


class _Queue:
    """What waits in one process."""

    def __init__(self, write: Callable[[Sequence[Pending]], None], now: Callable[[], int], most: int) -> None:
        self.process = os.getpid()
        self._write = write
        self._now = now
        self._most = most
        self._events: deque[Pending] = deque()
        self._lost = _Lost()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._store, name="audit", daemon=True)
        self._thread.start()

    def put(self, pending: Pending) -> None:
        with self._changed:
            if len(self._events) >= self._most or self._closing:
                self._lose(pending)
                return
            self._events.append(pending)
            if len(self._events) in {1, _TOGETHER}:  # else whoever empties it is awake, or waits for more
                self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_CLOSING_S)
        with self._changed:
            left = len(self._events) + self._lost.events
        if left:
            _log.error("%d outcomes of the audit were not stored", left)

    def _lose(self, pending: Pending) -> None:
        if not self._lost.events:
            self._lost.first_at = pending[0]
            _log.error("outcomes of the audit are lost: the state cannot be written")
        self._lost.events += 1

    def _store(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._events or self._closing)
                if not self._events and not (self._closing and self._lost.events):
                    return
                if not self._closing:
                    self._changed.wait_for(lambda: self._closing or len(self._events) >= _TOGETHER, _GATHER_S)
                is_last = self._closing
            if not self._store_some():
                if is_last:
                    return
                self._pause()

    def _store_some(self) -> bool:
        """Store the oldest; False if the state cannot be written now. They stay in the queue until they are stored."""
        with self._changed:
            batch = [_dated(self._events[at], self._now()) for at in range(min(_TOGETHER, len(self._events)))]
            lost = _Lost(self._lost.events, self._lost.first_at)
        told = [] if not lost.events else [(self._now(), _told(lost))]
        try:
            self._write([*batch, *told])
        except StateUnavailable as error:
            _log.warning("outcomes of the audit wait: %s", error.detail)
            return False
        except Exception:  # noqa: BLE001 - one that cannot be stored at all must not stand in the way of the others
            lost = _Lost()
            for pending in batch:
                self._store_alone(pending)
        with self._changed:
            for _ in batch:
                self._events.popleft()
            self._lost.events -= lost.events
        return True

    def _store_alone(self, pending: Pending) -> None:
        try:
            self._write([pending])
        except Exception:  # noqa: BLE001 - likewise
            _log.exception("an outcome of %s could not be stored in the audit", pending[1].action)

    def _pause(self) -> None:
        """Wait before the next attempt, which is the last one if the log is being closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing, _AGAIN_S)


def _dated(pending: Pending, now: int) -> Pending:
    at, event = pending
    if now - at <= AGED_MS:
        return pending
    return now, replace(event, detail={**event.detail, "waited_s": (now - at) // 1000})


def _told(lost: _Lost) -> Event:
    detail = {"events": lost.events, "first_at": lost.first_at}
    return Event(LOST, "outcome", new_access(), outcome="lost", detail=detail)
