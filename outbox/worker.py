"""Threads that take due entries, send them or ask whether they landed, and write down what came of it."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.delivery import (
    Absent,
    Conflicting,
    Delivered,
    DeliveryState,
    Destination,
    Finding,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Rejected,
    Sending,
)
from contracts.errors import ContractError, StateUnavailable
from outbox.backoff import Backoff
from outbox.hand import Hand
from outbox.looking import Looking
from outbox.owner import Owner
from outbox.reasons import log_defect, storable
from outbox.store import Action, Claim, Fenced, Outbox
from outbox.stored import PayloadDamaged
from outbox.uptime import Uptime
from outbox.verification import Verifications

_POLL_S: Final = 0.5
"""Longest sleep of an idle thread: another process may have enqueued."""
_STATE_RETRY_S: Final = 1.0
"""Pause before an outcome is written again that the disk refused."""

_RETRY_AFTER_MAX_S: Final = 3600.0
"""Longest wait that a backend can ask for."""
_SLACK: Final = timedelta(hours=1)
_LOOK_EVERY: Final = 8
"""Under a steady load every eighth turn begins with a look at a delivered record, if one is due."""

_log = logging.getLogger(__name__)

_SENT: Final = (Delivered, Rejected, NotSent, OutcomeUnknown)
_FOUND: Final = (Delivered, Absent, Conflicting)


Found = Outcome | Finding


@dataclass(frozen=True, slots=True)
class Step:
    """One finished attempt, for whoever watches: a progress bar, a test."""

    entry_id: str
    destination: str
    action: Action
    outcome: Found


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
        self._hand = Hand(outbox.database, clock)
        self._verifications = Verifications(outbox, clock)
        self._looking = Looking(outbox, self._verifications, destinations)
        self._destinations = destinations
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._watch = watch
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._turns = itertools.count()
        settling = [destination.settle_s for destination in destinations.values()]
        longest_s = max([self._backoff.cap_s, _RETRY_AFTER_MAX_S, *settling])
        self._horizon = timedelta(seconds=longest_s) + _SLACK
        self._owner: Owner | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(name,), name=f"outbox-{name}-{number}", daemon=True)
            for name in destinations
            for number in range(threads)
        ]

    def start(self) -> None:
        """Take an identity, recover what dead workers left, begin to deliver."""
        self._owner = self._outbox.owners.take()
        self._outbox.owners.sweep()
        recovered = self._outbox.recover()
        if recovered:
            _log.warning(
                "%d attempts of an ended process have an unknown outcome; the backend will be asked", recovered
            )
        for thread in self._threads:
            thread.start()

    def stop(self, grace_s: float) -> bool:
        """Finish running attempts, start none; return whether all ended within the grace."""
        until = time.monotonic() + grace_s
        self._stopping.set()
        self.notify()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
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
            except Exception as error:  # noqa: BLE001 - a worker thread that dies silently would stop deliveries
                log_defect(f"the worker of {destination}", error)
                self._stopping.wait(_STATE_RETRY_S)

    def _sleep(self, destination: str) -> None:
        with self._wake:
            dues = (self._outbox.next_due(destination), self._looking.next_due(destination))
            due = min((due for due in dues if due is not None), default=None)
            if due is not None and due - self._clock() > self._horizon:
                # Nothing is ever put off so far: the wall clock was ahead when it was, and has been set back.
                self._hand.make_due(destination)
                self._verifications.make_all_due(destination)
                return
            wait_s = _POLL_S if due is None else min(_POLL_S, max(0.0, (due - self._clock()).total_seconds()))
            if wait_s and not self._stopping.is_set():
                self._wake.wait(wait_s)
        self._outbox.recover()

    def step(self, destination: str) -> bool:
        """Work on the next due entry of a destination, or look at a record; return False if there was nothing to do."""
        if self._owner is None:
            raise RuntimeError("start() comes first")
        # Taking turns, so that questions that get no answer do not keep new reports from being sent.
        turn = next(self._turns)
        first: Action = "find" if turn % 2 == 0 else "send"
        if turn % _LOOK_EVERY == _LOOK_EVERY - 1 and self._looking.step(destination):
            return True
        claim = self._outbox.claim(destination, self._owner.name, first)
        if claim is None:
            return self._looking.step(destination)
        asked_at = self._outbox.uptime()
        outcome = self._attempt(claim)
        self._write(claim, outcome, asked_at)
        self._watch(Step(claim.entry.id, destination, claim.action, outcome))
        return True

    def _attempt(self, claim: Claim) -> Found:
        try:
            sending = self._outbox.sending(claim.entry)
            given_up = self._given_up(claim, sending)
        except PayloadDamaged as error:
            return Conflicting(str(error))
        except StateUnavailable as error:
            return OutcomeUnknown(f"not sent: {error}")
        if given_up is not None:
            return given_up
        try:
            return self._ask(claim, sending)
        except ContractError as error:
            return OutcomeUnknown(error.detail)
        except Exception as error:  # noqa: BLE001 - an adapter's defect says nothing about what the backend did
            log_defect(f"{claim.action} of {claim.entry.id}", error)
            return OutcomeUnknown(f"the adapter failed: {type(error).__name__}")

    def _given_up(self, claim: Claim, sending: Sending) -> Rejected | None:
        """Return the refusal of what depends on a delivery that was given up; None if nothing is in its way."""
        if sending.slot is not None and sending.parent_backend_id is None:
            return Rejected("the delivery that it follows was given up")
        continued = self._outbox.get(claim.entry.continues) if claim.entry.continues else None
        if claim.action == "send" and continued is not None and continued.state is DeliveryState.DISCARDED:
            # The rest of a text alone would mislead whoever reads it, and a person must know that it is not there.
            return Rejected("the delivery that it continues was given up", not_found=continued.not_found)
        return None

    def _ask(self, claim: Claim, sending: Sending) -> Found:
        destination = self._destinations[claim.entry.destination]
        outcome: Found = destination.send(sending) if claim.action == "send" else destination.find(sending)
        # What the protocol does not allow is refused: a NotSent as the answer to a question would send twice.
        if not isinstance(outcome, _SENT if claim.action == "send" else _FOUND):
            raise TypeError(f"{claim.action} returned {type(outcome).__name__}")
        return outcome

    def _write(self, claim: Claim, outcome: Found, asked_at: Uptime) -> None:
        """Write an outcome down, again and again while the disk refuses: forgetting it would make it unknown."""
        while True:
            try:
                return self._settle(claim, outcome, asked_at)
            except Fenced:
                _log.warning("outbox: an outcome came too late; another worker has the entry")
                return None
            except StateUnavailable as error:
                _log.error("outbox: an outcome cannot be written yet: %s", error)
                if self._stopping.wait(_STATE_RETRY_S):
                    return None
            except Exception as error:  # noqa: BLE001 - what an adapter returned cannot be stored, such as no JSON
                log_defect(f"the outcome of {claim.entry.id}", error)
                if isinstance(outcome, OutcomeUnknown) and self._stopping.wait(_STATE_RETRY_S):
                    return None
                outcome = OutcomeUnknown(f"the adapter's outcome cannot be stored: {type(error).__name__}")

    def _settle(self, claim: Claim, outcome: Found, asked_at: Uptime) -> None:
        outbox = self._outbox
        delay_s = self._backoff.delay_s(claim.entry.failures + 1)
        match outcome:
            case Delivered():
                outbox.delivered(claim, outcome, "answered" if claim.action == "send" else "found by its reference")
            case Rejected(reason, not_found=True):
                outbox.not_found(claim, storable(reason))
            case Rejected(reason):
                outbox.rejected(claim, storable(reason))
            case Conflicting(reason):
                outbox.parked(claim, storable(reason))
            case NotSent(reason, retry_after_s):
                wait_s = max(delay_s, min(retry_after_s or 0.0, _RETRY_AFTER_MAX_S))
                outbox.not_sent(claim, storable(reason), wait_s)
            case OutcomeUnknown(reason):
                outbox.unknown(claim, storable(reason), delay_s if claim.action == "find" else 0)
            case Absent():
                outbox.absent(claim, asked_at, self._destinations[claim.entry.destination].settle_s)
