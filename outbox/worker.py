"""Threads that take due entries, send them or ask whether they landed, and write down what came of it."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.delivery import Destination
from contracts.errors import StateUnavailable
from contracts.spans import span
from outbox.around import Around, unobserved
from outbox.attempt import RETRY_AFTER_MAX_S, Attempts, Found, Limits, Made
from outbox.backoff import Backoff
from outbox.claims import Action, Claim
from outbox.database import NewerSchemaError
from outbox.endings import Ending, Fenced
from outbox.hand import Hand
from outbox.identity import Identities
from outbox.looking import Looking
from outbox.pace import Unhurried
from outbox.reasons import log_defect
from outbox.store import Outbox
from outbox.telling import Teller
from outbox.verification import Verifications

_POLL_S: Final = 0.5
"""Longest sleep of an idle thread: another process may have enqueued. As often somebody looks for dead owners."""
_STATE_RETRY_S: Final = 1.0
"""Pause before an outcome is written again that the disk refused."""
_SLACK: Final = timedelta(hours=1)
_LOOK_EVERY: Final = 8
"""Under a steady load every eighth turn begins with a look at a delivered record, if one is due."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One finished attempt, for whoever watches: a progress bar, a test."""

    entry_id: str
    destination: str
    action: Action
    outcome: Found


@dataclass(frozen=True, slots=True)
class Pace:
    """How gently a worker works.

    Attributes:
        threads: of this worker, per destination.
        limit: attempts at a time per destination, over all workers; the receiver is twelve years old.
        rate: attempts per second per destination of this worker; None for as many as come.
    """

    threads: int = 2
    limit: int = 2
    rate: float | None = None


class Worker:
    """Delivers the entries of every destination; each has its own threads, so a slow one delays no other."""

    def __init__(
        self,
        outbox: Outbox,
        destinations: Mapping[str, Destination],
        clock: Callable[[], datetime],
        backoff: Backoff | None = None,
        pace: Pace | None = None,
        watch: Callable[[Step], None] = lambda _step: None,
        limits: Mapping[str, Limits] | None = None,
        teller: Teller | None = None,
        held: Callable[[str], bool] = lambda _destination: False,
        around: Around = unobserved,
    ) -> None:
        """Prepare; start() begins.

        Args:
            outbox: the store.
            destinations: by the name that entries carry.
            clock: aware current time; the same as the store's.
            backoff: delays between attempts.
            pace: how much at a time.
            watch: called after each finished attempt, in the worker's thread.
            limits: when entries are given up, by destination.
            teller: tells alerts to somebody outside, while this worker works.
            held: whether this worker leaves a destination's entries alone now; they wait.
            around: put around each attempt and each look, in the worker's thread.
        """
        self._outbox = outbox
        self._hand = Hand(outbox.database, clock)
        self._verifications = Verifications(outbox, clock)
        self._looking = Looking(outbox, self._verifications, destinations, around)
        self._clock = clock
        self._pace = pace or Pace()
        self._watch = watch
        self._teller = teller
        self._held = held
        self._around = around
        self._stopping = threading.Event()
        self._outdated = threading.Event()
        self._wake = threading.Condition()
        self._notices = 0
        self._turns, self._steps = itertools.count(), itertools.count()
        backoff = backoff or Backoff()
        self._attempts = Attempts(outbox, destinations, limits or {}, backoff, self._stopping.is_set, clock)
        settling = [destination.settle_s for destination in destinations.values()]
        self._horizon = timedelta(seconds=max([backoff.cap_s, RETRY_AFTER_MAX_S, *settling])) + _SLACK
        self._identities = Identities(outbox.owners)
        self._recover_at = 0.0
        self._unhurried = {name: Unhurried(self._pace.rate) for name in destinations}
        self._threads = [
            threading.Thread(target=self._run, args=(name,), name=f"outbox-{name}-{number}", daemon=True)
            for name in destinations
            for number in range(self._pace.threads)
        ]

    def start(self) -> None:
        """Recover what dead workers left, begin to deliver."""
        self._outbox.owners.sweep()
        self._recover()
        for thread in self._threads:
            thread.start()
        if self._teller:
            self._teller.start()

    def stop(self, grace_s: float) -> bool:
        """Finish running attempts, begin none, release what was claimed; return whether all ended within the grace."""
        until = time.monotonic() + grace_s
        self._stopping.set()
        self.notify()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        if self._teller:
            self._teller.stop(max(0.0, until - time.monotonic()))
        self._identities.give_up()  # of whoever made single steps
        return not any(thread.is_alive() for thread in self._threads)

    def notify(self) -> None:
        """Something was enqueued or made due in this process."""
        with self._wake:
            self._notices += 1
            self._wake.notify_all()

    def step(self, destination: str) -> bool:
        """Work on the next due entry of a destination, or look at a record; return False if there was nothing to do."""
        if next(self._steps) % _LOOK_EVERY == _LOOK_EVERY - 1 and self._look(destination):
            return True
        claim = self._claim(destination)
        if claim is None:
            return self._look(destination)
        self._attempt(claim, fuse=False)
        return True

    # ---

    def _run(self, destination: str) -> None:
        while not self._stopping.is_set():
            try:
                if self._outdated.is_set():
                    self._stopping.wait()
                elif not self._work(destination):
                    self._sleep(destination)
                self._recover_now_and_then()
            except Exception as error:  # noqa: BLE001 - a worker thread that dies silently would stop deliveries
                if isinstance(error, StateUnavailable):
                    _log.error("outbox: %s", error)
                else:
                    log_defect(f"the worker of {destination}", error)
                # Whatever it had claimed is recovered; under a name that lives on it would be in flight for ever.
                self._identities.give_up()
                self._stopping.wait(_STATE_RETRY_S)
        self._identities.give_up()

    def _work(self, destination: str) -> bool:
        """Work until there is nothing to do, or it is time to look around; return False if there was nothing to do."""
        unhurried = self._unhurried[destination]
        if not unhurried.wait(self._stopping):
            return True
        claim = self._claim(destination)
        if claim is None:
            return not self._outdated.is_set() and self._look(destination)
        for _ in range(_LOOK_EVERY - 1):
            claim = self._attempt(claim, fuse=unhurried.rate is None)
            if claim is None:
                return True
        self._attempt(claim, fuse=False)
        self._look(destination)
        return True

    def _look(self, destination: str) -> bool:
        """Look at a record that is due; not while its destination is paused or out of reach."""
        due = self._looking.next_due(destination)
        if due is None or due > self._clock() or self._outbox.gate(destination).held:
            return False
        return self._looking.step(destination)

    def _first(self) -> Action:
        # Taking turns, so that questions that get no answer do not keep new reports from being sent.
        return "find" if next(self._turns) % 2 == 0 else "send"

    def _claim(self, destination: str) -> Claim | None:
        if self._held(destination):
            return None
        owner = self._identities.name()
        try:
            return self._outbox.claim(destination, owner, self._first(), self._pace.limit)
        except NewerSchemaError as error:
            self._stop_claiming(error)
            return None
        except StateUnavailable:
            # It may have been committed: whatever is claimed under this name is recovered, and the backend asked.
            self._identities.give_up()
            raise

    def _attempt(self, claim: Claim, *, fuse: bool) -> Claim | None:
        """Make an attempt and write its outcome down, together with the next claim if asked to; return that one."""
        with self._around(claim.entry, claim.action) as step:
            made = self._attempts.make(claim)
            step.tell(outcome=made.ending.outcome)
            with span("write"):
                claimed = self._write(claim, made, fuse=fuse)
        if made.outcome is not None:
            self._watch(Step(claim.entry.id, claim.entry.destination, claim.action, made.outcome))
        return claimed

    def _write(self, claim: Claim, made: Made, *, fuse: bool) -> Claim | None:
        """Write an outcome down, again and again while the disk refuses: forgetting it would make it unknown."""
        ending, in_doubt = made.ending, False
        try:
            while True:
                try:
                    return self._commit(claim, ending, fuse=fuse)
                except StateUnavailable as error:
                    _log.error("outbox: an outcome cannot be written yet: %s", error)
                    in_doubt, fuse = in_doubt or fuse, False
                    if self._stopping.wait(_STATE_RETRY_S):
                        return None
                except Exception as error:  # noqa: BLE001 - what an adapter returned cannot be stored
                    if ending is not made.ending and self._stopping.wait(_STATE_RETRY_S):
                        return None
                    ending = self._attempts.cannot_be_stored(claim, error)
        finally:
            if in_doubt:
                # What may have been claimed is recovered; not before the outcome is written, or that would be as well.
                self._identities.give_up()

    def _commit(self, claim: Claim, ending: Ending, *, fuse: bool) -> Claim | None:
        entry = claim.entry
        try:
            if fuse and not self._stopping.is_set() and not self._held(entry.destination):
                owner, first = entry.owner or "", self._first()
                return self._outbox.write_and_claim(ending, entry.destination, owner, first, self._pace.limit)
            self._outbox.write(ending)
        except Fenced:
            _log.warning("outbox: an outcome is written already, or came too late and another worker has the entry")
        except NewerSchemaError as error:
            self._stop_claiming(error)  # that was the claim: what was done is still written
            return self._commit(claim, ending, fuse=False)
        return None

    def _stop_claiming(self, error: NewerSchemaError) -> None:
        if not self._outdated.is_set():
            self._outdated.set()
            _log.error("outbox: nothing more is delivered from here: %s", error)

    def _sleep(self, destination: str) -> None:
        seen = self._notices
        wait_s = self._idle_s(
            destination
        )  # read before the lock is taken: whoever notifies does not wait for the state
        with self._wake:
            if wait_s and self._notices == seen and not self._stopping.is_set():
                self._wake.wait(wait_s)

    def _idle_s(self, destination: str) -> float:
        """How long there is nothing to do, seconds."""
        now = self._clock()
        due = self._outbox.next_due(destination)
        look_due = self._looking.next_due(destination)
        first = min((moment for moment in (due, look_due) if moment is not None), default=None)
        if first is not None and first - now > self._horizon:
            # Nothing is ever put off so far: the wall clock was ahead when it was, and has been set back.
            self._hand.make_due(destination)
            self._verifications.make_all_due(destination)
            return 0.0
        claimable = (
            None
            if due is None or self._held(destination)
            else self._outbox.next_claim(destination, due, self._pace.limit)
        )
        if look_due is not None and self._outbox.gate(destination).held:
            look_due = None
        first = min((moment for moment in (claimable, look_due) if moment is not None), default=None)
        return _POLL_S if first is None else min(_POLL_S, max(0.0, (first - now).total_seconds()))

    def _recover_now_and_then(self) -> None:
        if time.monotonic() >= self._recover_at:
            self._recover_at = time.monotonic() + _POLL_S
            self._recover()

    def _recover(self) -> None:
        recovered = self._outbox.recover()
        if recovered:
            _log.warning(
                "%d attempts of an ended process have an unknown outcome; the backend will be asked", recovered
            )
