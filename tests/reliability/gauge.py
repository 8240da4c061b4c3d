"""A gauge in front of a backend's endpoint: it counts what arrives at a time, and can hold answers or refuse work."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

_TIMEOUT_S: Final = 60.0


class Gauge(ThreadingHTTPServer):
    """Passes POSTs on to one URL. Thread-safe.

    Attributes:
        most: the largest number of requests that were here at a time.
        refused: when each request was refused, by the monotonic clock in seconds.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(target)
        self.url = f"http://127.0.0.1:{self.server_port}{self.target.path}"
        self.most = 0
        self.refused: list[float] = []
        self.refusing = False
        self._counting = threading.Lock()
        self._here = 0
        self._open = threading.Event()
        self._open.set()

    @property
    def here(self) -> int:
        """How many requests are here now."""
        return self._here

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Keep every request here, before the backend has seen it, until the block ends."""
        self._open.clear()
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Pass on what is held."""
        self._open.set()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request, and hold it."""
        with self._counting:
            self._here += 1
            self.most = max(self.most, self._here)
        try:
            self._open.wait(_TIMEOUT_S)
            yield
        finally:
            with self._counting:
                self._here -= 1

    def refuse(self) -> bool:
        """Write down that a request is refused, if it is."""
        if self.refusing:
            with self._counting:
                self.refused.append(time.monotonic())
        return self.refusing

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed."""


class _Passing(BaseHTTPRequestHandler):
    server: Gauge

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # What is answered is counted no more: whoever is answered may send the next at once.
        with self.server.counted():
            status, kind, content = self._passed_on(body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _passed_on(self, body: bytes) -> tuple[int, str, bytes]:
        if self.server.refuse():
            return HTTPStatus.TOO_MANY_REQUESTS, "text/plain", b"Too many requests"
        target = self.server.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=_TIMEOUT_S)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        try:
            connection.request("POST", target.path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.headers["Content-Type"], reply.read()
        finally:
            connection.close()

    def log_message(self, *_told: object) -> None:
        """Say nothing."""


@contextmanager
def gauge_before(target: str) -> Iterator[Gauge]:
    """Run a gauge in front of a URL until the end of the block."""
    gauge = Gauge(target)
    thread = threading.Thread(target=gauge.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield gauge
    finally:
        gauge.shutdown()
        thread.join()
        gauge.server_close()
