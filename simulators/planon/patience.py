"""Keeping a client waiting for no longer than it waits: a handler's thread ends with its connection."""

import select
import socket
from collections.abc import Callable
from time import monotonic
from typing import Final

_POLL_S: Final = 0.05
_HUNG_UP: Final = select.POLLRDHUP | select.POLLHUP | select.POLLERR


def keep_waiting(client: socket.socket, seconds: float, over: Callable[[], bool]) -> bool:
    """Return when the client has hung up, `over` says so, or the time has passed; only then is the result true."""
    poll = select.poll()  # select() knows no descriptor above 1023
    poll.register(client, _HUNG_UP)
    until = monotonic() + seconds
    while not over():
        left_s = until - monotonic()
        if left_s <= 0:
            return True
        if poll.poll(min(left_s, _POLL_S) * 1000):
            return False
    return False
