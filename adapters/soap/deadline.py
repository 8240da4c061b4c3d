"""A time limit on a whole exchange. The time-outs of requests start anew with every packet, headers included."""

import socket
import threading
import time
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

from adapters.soap.alarms import Alarms


class Deadline:
    """Cuts the connection of one exchange at a time when its time is up: `with deadline.within(20): …`.

    Attributes:
        expired: whether it was.
        connected_at: since when there is one, by the monotonic clock; None while there is none.
    """

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._exchange = 0
        self._until = 0.0
        self.expired = False
        self.connected_at: float | None = None

    def within(self, seconds: float) -> Self:
        """Set the limit of the exchange that follows."""
        self._until = time.monotonic() + seconds
        return self

    def watch(self, connected: socket.socket | None) -> None:
        """Take note of the connection, as soon as there is one, and again when it is encrypted."""
        self.connected_at = time.monotonic()
        with self._lock:
            self._socket = connected
        if self.expired:
            self._cut(self._exchange)

    def _cut(self, exchange: int) -> None:
        with self._lock:
            if exchange != self._exchange:
                return  # its exchange has ended; the connection is the next one's
            self.expired = True
            if self._socket is not None:
                with suppress(OSError):  # it has ended by itself meanwhile
                    # Not SSLSocket's own: it drops the encryption first, and a send in between would go out in clear.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self.expired, self.connected_at = False, None
        self._alarms.ring_at(self._until, partial(self._cut, self._exchange))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._exchange += 1
            self._socket = None
