"""Outages in the middle of traffic: calls are handed out, so that some fall before, during and after each of them."""

import threading
import time
from collections.abc import Callable

from simulators.intramed.server import FirebirdServer
from tests.integration.shim.site import until

DOWN_S = 1.0


class Allowance:
    """How many calls may still be made; safe for several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._left = 0
        self._busy = 0
        self._ended = False
        self.made = 0

    def take(self) -> bool:
        """Wait for a call that may be made, which ends with `done`; False when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._left > 0 or self._ended)
            if self._left == 0:
                return False
            self._left -= 1
            self._busy += 1
            return True

    def done(self) -> None:
        """Say that a call was answered."""
        with self._changed:
            self._busy -= 1
            self.made += 1

    def give(self, calls: int) -> None:
        """Allow more calls."""
        with self._changed:
            self._left += calls
            self._changed.notify_all()

    def await_left(self, calls: int) -> None:
        """Wait until no more than so many are left."""
        until(lambda: self._left, lambda left: left <= calls)

    def await_rest(self) -> None:
        """Wait until none is left and none is being made."""
        until(lambda: (self._left, self._busy), lambda calls: calls == (0, 0))

    def end(self) -> None:
        """Let the callers stop when nothing is left."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def kill_and_restart(server: FirebirdServer, allowance: Allowance, calls: int, look: Callable[[], None]) -> None:
    """Hand out calls, kill the server while they are made, and start it again on its port a second later.

    `look` is called when the callers are at rest, before any of them has learnt more than the outage told it.
    """
    allowance.give(calls - calls // 4)
    allowance.await_left(calls // 4)  # half are made, some are on their way, a quarter will meet nobody
    server.kill()
    time.sleep(DOWN_S)
    server.restart()
    allowance.await_rest()
    look()
    allowance.give(calls // 4)
