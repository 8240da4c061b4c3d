"""A proxy between worker and receiver that strikes each exchange with a seeded fate, and counts what it did."""

import contextlib
import random
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from simulators.process import lasting_port
from tests.integration.sql.faulty import Pair, Proxy

Fate = Literal["pass", "swallow", "halve", "drop", "cut", "truncate", "stall", "reset"]
"""pass; swallow: the request goes nowhere; halve: half of it arrives; drop: it arrives whole and the client is hung up
on at once; cut: in the middle of the reply's head; truncate: a few bytes before the reply's end; stall: neither reply
nor end; reset: a reset instead of the reply."""

FAULTS: Final[tuple[Fate, ...]] = ("swallow", "halve", "drop", "cut", "truncate", "stall", "reset")
_CUT_AFTER: Final = 9
_TRUNCATED: Final = 3
_LOOK_S: Final = 0.1


@dataclass
class Exchange(Pair):
    """One request and its reply through the proxy, which are read whole before anything is passed on."""

    fate: Fate = "pass"
    strike: Callable[[Fate], None] = lambda _fate: None
    ended: threading.Event = field(default_factory=threading.Event)

    def forward(self, ended: threading.Event) -> None:
        self.ended = ended
        with contextlib.suppress(OSError, ValueError):
            self._request()
        self.close()

    def _request(self) -> None:
        request = self._read(self.client, _is_whole)
        if not _is_whole(request):
            return
        if self.fate in {"swallow", "halve"}:
            self.server.sendall(request[: len(request) // 2] if self.fate == "halve" else b"")
            self.strike(self.fate)
            return
        self.server.sendall(request)
        if self.fate == "drop":
            self.client.close()
            self.strike(self.fate)
        reply = self._read(self.server, lambda _read: False)
        if reply and self.fate != "drop":
            self._reply(reply)

    def _reply(self, reply: bytes) -> None:
        if self.fate != "pass":
            self.strike(self.fate)
        match self.fate:
            case "stall":
                self._read(self.client, lambda _read: False)
            case "reset":
                self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case "cut":
                self.client.sendall(reply[:_CUT_AFTER])
            case "truncate":
                self.client.sendall(reply[:-_TRUNCATED])
            case _:
                self.client.sendall(reply)

    def _read(self, peer: socket.socket, enough: Callable[[bytes], bool]) -> bytes:
        peer.settimeout(_LOOK_S)
        read = b""
        while not enough(read) and not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                part = peer.recv(65_536)
                if not part:
                    break
                read += part
        return read


class FaultyProxy(Proxy):
    """Gives each exchange the next fate of the script, and one by the dice when there is no script.

    Attributes:
        script: fates of the next exchanges.
        dice: weights of the fates after that; "pass" when empty. It may be replaced at any time.
        struck: how often each fault was done.
    """

    def __init__(self, target: tuple[str, int], listener: socket.socket, seed: int) -> None:
        super().__init__(target, listener)
        self.script: deque[Fate] = deque()
        self.dice: Mapping[Fate, float] = {}
        self.struck = Counter[Fate]()
        self._chance = random.Random(seed)  # noqa: S311 - faults, no secret
        self._refusing = threading.Event()
        self._counting = threading.Lock()

    def refuse(self) -> None:
        """Refuse connections until `admit`; those that stand go on."""
        self._refusing.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # it keeps its port

    def admit(self) -> None:
        """Listen again."""
        self._listener.listen(128)
        self._refusing.clear()

    def _accept(self) -> None:
        if self._refusing.wait(0):
            self._ended.wait(0.01)
        else:
            super()._accept()

    def _pair(self, client: socket.socket) -> Pair:
        self._pairs = [pair for pair in self._pairs if pair.client.fileno() >= 0]
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            raise
        return Exchange(client, server, fate=self._next_fate(), strike=self._strike)

    def _next_fate(self) -> Fate:
        if self.script:
            return self.script.popleft()
        dice = self.dice
        return self._chance.choices([*dice], [*dice.values()])[0] if dice else "pass"

    def _strike(self, fate: Fate) -> None:
        with self._counting:
            self.struck[fate] += 1


@contextlib.contextmanager
def faulty_proxy_to(port: int, seed: int, script: Iterable[Fate] = ()) -> Iterator[FaultyProxy]:
    """Run a proxy to a port of loopback."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", lasting_port()))
        listener.listen(128)
        listener.settimeout(_LOOK_S)
        proxy = FaultyProxy(("127.0.0.1", port), listener, seed)
        proxy.script.extend(script)
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.close()
            thread.join()


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    if not end:
        return False
    lengths = [line for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    return len(body) >= (int(lengths[0].partition(b":")[2]) if lengths else 0)
