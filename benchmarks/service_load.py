"""A load generator that costs little beside what it measures: one thread, sockets that stay open, answers of a length.

Each connection asks again as soon as it has its answer. Requests are bytes that were made before; an answer that is not
what was expected ends the measurement.
"""

import selectors
import socket
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
_PIECE: Final = 65_536
_SILENT_S: Final = 60.0
"""How long nobody may be answered."""
Next = Callable[[], bytes]
"""Returns the next request, whole."""


class WrongAnswer(Exception):
    """Raised when an answer is not what the benchmark is about; with its status and the beginning of its body."""


@dataclass(slots=True)
class Taken:
    """What some connections were answered.

    Attributes:
        ms: milliseconds of each request, from its first byte out to its last byte in.
        seconds: how long all took together.
    """

    ms: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_s(self) -> float:
        """Answers a second, of all connections together."""
        return len(self.ms) / self.seconds


@dataclass(slots=True)
class _Connection:
    """One client."""

    socket: socket.socket
    sent: float = 0.0
    got: bytes = b""

    def ask(self, request: bytes) -> None:
        self.got = b""
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Return a whole answer, None while it is not whole."""
        piece = self.socket.recv(_PIECE)
        if not piece:
            raise WrongAnswer("the connection was closed")
        self.got += piece
        end = self.got.find(_END)
        if end < 0:
            return None
        return self.got if len(self.got) >= end + len(_END) + _length(self.got[: end + 2]) else None


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.index(_LENGTH) + len(_LENGTH)
    return int(lower[at : lower.index(b"\r", at)])


def post(address: str, path: str, body: bytes, headers: str = "") -> bytes:
    """Return a request; `headers` are whole lines, each with its end."""
    head = f"POST {path} HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def status_of(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer[9:12])


def body_of(answer: bytes) -> bytes:
    """Return the body of an answer."""
    return answer.partition(_END)[2]


class Load:
    """Some connections to one service, all asking the same round of requests.

    Args:
        address: of the service.
        connections: how many.
        ask: returns the next request.
        good: statuses that are expected.
    """

    def __init__(
        self, address: str, connections: int, ask: Next, good: Collection[int] = frozenset({HTTPStatus.OK})
    ) -> None:
        self._ask = ask
        self._good = good
        url = urlsplit(address)
        self._open = [
            _Connection(socket.create_connection((url.hostname or "", url.port or 0), _SILENT_S))
            for _ in range(connections)
        ]
        for each in self._open:
            each.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close the connections; what is still asked is not waited for."""
        for each in self._open:
            each.socket.close()

    def run(
        self, seconds: float, at_most: int | None = None, on_answer: Callable[[bytes], object] = lambda _: None
    ) -> Taken:
        """Ask for some time, or so many requests, and return when the last is answered.

        Raises:
            WrongAnswer: one was not what was expected, or none came.
        """
        taken = Taken()
        begin = time.perf_counter()
        until, left = begin + seconds, at_most if at_most is not None else -1
        with selectors.EpollSelector() as ready:
            asking = 0
            for each in self._open[: at_most if at_most is not None else None]:
                ready.register(each.socket, selectors.EVENT_READ, each)
                each.ask(self._ask())
                asking, left = asking + 1, left - 1
            while asking:
                events = ready.select(_SILENT_S)
                if not events:
                    raise WrongAnswer("nobody was answered for a minute")
                for key, _ in events:
                    each = key.data
                    answer = each.receive()
                    if answer is None:
                        continue
                    now = time.perf_counter()
                    self._check(answer)
                    on_answer(answer)
                    taken.ms.append((now - each.sent) * 1e3)
                    if now < until and left != 0:
                        each.ask(self._ask())
                        left -= 1
                    else:
                        ready.unregister(each.socket)
                        asking -= 1
        taken.seconds = time.perf_counter() - begin
        return taken

    def begin(self) -> None:
        """Let every connection ask once; nobody looks at the answers."""
        for each in self._open:
            each.ask(self._ask())

    def _check(self, answer: bytes) -> None:
        if status_of(answer) not in self._good:
            raise WrongAnswer(f"{status_of(answer)}: {body_of(answer)[:300].decode(errors='replace')}")


@contextmanager
def load(address: str, connections: int, ask: Next, good: Sequence[int] = (HTTPStatus.OK,)) -> Iterator[Load]:
    """Yield connections that are closed in the end."""
    opened = Load(address, connections, ask, frozenset(good))
    try:
        yield opened
    finally:
        opened.close()
