"""An HTTP server whose port can refuse and accept again, and whose connections can be cut: faults below HTTP."""

import socket
import struct
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final

HOST: Final = "127.0.0.1"
_POLL_S: Final = 0.02
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() sends RST and drops what was not read


class Listener:
    """Serves one loopback port with a handler class.

    Args:
        handler: one instance per connection, as `http.server` does it.
        port: 0 for a free one, chosen at the first `open`.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int) -> None:
        self._handler = handler
        self._port = port
        self._server: _Server | None = None
        self._reserved: socket.socket | None = None

    @property
    def url(self) -> str:
        """Address of this server, without a path."""
        return f"http://{HOST}:{self._port}"

    def open(self) -> None:
        """Accept connections.

        Raises:
            OSError: if the port is in use.
        """
        if self._server is not None:
            return
        reserved, self._reserved = self._reserved or _bound(self._port), None
        self._server = _Server(reserved, self._handler)
        self._port = reserved.getsockname()[1]
        Thread(target=self._server.serve_forever, args=(_POLL_S,), name="planon-http", daemon=True).start()

    def refuse(self) -> None:
        """Refuse new connections and cut the open ones; when this returns, none is left."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        server.server_close()
        # Bound, but not listening: clients are refused, and no outgoing connection can be given this port meanwhile.
        self._reserved = _bound(self._port)
        server.cut_connections()

    def close(self) -> None:
        """Stop for good."""
        self.refuse()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024  # a campaign's clients may all come at once

    def __init__(self, bound: socket.socket, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(bound.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = bound
        self._connections: set[socket.socket] = set()
        self._lock = Lock()
        self.server_activate()

    def process_request(self, request: Any, client_address: Any) -> None:
        # Runs in the accepting thread: after shutdown() every accepted connection is in the set.
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_RESET)) == _RESET:
            request.close()  # the inherited way says goodbye with a FIN first
        else:
            super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):  # its handler was faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients that time out and connections that are cut are this server's daily work.
        del request, client_address


def reset_on_close(connection: socket.socket) -> None:
    """Make the end of this connection a reset, as if the machine behind it had died."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound
