"""A TCP server that answers every request with prepared bytes, or misbehaves as a test says."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]
Choice = Callable[[bytes], Behaviour]


@dataclass
class RawServer:
    """Where it listens, and what it received."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


def answer(status: int, media_type: str, body: bytes, headers: str = "", length: int | None = None) -> Behaviour:
    """Answer with HTTP; `length` overrides the true Content-Length."""
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {length or len(body)}\r\n{headers}\r\n"
    )
    return lambda connection: connection.sendall(head.encode() + body)


def reset(connection: socket.socket) -> None:
    """End the connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def trickling(head: bytes) -> Behaviour:
    """Send a head and then a byte at a time, each well within any time-out, for five seconds."""

    def trickle(connection: socket.socket) -> None:
        connection.sendall(head)
        with suppress(OSError):
            for _ in range(100):
                connection.sendall(b" ")
                time.sleep(0.05)

    return trickle


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[RawServer]:
    """Serve on a free loopback port until the block ends."""
    with choosing(lambda _request: behaviour) as server:
        yield server


@contextmanager
def choosing(choice: Choice) -> Iterator[RawServer]:
    """Serve with what is chosen for each request; one connection at a time."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(listener.getsockname()[1])
    thread = threading.Thread(target=_serve, args=(listener, server, choice), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _serve(listener: socket.socket, server: RawServer, choice: Choice) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            request = _request(connection)
            server.requests.append(request)
            with suppress(OSError):  # the client has had enough
                choice(request)(connection)


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (more := connection.recv(65_536)):
            return received
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    told = (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    length = next(told, 0)  # a GET has none
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
