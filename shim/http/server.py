"""The server: looks after its connections while it runs, and ends so that nobody is left without an answer."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from shim.http.connection import Connection
from shim.stopping import Stopping

_LOOK_EVERY: Final = 5
"""Connections are looked after at every fifth tick, twice a second."""
_POLL_S: Final = 0.02
_SHARE: Final = 0.75
"""How much of the time of the end is for the requests under way; the rest is for the worker and the state."""
_LAST_WORDS_S: Final = 0.5
"""How long an answer may take to be sent when its time is over."""

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Serves until `stopping` has begun. Signals are somebody else's: it has no handlers of its own."""

    def __init__(self, config: uvicorn.Config, receive_s: float, stopping: Stopping) -> None:
        """Prepare.

        Args:
            config: of uvicorn.
            receive_s: how long a client may keep a connection waiting, seconds.
            stopping: whether and until when the process ends.
        """
        super().__init__(config)
        self._receive_s = receive_s
        self._stopping = stopping
        self.when_stopping: Callable[[], None] = lambda: None
        """Called in the event loop when the end begins."""
        self.when_over: Callable[[], None] = lambda: None
        """Called in the event loop when the requests' time is over, so that they are answered now."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Look after the connections; return whether it is time to end."""
        if counter % _LOOK_EVERY == 0:
            self._look_after()
        return await super().on_tick(counter) or self._stopping.begun

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, let requests under way be answered, and close what has not ended in time."""
        self._stopping.start()
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self.when_stopping()
        for connection in [*self.server_state.connections]:
            connection.shutdown()
        await self._wait(lambda: self._stopping.left_s(_SHARE))
        if self._busy():
            _log.warning("%d requests did not end in time, and are answered now", len(self.server_state.tasks))
            self.when_over()
            until = asyncio.get_running_loop().time() + _LAST_WORDS_S
            await self._wait(lambda: until - asyncio.get_running_loop().time())
        for task in [*self.server_state.tasks]:
            task.cancel()
        for connection in [*self.server_state.connections]:
            connection.transport.abort()
        await self.lifespan.shutdown()

    async def _wait(self, left_s: Callable[[], float]) -> None:
        ticks = 0
        while self._busy() and left_s() > 0:
            await asyncio.sleep(_POLL_S)
            ticks += 1
            if ticks % (_LOOK_EVERY * 5) == 0:
                self._look_after()

    def _busy(self) -> bool:
        return bool(self.server_state.connections or self.server_state.tasks)

    def _look_after(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in [*self.server_state.connections]:
            if isinstance(connection, Connection):
                connection.look_after(now, self._receive_s)
