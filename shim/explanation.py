"""Why a document says what it says, and what became of it: from the state and its key alone.

An auditor asks a year later, when the backend and even the system's section of the configuration may be gone. Nothing
here holds a person's words: the provenance keeps none, and the document itself is only compared with its hash.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from contracts.delivery import DeliveryState, Source
from outbox.actions import Action
from outbox.entry import Attempt, Entry, Verification
from outbox.stored import PayloadDamaged, StoredEntries


@dataclass(frozen=True, slots=True)
class Payload:
    """The stored bytes against the hash of those that were validated.

    `damage` says what is wrong with them; `pruned_at` is when they were let go, as nobody needs them any more.
    """

    sha256: str | None
    bytes: int | None
    damage: str | None
    pruned_at: datetime | None = None

    @property
    def intact(self) -> bool | None:
        """Whether they are those that were validated; None if nobody can tell any more."""
        return None if self.pruned_at is not None else self.damage is None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one delivery.

    Attributes:
        entry: the delivery.
        sla: what the backend itself said of the SLA clock, newest; None if it said nothing.
        payload: whether the stored bytes are those that were validated.
        sources: one for each element of the document.
        attempts: in order.
        verifications: in order.
        behind: the delivery that must leave before this one may go.
        follow_ons: the deliveries of what the document could not hold.
        actions: what administrators did with it, in order.
    """

    entry: Entry
    sla: dict[str, JsonValue] | None
    payload: Payload
    sources: tuple[Source, ...]
    attempts: list[Attempt]
    verifications: list[Verification]
    behind: Entry | None
    follow_ons: list[Entry]
    actions: list[Action]

    def as_json(self) -> dict[str, Any]:
        """Return it as `shim explain --json` prints it; docs/explain.md describes the members."""
        entry = self.entry
        return {
            "delivery": entry.id,
            "system": entry.destination,
            "contract": entry.contract,
            "kind": entry.kind,
            "client": entry.client,
            "trace": entry.trace,
            "reference": entry.reference,
            "state": entry.state,
            "attention": entry.attention,
            "reason": entry.reason,
            "reported_at": entry.reported_at,
            "accepted_at": entry.accepted_at,
            "ended_at": entry.ended_at,
            "next_attempt_at": entry.next_attempt_at if moves(entry) else None,
            "check_at": entry.check_at,
            "sends": entry.sends,
            "backend_id": entry.backend_id,
            "sla": self.sla,
            "payload": {**asdict(self.payload), "intact": self.payload.intact},
            "attempts": [asdict(attempt) for attempt in self.attempts],
            "verifications": [asdict(verification) for verification in self.verifications],
            "follows": entry.follows,
            "continues": entry.continues,
            "supersedes": entry.supersedes,
            "superseded_by": entry.superseded_by,
            "behind": None if self.behind is None else _related(self.behind),
            "follow_ons": [_related(follow_on) for follow_on in self.follow_ons],
            "actions": [asdict(action) for action in self.actions],
            "sources": [asdict(source) for source in self.sources],
        }


def named(entries: StoredEntries, delivery_or_record: str, system: str | None) -> list[Entry]:
    """Return the entries that somebody may mean: by delivery, or the beginning of one, or by the record's number."""
    if delivery_or_record.startswith("dl_"):
        found = entries.starting_with(delivery_or_record)
        return [entry for entry in found if system in {None, entry.destination}]
    return entries.brought(delivery_or_record, system)


def explanation(entries: StoredEntries, entry: Entry) -> Explanation:
    """Return all that is known of a delivery."""
    payload, sources = _payload(entries, entry)
    return Explanation(
        entry=entry,
        sla=_sla(entries, entry),
        payload=payload,
        sources=sources,
        attempts=entries.attempts(entry),
        verifications=entries.verifications(entry),
        behind=entries.head(entry) if entry.state is DeliveryState.WAITING else None,
        follow_ons=entries.continuations(entry),
        actions=entries.actions(entry),
    )


def _payload(entries: StoredEntries, entry: Entry) -> tuple[Payload, tuple[Source, ...]]:
    sha256 = entries.sha256(entry)
    try:
        if (pruned := entries.pruned(entry)) is not None:
            return Payload(sha256, None, None, pruned.pruned_at), pruned.provenance
        stored = entries.payload(entry)
    except PayloadDamaged as error:
        return Payload(sha256, None, str(error)), ()
    return Payload(sha256, len(stored.body), None), stored.particulars.provenance


def moves(entry: Entry) -> bool:
    """Whether the entry has a next attempt."""
    return not entry.state.ended and entry.state is not DeliveryState.WAITING


def _sla(entries: StoredEntries, entry: Entry) -> dict[str, JsonValue] | None:
    try:
        sla = json.loads(entries.result(entry)).get("sla")
    except PayloadDamaged as error:
        return {"state": "damaged", "error": str(error)}
    return sla if isinstance(sla, dict) else None


def _related(entry: Entry) -> dict[str, Any]:
    members = ("id", "contract", "reference", "state", "attention", "reason", "backend_id")
    return {("delivery" if name == "id" else name): getattr(entry, name) for name in members}
