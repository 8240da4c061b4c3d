"""How an attempt ends: each transition out of it, as a frozen object that is written in one commit, or with a claim."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from contracts.delivery import Delivered, DeliveryState
from outbox import destinations
from outbox.alerts import Alert
from outbox.claims import Claim
from outbox.database import Transaction
from outbox.destinations import Breaker
from outbox.entry import Entry, check_at
from outbox.reasons import error_group
from outbox.statements import Statement
from outbox.stored import SQL, StoredEntries
from outbox.uptime import Uptime

_PROMOTE: Final = SQL["promote"]
_INSERT_OUTCOME: Final = SQL["insert_attempt_outcome"]


WALL_MARGIN_S: Final = 1800.0
"""By how much the wall clock may have been set, or differ between two hosts, before it misleads."""


class Fenced(Exception):
    """Raised when a write-back comes from an attempt that is no longer the entry's current one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of one attempt.

    Attributes:
        claim: the attempt.
        transition: the statement that writes it to the entry.
        outcome: one word for the attempt's record, and `evidence` one line.
        values: the statement's own parameters.
        reached: whether the destination answered; None when nobody can tell.
        asked: whether anybody was asked at all.
        delay_s: when the entry is due again. While the destination is out of reach its interval decides instead.
        retry_after_s: how long the backend asked to be left alone, whatever else holds.
        leaves: the key's next entry may go.
        ordered: it may be behind another one of its key.
    """

    claim: Claim
    transition: Statement
    outcome: str
    evidence: str
    values: Mapping[str, Any] = field(default_factory=dict)
    reached: bool | None = None
    asked: bool = True
    delay_s: float = 0
    retry_after_s: float = 0
    leaves: bool = False
    ordered: bool = False

    def write(self, tx: Transaction, now: int, up: Uptime, breaker: Breaker) -> Alert | None:
        """Write it; return who is to be told once it is durable.

        Raises:
            Fenced: the entry is somebody else's by now.
        """
        entry = self.claim.entry
        alert, is_open = None, False
        if self.ordered or self.leaves:
            # Before the destination's lock and before any of the key's rows, or two would wait in a ring.
            tx.lock("key", entry.destination, entry.order_key)
        if self.reached is False:
            told = error_group(self.evidence)
            name = entry.destination
            is_open, alert = destinations.reached_nobody(tx, name, now, told, self.retry_after_s, breaker)
        elif not self.asked and self.claim.probe_at is not None:
            destinations.give_probe_back(tx, entry.destination, now, self.claim.probe_at)
        self._to_entry(tx, now, up, self.retry_after_s if is_open else max(self.delay_s, self.retry_after_s))
        if self.reached:
            alert = destinations.reached_somebody(tx, entry.destination, now)
        return alert

    def _to_entry(self, tx: Transaction, now: int, up: Uptime, delay_s: float) -> None:
        entry = self.claim.entry
        fence = {"entry_seq": entry.seq, "owner": entry.owner, "step": entry.step, "now": now}
        values = {
            **self.values,
            **fence,
            "boot": up.boot,
            "uptime": up.ms,
            "next_attempt_at": now + int(delay_s * 1000),
        }
        if tx.execute(self.transition, values).rowcount != 1:
            raise Fenced(entry.id)
        tx.execute(_INSERT_OUTCOME, {**fence, "outcome": self.outcome, "evidence": self.evidence})
        if self.leaves:
            promote(tx, entry, now)


class Endings:
    """Makes the endings of attempts; nothing is written before the outbox writes one."""

    def __init__(self, entries: StoredEntries, clock: Callable[[], datetime]) -> None:
        self._entries = entries
        self._clock = clock

    def delivered(self, claim: Claim, answer: Delivered, evidence: str) -> Ending:
        """The backend has it; the key's next entry may go."""
        result = self._entries.seal_result(claim.entry, answer.result) if answer.result else None
        again = None if answer.check_again_s is None else check_at(self._clock(), answer.check_again_s)
        values = {
            "backend_id": answer.backend_id,
            "result": result,
            "attention": answer.attention,
            "check_at": again,
        }
        return Ending(claim, SQL["to_delivered"], "delivered", evidence, values, reached=True, leaves=True)

    def rejected(self, claim: Claim, reason: str) -> Ending:
        """The backend refused it for good."""
        return _ended(claim, DeliveryState.REJECTED, reason)

    def parked(self, claim: Claim, reason: str) -> Ending:
        """A person must look: the record contradicts ours, ours is damaged, or it was given up."""
        return _ended(claim, DeliveryState.PARKED, reason)

    def not_found(self, claim: Claim, reason: str) -> Ending:
        """What it is about does not exist: given up, and the key's next entry may go."""
        return Ending(claim, SQL["to_not_found"], "not found", reason, _because(reason), reached=True, leaves=True)

    def not_sent(
        self, claim: Claim, reason: str, delay_s: float, *, about_entry: bool = False, retry_after_s: float = 0
    ) -> Ending:
        """Proof that nothing was executed: send again. What concerns the whole destination uses no attempt up."""
        entry = claim.entry
        values = {"failures": entry.failures + 1, "tries": entry.tries + about_entry, **_because(reason)}
        reached = about_entry
        return Ending(
            claim,
            SQL["to_ready"],
            "not sent",
            reason,
            values,
            reached=reached,
            delay_s=delay_s,
            retry_after_s=retry_after_s,
        )

    def unknown(self, claim: Claim, reason: str, delay_s: float, *, reached: bool | None = False) -> Ending:
        """No proof of what the backend did, or it could not be asked: ask after the delay."""
        values = {"failures": claim.entry.failures + 1, "restamp": False, **_because(reason)}
        outcome = "unknown" if claim.action == "send" else "not answered"
        return Ending(claim, SQL["to_unknown"], outcome, reason, values, reached=reached, delay_s=delay_s)

    def absent(self, claim: Claim, asked_at: Uptime, settle_s: float) -> Ending:
        """The backend does not have it; believed only if asked after the backend had settled, else asked again.

        Raises:
            Fenced: the entry is not unknown.
        """
        entry = claim.entry
        if entry.unknown_boot is None or entry.unknown_uptime is None:
            raise Fenced(entry.id)
        passed_ms = asked_at.since_ms(Uptime(entry.unknown_boot, entry.unknown_uptime))
        settled_s = self._by_the_wall_s(entry) if passed_ms is None else passed_ms / 1000
        if settled_s >= settle_s:
            reason = f"the backend has no record {settle_s:g} s after the attempt; sent again"
            values = {"failures": 0, "tries": entry.tries + 1, **_because(reason)}
            return Ending(claim, SQL["to_ready"], "absent", reason, values, reached=True, ordered=True)
        reason = "not in the backend yet; asked again when it has settled"
        values = {"failures": entry.failures, "restamp": passed_ms is None, **_because(reason)}
        return Ending(
            claim,
            SQL["to_unknown"],
            "absent, not settled",
            reason,
            values,
            reached=True,
            delay_s=settle_s - settled_s + 0.001,
        )

    def _by_the_wall_s(self, entry: Entry) -> float:
        """How long ago the attempt was at least, when its host's clock cannot be asked.

        Else hosts that ask in turn would each begin to wait anew, and the entry would never be sent.
        """
        if entry.unknown_since is None:
            return 0.0
        return max(0.0, (self._clock() - entry.unknown_since).total_seconds() - WALL_MARGIN_S)

    def resent(self, claim: Claim, reason: str, delay_s: float) -> Ending:
        """Nobody knows what the backend did, and its adapter declares that sending it twice does no harm."""
        entry = claim.entry
        reason = f"{reason}; sent again, which does no harm there"
        values = {"failures": entry.failures + 1, "tries": entry.tries + 1, **_because(reason)}
        return Ending(claim, SQL["to_ready"], "sent again", reason, values, delay_s=delay_s, ordered=True)

    def released(self, claim: Claim, reason: str) -> Ending:
        """Claimed and not begun: it is as it was before."""
        return Ending(claim, SQL["to_released"], "not begun", reason, asked=False)

    def abandoned(self, claim: Claim) -> Ending:
        """Its owner is dead: nobody knows what the backend did."""
        reason = "the process ended during the attempt"
        values = {"failures": claim.entry.failures, "restamp": False, **_because(reason)}
        return Ending(claim, SQL["to_unknown"], "unknown", reason, values)


def promote(tx: Transaction, entry: Entry, now: int) -> None:
    """Let the key's next entry go, now that this one has left; under the lock of the key."""
    tx.execute(_PROMOTE, {"destination": entry.destination, "order_key": entry.order_key, "now": now})


def _ended(claim: Claim, state: DeliveryState, reason: str) -> Ending:
    return Ending(claim, SQL["to_ended"], state, reason, {"state": state, **_because(reason)}, reached=True)


def _because(reason: str) -> dict[str, str]:
    return {"reason": reason, "error_group": error_group(reason)}
