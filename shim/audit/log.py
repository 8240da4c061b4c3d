"""The audit log of a process: what is written is durable before the action happens."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from outbox.database import ConstraintViolated, Database, Transaction
from outbox.entry import to_ms
from shim.audit.chains import Chain, Pool, shared_chain
from shim.audit.events import Event
from shim.audit.later import KEPT_MOST, Later, Pending

T = TypeVar("T")
Append = Callable[[Event], None]
"""Adds an event to the commit of the job that it was given to."""


class AuditLog:
    """Appends events. Thread-safe; one for a process."""

    def __init__(self, database: Database, clock: Callable[[], datetime], *, kept_most: int = KEPT_MOST) -> None:
        """Prepare; nothing is written yet.

        Args:
            database: with the tables of `shim.audit`.
            clock: the time, aware.
            kept_most: outcomes that are kept in memory while the state cannot be written.
        """
        self._database = database
        self._clock = clock
        self._pool = Pool()
        self._later = Later(self._write_pending, self._now, kept_most)

    def write(self, *events: Event) -> None:
        """Store events in one commit; they are durable when this returns.

        Raises:
            StateUnavailable: they were not, or nobody knows: the action must not happen.
        """

        def job(_tx: Transaction, append: Append) -> None:
            for event in events:
                append(event)

        self.write_with(job)

    def write_with(self, job: Callable[[Transaction, Append], T]) -> T:
        """Run a job and store the events that it appends in the job's own commit; return what the job returns.

        As of `Database.write`: the job may be run a second time, so it does nothing but read, write and append.

        Raises:
            StateUnavailable: neither was stored, or nobody knows.
            ConstraintViolated: a row of the job is not allowed.
        """

        def appending(tx: Transaction, write: "_Write") -> T:
            return job(tx, lambda event: write.append(tx, event, self._now()))

        return self._run(appending)

    def write_shared(self, *events: Event) -> None:
        """Store events as `write` does, in the chain that processes share which write only these."""
        self._database.write(lambda tx: self.within(tx, *events))

    def within(self, tx: Transaction, *events: Event) -> None:
        """Store events in a transaction that is under way, in the shared chain: others wait until it ends."""
        chain = shared_chain(tx)
        for event in events:
            chain = chain.append(tx, event, self._now())

    def later(self, event: Event) -> None:
        """Store an outcome that may wait, with others and within 50 ms; never an intent.

        While the state cannot be written it is kept in memory; of those that are too many only the number is told.
        """
        self._later.put(event)

    def close(self) -> None:
        """Store what waits, and end. The log may not be used any more; the database is the caller's."""
        self._later.close()

    def _now(self) -> int:
        return to_ms(self._clock())

    def _write_pending(self, pending: Sequence[Pending]) -> None:
        def job(tx: Transaction, write: "_Write") -> None:
            for at, event in pending:
                write.append(tx, event, at)

        self._run(job)

    def _run(self, job: Callable[[Transaction, "_Write"], T]) -> T:
        write = _Write(self._pool.borrow())
        try:
            result = self._database.write(lambda tx: write.run(tx, job))
        except BaseException as error:
            if write.is_undone(error):
                self._pool.give_back(write.before)
            raise
        self._pool.give_back(write.after)
        return result


class _Write:
    """One write with a borrowed chain; its job may be run several times, each from where the chain was before."""

    def __init__(self, chain: Chain) -> None:
        self.before = self.after = chain
        self._raised: BaseException | None = None
        self._appending = False

    def run(self, tx: Transaction, job: Callable[[Transaction, "_Write"], T]) -> T:
        self.after, self._raised = self.before, None
        try:
            return job(tx, self)
        except BaseException as error:
            self._raised = error
            raise

    def append(self, tx: Transaction, event: Event, at: int) -> None:
        self._appending = True
        self.after = self.after.append(tx, event, at)
        self._appending = False

    def is_undone(self, error: BaseException) -> bool:
        """Whether nothing of it was committed for certain: the job itself raised it, or one of its rows was refused.

        If an audit row was refused, somebody else has gone on with the chain.
        """
        if self._appending:
            return False
        return error is self._raised or isinstance(error, ConstraintViolated)
