"""A time limit on a whole exchange. The time-outs of requests start anew with every packet, headers included."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Deadline:
    """Cuts the connection of one exchange at a time when its time is up: `with deadline.within(20): …`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._exchange = 0
        self._timer = threading.Timer(0, self._cut, [0])
        self.expired = False

    def within(self, seconds: float) -> Self:
        """Set the limit of the exchange that follows."""
        self._timer = threading.Timer(seconds, self._cut, [self._exchange])
        self._timer.daemon = True
        return self

    def watch(self, connected: socket.socket | None) -> None:
        """Take note of the connection, as soon as there is one."""
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
        self.expired = False
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._exchange += 1
            self._socket = None


class WatchedAdapter(HTTPAdapter):
    """Tells a deadline of every connection that it opens."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools that requests asks for, with connections that are watched."""
        super().init_poolmanager(*args, **kwargs)
        deadline = self._deadline

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                deadline.watch(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                deadline.watch(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
