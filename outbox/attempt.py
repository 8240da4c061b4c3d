"""One attempt: what may be sent is sent, what is unknown is asked for, and what came of it becomes an ending."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from outbox.claims import Claim
from outbox.endings import Ending
from outbox.entry import KeyUnknown
from outbox.owner import BEGIN_WITHIN_S
from outbox.reasons import log_defect
from outbox.store import Outbox
from outbox.stored import PayloadDamaged
from outbox.uptime import Uptime

RETRY_AFTER_MAX_S: Final = 3600.0
"""Longest wait that a backend can ask for."""
_SENT: Final = (Delivered, Rejected, NotSent, OutcomeUnknown)
_FOUND: Final = (Delivered, Absent, Conflicting)
_HOUR_MS: Final = 3_600_000
_UPGRADE: Final = timedelta(minutes=10)
"""For how long old and new workers may run side by side."""
_KEY_S: Final = 60.0
"""How long an entry is left whose key is not at hand."""
_OTHERS_S: Final = 30.0
"""How long an entry is left to workers of another release."""

Found = Outcome | Finding


@dataclass(frozen=True, slots=True)
class Limits:
    """When an entry of a destination is given up, which parks it.

    Attributes:
        max_attempts: sends that were its own trouble; an outage of the destination costs none.
        max_age_s: seconds since it was accepted, outages of the destination not counted.
    """

    max_attempts: int = 20
    max_age_s: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Made:
    """What came of an attempt; `outcome` is None when none was made."""

    outcome: Found | None
    ending: Ending


class Attempts:
    """Makes attempts. Thread-safe."""

    def __init__(
        self,
        outbox: Outbox,
        destinations: Mapping[str, Destination],
        limits: Mapping[str, Limits],
        backoff: Backoff,
        stopping: Callable[[], bool],
        clock: Callable[[], datetime],
    ) -> None:
        """Prepare; a destination without limits of its own has the usual ones."""
        self._clock = clock
        self._began = clock()
        self._outbox = outbox
        self._endings = outbox.endings
        self._destinations = destinations
        self._limits = {name: limits.get(name, Limits()) for name in destinations}
        self._backoff = backoff
        self._stopping = stopping

    def make(self, claim: Claim) -> Made:
        """Send or ask, unless something speaks against it."""
        try:
            sending = self._outbox.sending(claim.entry)
            withheld = self._withheld(claim, sending)
        except PayloadDamaged as error:
            withheld = self._parked(claim, str(error))
        except KeyUnknown as error:
            withheld = self._locked(claim, self._outbox.storable(error.detail))
        except StateUnavailable as error:
            withheld = Made(None, self._endings.released(claim, self._outbox.storable(error.detail)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the entry must not stay claimed
            withheld = self._defect(claim, error)
        return withheld or self._made(claim, sending)

    def cannot_be_stored(self, claim: Claim, error: Exception) -> Ending:
        """Return the ending of an attempt whose outcome no database takes, such as one that is no JSON."""
        log_defect(f"the outcome of {claim.entry.id}", error)
        reason = f"the adapter's outcome cannot be stored: {type(error).__name__}"
        return self._endings.unknown(claim, reason, self._delay_s(claim), reached=None)

    # ---

    def _withheld(self, claim: Claim, sending: Sending) -> Made | None:
        """Return what is done instead of an attempt; None if nothing speaks against it."""
        entry, destination = claim.entry, self._destinations[claim.entry.destination]
        depends = self._depends(claim, sending)
        if depends is not None:
            return self._unasked(depends, self._ended(claim, depends, claim.at))
        if claim.action == "find":
            return self._by_policy(claim, destination)
        if entry.fingerprint is not None and entry.fingerprint != destination.fingerprint(entry.kind):
            return self._validated_otherwise(claim)
        exhausted = self._exhausted(claim)
        return None if exhausted is None else self._parked(claim, exhausted)

    def _validated_otherwise(self, claim: Claim) -> Made:
        """Park what another schema or mapping has validated, unless a worker of another release may be about to come.

        In a rolling upgrade old and new workers run side by side, and each sees what the other's shim has accepted.
        """
        reason = "validated with another schema or mapping"
        age = self._clock() - claim.entry.accepted_at
        if claim.entry.accepted_at < self._began or age > _UPGRADE:
            return self._parked(claim, f"{reason}; see `shim outbox supersede`")
        outcome = NotSent(f"{reason}; left to a worker of that release")
        return self._unasked(outcome, self._endings.not_sent(claim, outcome.reason, _OTHERS_S))

    def _locked(self, claim: Claim, reason: str) -> Made:
        """What does not open for want of a key is left until somebody has put the key back; it uses no attempt up."""
        if claim.action == "find":
            return self._unasked(OutcomeUnknown(reason), self._endings.unknown(claim, reason, _KEY_S))
        return self._unasked(NotSent(reason), self._endings.not_sent(claim, reason, _KEY_S))

    def _defect(self, claim: Claim, error: Exception) -> Made:
        """Nobody was asked, because looking at the entry failed: try again, but not for ever."""
        log_defect(f"{claim.action} of {claim.entry.id}", error)
        reason, delay_s = f"the adapter failed before it was asked: {type(error).__name__}", self._delay_s(claim)
        if claim.action == "find":
            return self._unasked(OutcomeUnknown(reason), self._endings.unknown(claim, reason, delay_s))
        return self._unasked(NotSent(reason), self._endings.not_sent(claim, reason, delay_s, about_entry=True))

    def _depends(self, claim: Claim, sending: Sending) -> Found | None:
        """Return what becomes of it for the sake of a delivery that it depends on; None if nothing is in its way."""
        entry = claim.entry
        if sending.slot is not None and sending.parent_backend_id is None:
            parent = self._outbox.current(entry.follows) if entry.follows else None
            if parent is None or parent.state is DeliveryState.DISCARDED:
                return Rejected("the delivery that it follows was given up")
            # After a restored backup both are unknown, and nobody knows yet under which number to look.
            return OutcomeUnknown("nobody knows yet whether the delivery that it follows has landed")
        continued = self._outbox.get(entry.continues) if entry.continues else None
        if claim.action == "send" and continued is not None and continued.state is DeliveryState.DISCARDED:
            # The rest of a text alone would mislead whoever reads it, and a person must know that it is not there.
            return Rejected("the delivery that it continues was given up", not_found=continued.not_found)
        return None

    def _by_policy(self, claim: Claim, destination: Destination) -> Made | None:
        """What the destination declares about an outcome that nobody knows."""
        reason = claim.entry.reason or "nobody knows what the backend did"
        if destination.unknown == "park":
            advice = "look whether it is there; then resolve it, or retry --not-there"
            return self._parked(claim, f"{reason}; this backend cannot be asked: {advice}")
        if destination.unknown == "resend":
            ending = self._endings.resent(claim, self._outbox.storable(reason), self._delay_s(claim))
            return self._unasked(OutcomeUnknown(reason), ending)
        return None

    def _exhausted(self, claim: Claim) -> str | None:
        """Return why an entry is given up; None while it may be sent. An unknown one never gets here."""
        entry, limits = claim.entry, self._limits[claim.entry.destination]
        last = f": {entry.reason}" if entry.reason else ""
        if entry.tries >= limits.max_attempts:
            return f"given up after {entry.tries} attempts{last}"
        age_ms = self._outbox.age_ms(entry, claim.outage_ms)
        if age_ms > limits.max_age_s * 1000:
            return f"given up after {age_ms // _HOUR_MS} h{last}"
        return None

    def _parked(self, claim: Claim, reason: str) -> Made:
        reason = self._outbox.storable(reason)
        return self._unasked(Conflicting(reason), self._endings.parked(claim, reason))

    def _unasked(self, outcome: Found, ending: Ending) -> Made:
        return Made(outcome, replace(ending, reached=None, asked=False))

    def _made(self, claim: Claim, sending: Sending) -> Made:
        asked_at = self._outbox.uptime()
        waited_ms = asked_at.since_ms(claim.at)
        if self._stopping():
            return Made(None, self._endings.released(claim, "the worker was stopped"))
        if waited_ms is None or waited_ms > BEGIN_WITHIN_S * 1000:
            return Made(None, self._endings.released(claim, "the process was held up; somebody else may have it"))
        reached: bool | None = False
        try:
            outcome = self._ask(claim, sending)
        except ContractError as error:
            outcome = OutcomeUnknown(error.detail)
        except Exception as error:  # noqa: BLE001 - an adapter's defect says nothing about what the backend did
            log_defect(f"{claim.action} of {claim.entry.id}", error)
            # Of a send it counts as an outage would: else everything that waits would be sent and become unknown.
            outcome = OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
            reached = False if claim.action == "send" else None
        try:
            ending = self._ended(claim, outcome, asked_at)
        except (TypeError, ValueError, AttributeError) as error:
            ending = self.cannot_be_stored(claim, error)
        return Made(outcome, ending if reached is False else replace(ending, reached=None))

    def _ask(self, claim: Claim, sending: Sending) -> Found:
        destination = self._destinations[claim.entry.destination]
        outcome: Found = destination.send(sending) if claim.action == "send" else destination.find(sending)
        # What the protocol does not allow is refused: a NotSent as the answer to a question would send twice.
        if not isinstance(outcome, _SENT if claim.action == "send" else _FOUND):
            raise TypeError(f"{claim.action} returned {type(outcome).__name__}")
        return outcome

    def _ended(self, claim: Claim, outcome: Found, asked_at: Uptime) -> Ending:
        endings = self._endings
        match outcome:
            case Delivered():
                evidence = "answered" if claim.action == "send" else "found by its reference"
                attention = None if outcome.attention is None else self._outbox.storable(outcome.attention)
                return endings.delivered(claim, replace(outcome, attention=attention), evidence)
            case Rejected(reason, not_found):
                return (endings.not_found if not_found else endings.rejected)(claim, self._outbox.storable(reason))
            case Conflicting(reason):
                return endings.parked(claim, self._outbox.storable(reason))
            case NotSent(reason, retry_after_s, about_entry):
                wait_s = min(max(retry_after_s or 0.0, 0.0), RETRY_AFTER_MAX_S)
                delay_s = self._delay_s(claim)
                return endings.not_sent(
                    claim, self._outbox.storable(reason), delay_s, about_entry=about_entry, retry_after_s=wait_s
                )
            case OutcomeUnknown(reason):
                return endings.unknown(
                    claim, self._outbox.storable(reason), self._delay_s(claim) if claim.action == "find" else 0
                )
            case Absent():
                return endings.absent(claim, asked_at, self._destinations[claim.entry.destination].settle_s)

    def _delay_s(self, claim: Claim) -> float:
        return self._backoff.delay_s(claim.entry.failures + 1)
