"""A TCP proxy that misbehaves: it accepts and says nothing, stops in the middle of an answer, or drops packets."""

import contextlib
import math
import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Pair:
    """A connection through the proxy; `allowed` bytes of answers still pass, then nothing passes, not even its end."""

    client: socket.socket
    server: socket.socket
    allowed: float = math.inf

    def forward(self, ended: threading.Event) -> None:
        with contextlib.suppress(OSError, ValueError):
            while not ended.is_set():
                for ready in select.select([self.client, self.server], [], [], 0.05)[0]:
                    self._pass_on(ready)
        self.close()

    def close(self) -> None:
        self.client.close()
        self.server.close()

    def _pass_on(self, ready: socket.socket) -> None:
        data = ready.recv(4096)
        if not data and (ready is self.client or self.allowed):
            self.close()
        if ready is self.server:
            passing = data[: int(min(self.allowed, len(data)))]
            self.allowed -= len(passing)
            self.client.sendall(passing)
        elif self.allowed:
            self.server.sendall(data)


class Proxy:
    """Forwards to a server as long as it is asked to."""

    def __init__(self, target: tuple[str, int], listener: socket.socket) -> None:
        self.silent = False
        self._target, self._listener = target, listener
        self.port: int = listener.getsockname()[1]
        self._pairs: list[Pair] = []
        self._unanswered: list[socket.socket] = []
        self._ended = threading.Event()

    def forget(self, after: int = 0) -> None:
        """Let no more than `after` bytes of answers pass on each connection that stands; new ones pass."""
        for pair in self._pairs:
            pair.allowed = after

    def serve(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                self._accept()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self.silent:
            self._unanswered.append(client)
        else:
            self._pairs.append(pair := self._pair(client))
            threading.Thread(target=pair.forward, args=(self._ended,), daemon=True).start()

    def _pair(self, client: socket.socket) -> Pair:
        return Pair(client, socket.create_connection(self._target))

    def close(self) -> None:
        self._ended.set()
        for pair in self._pairs:
            pair.close()
        for client in self._unanswered:
            client.close()


@contextlib.contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        proxy = Proxy((host, port), listener)
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.close()
            thread.join()


@contextlib.contextmanager
def deaf_proxy_to(host: str, port: int) -> Iterator[tuple[Proxy, threading.Event]]:
    """A listener whose queue is full, so that it drops packets as a firewall does; it serves once the event is set."""
    heard = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as fillers:
        for _ in range(4):
            waiting = fillers.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        listener.settimeout(0.1)
        proxy = Proxy((host, port), listener)

        def serve() -> None:
            heard.wait()
            fillers.close()
            proxy.serve()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield proxy, heard
        finally:
            proxy.close()
            heard.set()
            thread.join()
