"""The outbox's transitions, each one a named function and one commit.

The intent to send is committed before the first byte leaves and the outcome after the answer, so a crash in between
leaves an entry in flight without an owner: its outcome is unknown, and the backend is asked before anything is resent.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from contracts.delivery import Delivered, DeliveryState
from outbox.database import Database, Transaction
from outbox.entry import Cipher, Entry, NewEntry, Particulars, check_at, to_ms
from outbox.owner import owners_of
from outbox.stored import SQL, StoredEntries
from outbox.uptime import Uptime, uptime

Action = Literal["send", "find"]
PACKAGE: Final = "outbox"
"""Its tables, for `open_database`."""
_CLAIM: Final = {"find": "claim_unknown", "send": "claim_ready"}
_OTHER: Final[dict[Action, Action]] = {"find": "send", "send": "find"}


class Fenced(Exception):
    """Raised when a write-back comes from an attempt that is no longer the entry's current one."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one entry until its outcome is written."""

    entry: Entry
    action: Action


class Outbox(StoredEntries):
    """The store of entries. Thread-safe; several processes may share the file."""

    def __init__(
        self,
        database: Database,
        cipher: Cipher,
        clock: Callable[[], datetime],
        uptime: Callable[[], Uptime] = uptime,
    ) -> None:
        super().__init__(database, cipher)
        self.uptime = uptime
        self.owners = owners_of(database)
        self._clock = clock

    # --- accepting

    def enqueue(self, tx: Transaction, new: NewEntry) -> Entry:
        """Store an entry within the host's transaction; it is accepted when that commits.

        Raises:
            ConstraintViolated: the destination has this reference already.
        """
        document = new.document
        order_key = document.order_key or new.id
        tx.lock("key", new.destination, order_key)
        row = tx.execute(
            SQL["insert_entry"],
            {
                "id": new.id,
                "destination": new.destination,
                "contract": new.contract,
                "kind": document.kind,
                "client": new.client,
                "reference": new.reference,
                "order_key": order_key,
                "position": new.position,
                "rank": new.rank,
                "follows": document.follows,
                "continues": new.continues,
                "supersedes": new.supersedes,
                "fingerprint": document.fingerprint,
                "reported_at": to_ms(document.reported_at),
                "reported_offset_s": _offset_s(document.reported_at),
                "accepted_at": to_ms(self._clock()),
            },
        ).fetchone()
        particulars = Particulars(document.subject, document.slot, document.provenance)
        tx.execute(
            SQL["insert_payload"],
            {
                "entry_seq": row["seq"],
                "body": self._cipher.seal(document.body, f"{new.id}/body"),
                "sha256": hashlib.sha256(document.body).hexdigest(),
                "particulars": self._cipher.seal(particulars.dump(), f"{new.id}/particulars"),
            },
        )
        if new.request is not None:
            sealed = self._cipher.seal(new.request, f"{new.id}/request")
            tx.execute(SQL["insert_request"], {"entry_seq": row["seq"], "body": sealed})
        return Entry.of(row)

    # --- working

    def claim(self, destination: str, owner: str, first: Action = "find") -> Claim | None:
        """Take the next due entry and commit the intent; what `first` says comes first."""
        now = to_ms(self._clock())

        def take(tx: Transaction) -> Claim | None:
            for action in (first, _OTHER[first]):
                values = {"destination": destination, "owner": owner, "now": now}
                row = tx.execute(SQL[_CLAIM[action]], values).fetchone()
                if row is not None:
                    fence = {"entry_seq": row["seq"], "step": row["step"], "owner": owner}
                    tx.execute(SQL["insert_attempt"], {**fence, "action": action, "now": now})
                    return Claim(Entry.of(row), action)
            return None

        return self.database.write(take)

    def delivered(self, claim: Claim, answer: Delivered, evidence: str) -> None:
        """The backend has it; the key's next entry may go."""
        values = {
            "backend_id": answer.backend_id,
            "result": self.seal_result(claim.entry, answer.result),
            "attention": answer.attention,
            "check_at": check_at(self._clock(), answer.check_again_s),
        }
        with self.database.transaction() as tx:
            now = self._conclude(tx, claim, "to_delivered", "delivered", evidence, **values)
            promote(tx, claim.entry, now)

    def rejected(self, claim: Claim, reason: str) -> None:
        """The backend refused it for good."""
        self._end(claim, DeliveryState.REJECTED, reason)

    def not_found(self, claim: Claim, reason: str) -> None:
        """What it is about does not exist: given up, and the key's next entry may go."""
        with self.database.transaction() as tx:
            now = self._conclude(tx, claim, "to_not_found", "not found", reason, reason=reason)
            promote(tx, claim.entry, now)

    def parked(self, claim: Claim, reason: str) -> None:
        """The backend's record contradicts ours, or ours is damaged: a person must look."""
        self._end(claim, DeliveryState.PARKED, reason)

    def not_sent(self, claim: Claim, reason: str, delay_s: float) -> None:
        """Proof that nothing was executed: send again after the delay."""
        with self.database.transaction() as tx:
            self._conclude(
                tx,
                claim,
                "to_ready",
                "not sent",
                reason,
                failures=claim.entry.failures + 1,
                reason=reason,
                next_attempt_at=self._later(delay_s),
            )

    def unknown(self, claim: Claim, reason: str, delay_s: float) -> None:
        """No proof of what the backend did, or it could not be asked: ask after the delay."""
        with self.database.transaction() as tx:
            self._conclude(
                tx,
                claim,
                "to_unknown",
                "unknown" if claim.action == "send" else "not answered",
                reason,
                failures=claim.entry.failures + 1,
                reason=reason,
                next_attempt_at=self._later(delay_s),
            )

    def absent(self, claim: Claim, asked_at: Uptime, settle_s: float) -> None:
        """The backend does not have it; believed only if asked after the backend had settled, else asked again."""
        entry = claim.entry
        if entry.unknown_boot is None or entry.unknown_uptime is None:
            raise Fenced(entry.id)
        passed_ms = asked_at.since_ms(Uptime(entry.unknown_boot, entry.unknown_uptime))
        settled_s = 0.0 if passed_ms is None else passed_ms / 1000
        with self.database.transaction() as tx:
            if settled_s >= settle_s:
                reason = f"the backend has no record {settle_s:g} s after the attempt; sent again"
                values = {"failures": 0, "reason": reason, "next_attempt_at": self._later(0)}
                self._conclude(tx, claim, "to_ready", "absent", reason, **values)
            else:
                reason = "not in the backend yet; asked again when it has settled"
                self._conclude(
                    tx,
                    claim,
                    "to_unknown",
                    "absent, not settled",
                    reason,
                    failures=entry.failures,
                    reason=reason,
                    next_attempt_at=self._later(settle_s - settled_s + 0.001),
                    restamp=passed_ms is None,
                )

    def recover(self) -> int:
        """Turn what dead owners left behind into unknown outcomes; return how many entries that were."""
        recovered = 0
        for (owner,) in self.database.read(SQL["select_owners"]):
            if self.owners.is_alive(owner):
                continue
            with self.database.transaction() as tx:
                for row in tx.execute(SQL["select_owned"], {"owner": owner}).fetchall():
                    entry = Entry.of(row)
                    action: Action = "send" if entry.state is DeliveryState.IN_FLIGHT else "find"
                    reason = "the process ended during the attempt"
                    self._conclude(
                        tx,
                        Claim(entry, action),
                        "to_unknown",
                        "unknown",
                        reason,
                        failures=entry.failures,
                        reason=reason,
                        next_attempt_at=to_ms(self._clock()),
                    )
                    recovered += 1
            self.owners.forget(owner)
        return recovered

    # ---

    def _later(self, delay_s: float) -> int:
        return to_ms(self._clock() + timedelta(seconds=delay_s))

    def _end(self, claim: Claim, state: DeliveryState, reason: str) -> None:
        with self.database.transaction() as tx:
            self._conclude(tx, claim, "to_ended", state, reason, state=state, reason=reason)

    def _conclude(
        self, tx: Transaction, claim: Claim, transition: str, outcome: str, evidence: str, **values: Any
    ) -> int:
        entry = claim.entry
        now = to_ms(self._clock())
        fence = {"entry_seq": entry.seq, "owner": entry.owner, "step": entry.step, "now": now}
        up = self.uptime()
        if (
            tx.execute(
                SQL[transition], {"restamp": False, **values, **fence, "boot": up.boot, "uptime": up.ms}
            ).rowcount
            != 1
        ):
            raise Fenced(entry.id)
        ended = {**fence, "outcome": outcome, "evidence": evidence}
        tx.execute(SQL["insert_attempt_outcome"], ended)
        return now


def promote(tx: Transaction, entry: Entry, now: int) -> None:
    """Let the key's next entry go, now that this one has left."""
    tx.lock("key", entry.destination, entry.order_key)
    tx.execute(SQL["promote"], {"destination": entry.destination, "order_key": entry.order_key, "now": now})


def _offset_s(moment: datetime) -> int:
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("reported_at has no offset")
    return int(offset.total_seconds())
