"""One commit for all threads that wait for one: a sync costs more than everything else that a job does."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from outbox.database import Transaction

_BATCH: Final = 64
"""Most jobs of one commit: another process that wants to write waits for it."""
_GATHERING: Final = 0.25
"""Part of the last commit's time that a commit waits for as many as there were last time."""
_STEP_S: Final = 50e-6


class Job:
    """A job that waits for whoever commits next; then it has a result or an error."""

    __slots__ = ("done", "error", "leads", "result", "run", "woken")

    def __init__(self, run: Callable[[Transaction], Any]) -> None:
        self.run = run
        self.done = False
        self.leads = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.woken = threading.Lock()  # released when it is done, or when it is its turn to lead
        self.woken.acquire()


class SharedCommits:
    """The threads that wait: one of them commits for all who came before it could begin, and hands over.

    Each follower waits on a lock of its own. If all waited for the writer's lock, those whose job is done already would
    stand in the way of those whose job is not, and commits would be of two.
    """

    def __init__(self, writing: threading.Lock, commit: Callable[[list[Job]], None]) -> None:
        """Prepare.

        Args:
            writing: held while something is written.
            commit: runs a list of jobs in one commit and tells each its result or its error.
        """
        self._writing = writing
        self._commit = commit
        self._turn = threading.Lock()
        self._queue: deque[Job] = deque()
        self._led = False  # whether somebody of the queue commits, or is about to
        self._together = 1  # how many there were for the last commit, and were waiting after it
        self._commit_s = 0.0

    def join(self, job: Job) -> None:
        """Return when the job is done, by this thread or by another."""
        with self._turn:
            self._queue.append(job)
            job.leads, self._led = not self._led, True
        try:
            if not job.leads:
                job.woken.acquire()
            if not job.done:
                self._lead()
        except BaseException:  # Ctrl-C: nobody may wait for whoever has gone
            with self._turn:
                if job in self._queue:
                    self._queue.remove(job)
                    if job.leads:
                        self._hand_over()
            raise

    def _lead(self) -> None:
        with self._writing:
            self._gather()
            begun = time.monotonic()
            with self._turn:
                batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            try:
                self._commit(batch)
            finally:
                self._commit_s = time.monotonic() - begun
                for done in batch:
                    done.done = True
                with self._turn:
                    self._together = min(_BATCH, len(batch) + len(self._queue))
                    self._hand_over()
                for done in batch:
                    done.woken.release()

    def _gather(self) -> None:
        """Wait a moment for as many as there were last time. A lone thread never waits."""
        until = time.monotonic() + self._commit_s * _GATHERING
        while len(self._queue) < self._together and time.monotonic() < until:
            time.sleep(_STEP_S)

    def _hand_over(self) -> None:
        self._led = bool(self._queue)
        if self._led:
            self._queue[0].leads = True
            self._queue[0].woken.release()
