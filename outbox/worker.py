"""Threads that take due entries, send them or ask whether they landed, and write down what came of it."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.delivery import (
    Absent,
    Conflicting,
    Delivered,
    Destination,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Rejected,
)
from contracts.errors import ContractError, StateUnavailable
from outbox.backoff import Backoff
from outbox.owner import Owner, sweep
from outbox.store import Claim, Fenced, Outbox, PayloadDamaged

_POLL_S: Final = 0.5
"""Longest sleep of an idle thread: another process may have enqueued."""
_STATE_RETRY_S: Final = 1.0
"""Pause before an outcome is written again that the disk refused."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One finished attempt, for whoever watches: a progress bar, a test."""

    entry_id: str
    destination: str
    outcome: Outcome | Absent | Conflicting


class Worker:
    """Delivers the entries of every destination; each has its own threads, so a slow one delays no other."""

    def __init__(
        self,
        outbox: Outbox,
        destinations: Mapping[str, Destination],
        clock: Callable[[], datetime],
        backoff: Backoff | None = None,
        threads: int = 2,
        watch: Callable[[Step], None] = lambda _step: None,
    ) -> None:
        """Prepare; start() begins.

        Args:
            outbox: the store.
            destinations: by the name that entries carry.
            clock: aware current time; the same as the store's.
            backoff: delays between attempts.
            threads: attempts at a time per destination; the receiver is twelve years old.
            watch: called after each finished attempt, in the worker's thread.
        """
        self._outbox = outbox
        self._destinations = destinations
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._watch = watch
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._owner: Owner | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(name,), name=f"outbox-{name}-{number}", daemon=True)
            for name in destinations
            for number in range(threads)
        ]

    def start(self) -> None:
        """Take an identity, recover what dead workers left, begin to deliver."""
        self._owner = Owner(self._outbox.owners)
        sweep(self._outbox.owners)
        recovered = self._outbox.recover()
        if recovered:
            _log.warning(
                "%d attempts of an ended process have an unknown outcome; the backend will be asked", recovered
            )
        for thread in self._threads:
            thread.start()

    def stop(self, grace_s: float) -> bool:
        """Finish running attempts, start none; return whether all ended within the grace."""
        self._stopping.set()
        self.notify()
        for thread in self._threads:
            thread.join(grace_s)
        ended = not any(thread.is_alive() for thread in self._threads)
        if ended and self._owner:
            self._owner.close()
        return ended

    def notify(self) -> None:
        """Something was enqueued or made due in this process."""
        with self._wake:
            self._wake.notify_all()

    def _run(self, destination: str) -> None:
        while not self._stopping.is_set():
            try:
                if not self.step(destination):
                    self._sleep(destination)
            except StateUnavailable as error:
                _log.error("outbox: %s", error)
                self._stopping.wait(_STATE_RETRY_S)
            except Exception:  # noqa: BLE001 - a worker thread that dies silently would stop deliveries
                _log.exception("outbox: unexpected failure in the worker of %s", destination)
                self._stopping.wait(_STATE_RETRY_S)

    def _sleep(self, destination: str) -> None:
        with self._wake:
            due = self._outbox.next_due(destination)
            wait_s = _POLL_S if due is None else min(_POLL_S, max(0.0, (due - self._clock()).total_seconds()))
            if wait_s and not self._stopping.is_set():
                self._wake.wait(wait_s)
        self._outbox.recover()

    def step(self, destination: str) -> bool:
        """Work on the next due entry of a destination; return False if there was none."""
        if self._owner is None:
            raise RuntimeError("start() comes first")
        claim = self._outbox.claim(destination, self._owner.name)
        if claim is None:
            return False
        asked_at = self._clock()
        outcome = self._attempt(claim)
        self._write(lambda: self._settle(claim, outcome, asked_at))
        self._watch(Step(claim.entry.id, destination, outcome))
        return True

    def _attempt(self, claim: Claim) -> Outcome | Absent | Conflicting:
        try:
            sending = self._outbox.sending(claim.entry)
        except PayloadDamaged as error:
            return Conflicting(str(error))
        except StateUnavailable as error:
            return OutcomeUnknown(f"not sent: {error}")
        if sending.slot is not None and sending.parent_backend_id is None:
            return Rejected("the delivery that it follows was given up")
        destination = self._destinations[claim.entry.destination]
        try:
            return destination.send(sending) if claim.action == "send" else destination.find(sending)
        except ContractError as error:
            return OutcomeUnknown(error.detail)
        except Exception as error:  # noqa: BLE001 - an adapter's defect says nothing about what the backend did
            # Only its type is logged: the message may hold a person's text.
            _log.error("%s of %s failed in the adapter: %s", claim.action, claim.entry.id, type(error).__name__)
            return OutcomeUnknown(f"the adapter failed: {type(error).__name__}")

    def _settle(self, claim: Claim, outcome: Outcome | Absent | Conflicting, asked_at: datetime) -> None:
        outbox = self._outbox
        delay_s = self._backoff.delay_s(claim.entry.failures + 1)
        match outcome:
            case Delivered():
                outbox.delivered(claim, outcome, "answered" if claim.action == "send" else "found by its reference")
            case Rejected(reason):
                outbox.rejected(claim, reason)
            case Conflicting(reason):
                outbox.parked(claim, reason)
            case NotSent(reason, retry_after_s):
                outbox.not_sent(claim, reason, max(delay_s, retry_after_s or 0))
            case OutcomeUnknown(reason):
                outbox.unknown(claim, reason, delay_s if claim.action == "find" else 0)
            case Absent():
                outbox.absent(claim, asked_at, self._destinations[claim.entry.destination].settle_s)

    def _write(self, write: Callable[[], None]) -> None:
        """Write an outcome down, again and again while the disk refuses: forgetting it would make it unknown."""
        while True:
            try:
                return write()
            except Fenced:
                _log.warning("outbox: an outcome came too late; another worker has the entry")
                return None
            except StateUnavailable as error:
                _log.error("outbox: an outcome cannot be written yet: %s", error)
                if self._stopping.wait(_STATE_RETRY_S):
                    return None
