"""Bulkheads: so many calls of one kind at a time, a short queue before them, and an answer for each in bounded time.

What is slow takes its own places only. A call that does not come to its turn has done nothing; one that does not come
back in time keeps its place until it does, so that calls which hang do not pile up.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, NoReturn, TypeVar

from contracts.errors import BackendUnavailable, ContractError, Overloaded, StateUnavailable
from contracts.spans import Phase, span
from shim.admission.threads import Threads
from shim.settings import Http

T = TypeVar("T")
QUEUED_TO_RUNNING: Final = 8
"""How many calls may wait for each that may run: who comes later would not get a turn within the queue's time."""
RETRY_S: Final = 1.0
ADMISSION: Final = "admission"
LOOK_UPS: Final = "look-ups"
SHARED_AT_A_TIME: Final = 16
"""Calls at a time that only ask the shim's own state: more would only wait for each other there."""

_log = logging.getLogger(__name__)


class Turns:
    """One bulkhead. Used from one event loop; its numbers may be read from any thread.

    Attributes:
        name: what it is for.
        under_way: calls that have their turn, those that nobody waits for any more included.
        refused: calls that did not come to their turn, since the start.
        late: calls that were answered before they came back, since the start.
    """

    def __init__(self, name: str, at_a_time: int, queue_s: float, deadline_s: float) -> None:
        """Prepare.

        Args:
            name: what it is for, such as a system's name.
            at_a_time: calls under way.
            queue_s: how long a call waits for its turn, seconds.
            deadline_s: how long anybody waits for a call that has its turn, the queue included, seconds.
        """
        self.name = name
        self.under_way = 0
        self.refused = 0
        self.late = 0
        self._at_a_time = at_a_time
        self._queue_s = queue_s
        self._deadline_s = deadline_s
        self._queue: deque[asyncio.Future[bool]] = deque()
        self._threads = Threads(name)
        self._waiters: set[asyncio.Future[None]] = set()
        self._given_up = False

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return len(self._queue)

    async def run(self, call: Callable[[], T], late: Callable[[], ContractError]) -> T:
        """Make a blocking call in a thread, when it is its turn; return what it returns.

        Raises:
            Overloaded: it did not come to its turn, and was not made.
            ContractError: what `late` returns; the call goes on, and nobody will hear of it here.
            Exception: what the call raised.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._deadline_s
        await self._turn()
        # The call itself is not awaited, nor cancelled: it goes on, whoever waits for it.
        waiter = loop.create_future()
        try:
            future = self._threads.start(call, partial(_release, waiter))
        except RuntimeError as error:
            self._pass_on()
            _log.error("%s: no thread can be had for a call: %s", self.name, error)
            self._refuse()
        except BaseException:
            self._pass_on()
            raise
        future.add_done_callback(self._came_back)
        await self._until_released(waiter, until - loop.time())
        if future.done():
            return future.result()
        self.late += 1
        _log.warning("%s: a call has not come back in time, and keeps its place", self.name)
        raise late()

    def give_up(self) -> None:
        """Answer everybody now: the process ends. Calls that are under way go on as long as it lives."""
        self._given_up = True
        for turn in [*self._queue]:
            self._too_long(turn)
        for waiter in self._waiters:
            _release(waiter)

    async def _until_released(self, waiter: asyncio.Future[None], left_s: float) -> None:
        if self._given_up:
            return
        timer = asyncio.get_running_loop().call_later(max(0.0, left_s), _release, waiter)
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            timer.cancel()

    async def _turn(self) -> None:
        if self.under_way < self._at_a_time and not self._given_up:
            self.under_way += 1
            return
        if self._given_up or len(self._queue) >= self._at_a_time * QUEUED_TO_RUNNING:
            self._refuse()
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        timer = asyncio.get_running_loop().call_later(self._queue_s, self._too_long, turn)
        try:
            with span("queue", Phase.QUEUE):
                granted = await turn
        except asyncio.CancelledError:
            if turn in self._queue:
                self._queue.remove(turn)
            elif turn.done() and not turn.cancelled() and turn.result():
                self._pass_on()
            raise
        finally:
            timer.cancel()
        if not granted:
            self._refuse()

    def _too_long(self, turn: asyncio.Future[bool]) -> None:
        if turn in self._queue:
            self._queue.remove(turn)
            if not turn.done():
                turn.set_result(False)

    def _refuse(self) -> NoReturn:
        self.refused += 1
        raise Overloaded("as much is under way as is taken at a time; nothing was done", RETRY_S)

    def _pass_on(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():  # whoever was cancelled has not looked yet
                turn.set_result(True)
                return
        self.under_way -= 1

    def _came_back(self, future: asyncio.Future[Any]) -> None:
        self._pass_on()
        if not future.cancelled():
            future.exception()  # looked at, or asyncio would log it with its message, a person's words


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class Bulkheads:
    """All bulkheads of a process: nothing that is slow may keep the others from their turn.

    A system has two: one for calls that ask it, and one for writes that are only accepted, because those are answered
    while it is down and must not wait behind calls that find that out.
    """

    def __init__(self, systems: Iterable[str], http: Http) -> None:
        def turns(name: str, at_a_time: int) -> Turns:
            return Turns(name, at_a_time, http.queue_s, http.deadline_s)

        names = list(systems)
        self.asking = {name: turns(name, http.calls_per_system) for name in names}
        self.accepting = {name: turns(f"{name} accepting", http.calls_per_system) for name in names}
        self.admission = turns(ADMISSION, SHARED_AT_A_TIME)
        self.look_ups = turns(LOOK_UPS, SHARED_AT_A_TIME)

    def all(self) -> tuple[Turns, ...]:
        """Return every one, for whoever counts."""
        return (*self.asking.values(), *self.accepting.values(), self.admission, self.look_ups)

    def give_up(self) -> None:
        """Answer everybody who still waits for a call."""
        for turns in self.all():
            turns.give_up()


def state_is_late() -> ContractError:
    """Return the problem of whoever waited for the shim's own state."""
    return StateUnavailable("the state has not answered in time", RETRY_S)


def backend_is_late() -> ContractError:
    """Return the problem of whoever waited for something to be read."""
    return BackendUnavailable("the system has not answered in time", RETRY_S)
