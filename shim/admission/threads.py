"""Threads that make blocking calls for the event loop: daemons, so that a call which hangs keeps no process alive."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")
_Call = tuple[asyncio.Future[Any], Callable[[], object], Context, Callable[[], Any]]


class Threads:
    """As many threads as there have ever been calls at a time. Used from one event loop; they end with the process."""

    def __init__(self, name: str) -> None:
        """Prepare; `name` is what the threads are called."""
        self._name = name
        self._calls: Final[SimpleQueue[_Call]] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    def start(self, call: Callable[[], T], came_back: Callable[[], object]) -> asyncio.Future[T]:
        """Begin a call in a copy of this context; return what will hold its result.

        `came_back` is called in the loop as soon as it does: the future's own callbacks are a round of the loop later,
        which costs whoever waits the interpreter's lock once more.

        Raises:
            RuntimeError: no thread can be had; the call is not made.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._busy == self._threads:
            threading.Thread(target=self._run, name=f"{self._name}-{self._threads + 1}", daemon=True).start()
            self._threads += 1  # only now: a call that counted on a thread which never came would wait for ever
        self._busy += 1
        future.add_done_callback(self._ended)
        self._calls.put((future, came_back, copy_context(), call))
        return future

    def _ended(self, _future: asyncio.Future[Any]) -> None:
        self._busy -= 1

    def _run(self) -> None:
        while True:
            future, came_back, context, call = self._calls.get()
            result, error = None, None
            try:
                result = context.run(call)
            except BaseException as raised:  # noqa: BLE001 - it is raised where the call is awaited
                error = raised
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                future.get_loop().call_soon_threadsafe(_settle, future, came_back, result, error)
            del future, came_back, context, call, result, error  # nothing of a request stays until the next one


def _settle(
    future: asyncio.Future[Any], came_back: Callable[[], object], result: object, error: BaseException | None
) -> None:
    _hold(future, result, error)
    came_back()


def _hold(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():  # cancelled, at the end of the process
        return
    if error is None:
        future.set_result(result)
    elif isinstance(error, StopIteration):
        future.set_exception(RuntimeError("a call raised StopIteration"))  # a future cannot hold one
    else:
        future.set_exception(error)
