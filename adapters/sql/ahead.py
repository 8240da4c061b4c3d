"""Connections opened ahead of their requests, each in a process that can be killed when its driver does not answer."""

import atexit
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Final

from adapters.sql.child import Answer, Child, NoAnswer
from adapters.sql.messages import Failed, Job, Rehearse, Rehearsed, Request, Rows, Run
from adapters.sql.source import Source
from adapters.sql.statements import Statement
from contracts.spans import Phase, past, span

_TICK_S: Final = 1.0
"""How often idle workers are looked after when nothing happens."""
_PATIENCE_S: Final = 1.0
"""How long a connection opened ahead may keep a job from being sent before a fresh one gets it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many connections are kept, and how long.

    Attributes:
        ahead: connections that stand open while nobody asks.
        at_most: connections, and so processes, at a time.
        max_age_s: age at which an unused connection is closed and opened anew.
        connect_s: seconds after which opening one ahead is given up.
    """

    ahead: int = 2
    at_most: int = 8
    max_age_s: float = 30.0
    connect_s: float = 5.0


class Connections:
    """The connections of one account. Safe to call from several threads at once; one call takes one connection.

    A thread of its own, the keeper, starts the processes and ends the idle ones: callers only wait, so that their
    deadlines hold while a process starts.
    """

    def __init__(
        self,
        source: Source,
        statements: Mapping[str, Statement],
        keeping: Keeping,
        charsets: Mapping[str, str] | None = None,
    ) -> None:
        self._source, self._statements, self._charsets = source, dict(statements), dict(charsets or {})
        self._technology, self._server = source.technology, source.server
        self.keeping = keeping
        self._changed = threading.Condition()  # guards what follows
        self._all: set[Child] = set()  # also who is busy, or ending
        self._idle: list[Child] = []
        self._ending: list[Child] = []  # taken out of the idle ones, for the keeper to end
        self._waiting = 0  # callers without a worker
        self._ahead = 0
        self._closed = False
        self._keeper: threading.Thread | None = None
        self._attention = threading.Event()

    def open_ahead(self) -> None:
        """Begin to open connections; returns at once. Later calls change nothing."""
        with self._changed:
            self._ahead = self.keeping.ahead
            self._begin()

    def call(self, job: Job, until: float) -> Rows | Failed:
        """Do a job on a connection of its own, by the monotonic time `until`.

        Raises:
            NoAnswer: the time has passed, or the process crashed; whatever it was doing has been ended.
        """
        self.open_ahead()
        name = "write" if job.writes else "read"
        with span(name, technology=self._technology, server=self._server) as step:
            reply = self._asked(job, until)
            if isinstance(reply, Failed):
                step.tell(outcome=reply.fault.value)
        if not isinstance(reply, Rows | Failed):
            raise TypeError(f"a job was answered with {type(reply).__name__}")
        return reply

    def rehearse(self, until: float) -> Rehearsed:
        """Prepare every statement on the database and compare it with its head.

        Raises:
            NoAnswer: as for `call`.
        """
        reply = self._asked(None, until)
        if not isinstance(reply, Rehearsed):
            raise TypeError(f"a rehearsal was answered with {type(reply).__name__}")
        return reply

    def close(self) -> None:
        """Let every idle worker end; a busy one ends with its call. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._attention.set()
        if self._keeper is not None:
            self._keeper.join()
        with self._changed:
            rest, self._idle, self._ending = [*self._idle, *self._ending], [], []
        for child in rest:
            child.dismiss()
        for child in rest:
            self._end(child)
        if not self._all:
            atexit.unregister(self._abandon)

    def _asked(self, job: Job | None, until: float) -> Answer:
        """Ask a worker; once more, on a connection that nobody opened ahead, when the first did not get to the job."""
        with self._taken(until, fresh=False) as child:
            try:
                return self._answer(child, job, until, self._patience(child, until) if job else until)
            except NoAnswer as error:
                if error.sent or time.monotonic() >= until:
                    raise
                child.kill()
        with self._taken(until, fresh=True) as child:
            return self._answer(child, job, until, until)

    def _answer(self, child: Child, job: Job | None, until: float, patience: float) -> Answer:
        """Ask a worker, in two steps: until its connection can be used, and until it has answered."""
        with ExitStack() as steps:
            steps.enter_context(span("connect", Phase.CONNECT))

            def begun() -> None:
                steps.close()
                steps.enter_context(span("execute", Phase.BACKEND))

            answer = child.ask(self._request(child, job), until, patience, begun)
            if isinstance(answer, Rows):
                for ran in answer.ran:
                    past(ran.statement, ran.begun, ran.ended, operation=ran.statement, rows=ran.rows)
            return answer

    def _request(self, child: Child, job: Job | None) -> Request:
        age = time.monotonic() - child.asked_at if child.ready and child.asked_at is not None else 0.0
        return Run(job, fresh=age > self.keeping.max_age_s) if job else Rehearse()

    @staticmethod
    def _patience(child: Child, until: float) -> float:
        """Return when to give up a worker that has not begun: half of the time is left for another one."""
        now = time.monotonic()
        since = now if child.ready else child.busy_since
        return until if since is None else min(since + _PATIENCE_S, (now + until) / 2)

    @contextlib.contextmanager
    def _taken(self, until: float, *, fresh: bool) -> Iterator[Child]:
        begun, busy = time.monotonic(), len(self._all) >= self.keeping.at_most
        child, waited = self._take(until, fresh=fresh)
        if waited:
            past("worker", begun, time.monotonic(), Phase.QUEUE if busy else Phase.CONNECT)
        try:
            yield child
        except NoAnswer as error:
            _log.warning("%s: %s", self._source.name, error.reason)  # the caller need not know where the database is
            child.kill()
            raise
        except BaseException:
            child.kill()
            raise
        finally:
            self._give_back(child)

    def _take(self, until: float, *, fresh: bool) -> tuple[Child, bool]:
        """Return a worker, and whether somebody had to wait for it."""
        waited = False
        with self._changed:
            self._waiting += 1
            self._begin()
            if fresh:
                # One connection was dead; those that stood beside it are not trusted either.
                self._retire([idle for idle in self._idle if idle.asked_at or idle.busy_since], by_force=True)
            try:
                while not self._closed:
                    self._drop_dead()
                    if self._idle:
                        child = min(self._idle, key=_rank)
                        self._idle.remove(child)
                        return child, waited
                    waited = True
                    self._attention.set()
                    if not self._changed.wait(max(0.0, until - time.monotonic())):
                        self._changed.notify()  # one that came as we gave up belongs to another
                        raise NoAnswer("no connection was free in time", sent=False)
            finally:
                self._waiting -= 1
        raise NoAnswer("the desk is closed", sent=False)

    def _give_back(self, child: Child) -> None:
        with self._changed:
            if not self._closed:
                if child.killed:
                    self._retire([child])
                else:
                    self._shelve(child)
                return
        self._end(child)

    def _shelve(self, child: Child) -> None:
        """Add a worker to the idle ones; it opens a connection ahead if one lacks and nobody waits for the worker."""
        child.idle_since = time.monotonic()
        if not self._waiting and self._lacking() > 0:
            # Warming costs as much as opening; where all are wanted at once the processor has better to do.
            busy = len(self._all) - len(self._idle) - 1
            child.open(warm=busy < self._ahead)
        self._idle.append(child)
        self._changed.notify()

    def _retire(self, children: list[Child], *, by_force: bool = False) -> None:
        """Leave workers to the keeper, who ends them: that can take longer than a caller has."""
        for child in children:
            if by_force:
                child.kill()
            if child in self._idle:
                self._idle.remove(child)
            self._ending.append(child)
            self._attention.set()

    def _end(self, child: Child) -> None:
        gone = child.end()
        with self._changed:
            if gone:
                self._all.discard(child)
            else:
                self._ending.append(child)

    def _lacking(self) -> int:
        return self._ahead - sum(idle.asked_at is not None for idle in self._idle)

    def _drop_dead(self) -> None:
        self._retire([idle for idle in self._idle if not idle.collect()])

    def _begin(self) -> None:
        """Start the keeper, once."""
        if self._keeper is None and not self._closed:
            keeper = threading.Thread(target=self._keep, name=f"keeper-{self._source.name}", daemon=True)
            keeper.start()
            self._keeper = keeper
            atexit.register(self._abandon)
            self._attention.set()

    def _keep(self) -> None:
        """Look after the idle workers: what died or hangs is replaced, what is too old is opened anew."""
        # Inherited by the fork server: a stop signal reaches the whole process group, and without it every worker ends.
        resource_tracker.ensure_running()  # before, because it unblocks these signals when it starts its own process
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while not self._closed:
            self._attention.wait(_TICK_S)
            self._attention.clear()
            try:
                self._look_after()
            except Exception:  # noqa: BLE001 - without a keeper nobody would ever get a connection again
                _log.exception("%s: looking after the connections failed", self._source.name)
                time.sleep(_TICK_S)  # what failed may fail again at once

    def _look_after(self) -> None:
        with self._changed:
            self._tend()
            ending, self._ending = self._ending, []
        for child in ending:
            self._end(child)
        with self._changed:
            room = self.keeping.at_most - len(self._all)
            missing = min(room, max(self._lacking(), self._waiting - len(self._idle)))
        for _ in range(missing):
            self._start()

    def _start(self) -> None:
        try:
            child = Child.start(self._source, self._statements, self._charsets)
        except Exception:  # noqa: BLE001 - whatever it is, the next tick tries again
            _log.exception("%s: no process could be started", self._source.name)
            return
        with self._changed:
            self._all.add(child)
            self._shelve(child)

    def _tend(self) -> None:
        self._drop_dead()
        now, keeping = time.monotonic(), self.keeping
        for child in list(self._idle):
            if child.busy_since is not None:
                if now - child.busy_since > keeping.connect_s + _TICK_S:
                    self._retire([child], by_force=True)
            elif child.ready:
                if now - (child.asked_at or now) > keeping.max_age_s - _TICK_S:
                    child.open()
            elif self._lacking() > 0:
                child.open()
            elif now - child.idle_since > keeping.max_age_s:
                self._retire([child])

    def _abandon(self) -> None:
        """Leave no process behind: multiprocessing waits at exit until each has ended, and a busy one may never."""
        self.close()
        for child in list(self._all):
            with contextlib.suppress(ValueError):  # its own call has just closed it
                child.kill()


def _rank(child: Child) -> tuple[int, float]:
    """The best comes first: a ready one, one that is opening, one without a connection."""
    return (0 if child.ready else 1 if child.asked_at else 2), child.asked_at or 0.0
