"""The service's end of one worker process: start it, ask it, and end it when it does not answer."""

import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Self

from adapters.sql.messages import Closed, Failed, Open, Opened, Rehearsed, Reply, Request, Rows, Sent
from adapters.sql.source import Source
from adapters.sql.statements import Statement
from adapters.sql.worker import serve

_END_S: Final = 1.0
"""How long a process may take to end by itself."""
_GONE_S: Final = 0.2
"""How long the kernel may take to remove a killed one before somebody else waits for it: the caller has a deadline."""
_CHILDREN: Final = threading.Lock()
"""multiprocessing looks at every child when it starts one, also at one that another thread is closing just then."""

Answer = Rows | Failed | Rehearsed


class NoAnswer(Exception):
    """Raised when a worker did not answer in time, or died; `sent` says whether a statement may have gone out."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason, self.sent = reason, sent


class Child:
    """One worker process. Not for several threads at once.

    Attributes:
        asked_at: when it was told to open its connection; None while it has none.
        ready: whether that connection is open.
        busy_since: since when it has been opening or closing one; None while it does neither.
        idle_since: when it last had something to do.
        killed: whether it was ended by force.
    """

    def __init__(self, process: Any, pipe: Connection) -> None:
        self._process, self._pipe = process, pipe
        self.asked_at: float | None = None
        self.busy_since: float | None = None
        self.idle_since = time.monotonic()
        self.ready = self.killed = False

    @classmethod
    def start(cls, source: Source, statements: Mapping[str, Statement], charsets: Mapping[str, str]) -> Self:
        """Start a process. The first one of the service takes about a second, for the modules; a later one 5 ms.

        Raises:
            OSError: the machine has no room for another process.
        """
        context = multiprocessing.get_context("forkserver")
        with _CHILDREN:
            # Heard once, when the fork server starts; every worker then begins with these modules loaded.
            context.set_forkserver_preload(["adapters.sql.worker", type(source).__module__])
            ours, theirs = context.Pipe()
            with theirs:
                process = context.Process(
                    target=serve,
                    # The fork server has the environment of its own start; client libraries read today's.
                    args=(theirs, source, statements, charsets, dict(os.environ)),
                    name=f"connection-{source.name}",
                    daemon=True,
                )
                process.start()
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self._process.pid)

    def open(self, *, warm: bool = True) -> None:
        """Tell it to open a connection, in place of the one that may be open; returns at once."""
        self.asked_at, self.ready = time.monotonic(), False
        self.busy_since = self.busy_since or self.asked_at
        with contextlib.suppress(OSError):  # it is dead; whoever looks next sees that
            self._pipe.send(Open(warm))

    def collect(self) -> bool:
        """Take in what it said of its connection; False when it is dead."""
        try:
            while self._pipe.poll():
                self._note(self._pipe.recv())
        except (EOFError, OSError):
            return False
        return True

    def ask(self, request: Request, until: float, patience: float, begun: Callable[[], None] = lambda: None) -> Answer:
        """Return its answer; kill it when there is none by `until`, or no word that it began by `patience`.

        `begun` is called when it says that it began.

        Raises:
            NoAnswer: it was killed, or died.
        """
        sent = False
        # A reply of which only the beginning has come would be waited for without end.
        last = threading.Timer(max(0.0, until - time.monotonic()) + _GONE_S, self.kill)
        last.daemon = True
        last.start()
        try:
            self._pipe.send(request)
            while True:
                if not self.killed and not self._pipe.poll(max(0.0, (until if sent else patience) - time.monotonic())):
                    self.kill()
                # What it said before it died still counts; after that the pipe is at its end.
                if self.killed and not self._pipe.poll(_GONE_S):
                    break
                reply: Reply = self._pipe.recv()
                if isinstance(reply, Sent):
                    sent = True
                    begun()
                if isinstance(reply, Answer):
                    self.asked_at, self.ready, self.busy_since = None, False, time.monotonic()  # it is closing now
                    return reply
        except (EOFError, OSError) as error:
            why = "no answer in time" if self.killed else "the driver's process ended in the call"
            raise NoAnswer(why, sent=sent) from error
        finally:
            last.cancel()
        raise NoAnswer("no answer in time", sent=sent)

    def kill(self) -> None:
        """End it by force; returns at once."""
        self.killed = True
        if not wait([self._process.sentinel], 0):  # else its process id may be another's by now
            self._process.kill()

    def dismiss(self) -> None:
        """Let it end as soon as it has nothing to do; returns at once."""
        self._pipe.close()

    def end(self) -> bool:
        """Wait until it has ended, by force if its driver does not let it; False when even that took too long."""
        self.dismiss()
        if not self.killed and not wait([self._process.sentinel], _END_S):
            self.kill()
        if not wait([self._process.sentinel], _GONE_S):
            return False
        with _CHILDREN:
            self._process.join()
            self._process.close()
        return True

    def _note(self, reply: Reply) -> None:
        if isinstance(reply, Opened):
            self.ready = reply.reason is None
            self.asked_at = self.asked_at if self.ready else None
            self.busy_since = None
        elif isinstance(reply, Closed) and self.asked_at is None:
            self.busy_since = None
