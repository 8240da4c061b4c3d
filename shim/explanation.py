"""Why a document says what it says, and what became of it: from the state and its key alone.

An auditor asks a year later, when the backend and even the system's section of the configuration may be gone. Nothing
here holds a person's words: the provenance keeps none, and the document itself is only compared with its hash.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import JsonValue

from contracts.delivery import DeliveryState, Source
from outbox.entry import Attempt, Entry, Verification
from outbox.stored import PayloadDamaged, StoredEntries


@dataclass(frozen=True, slots=True)
class Payload:
    """The stored bytes against the hash of those that were validated; `damage` says what is wrong with them."""

    sha256: str | None
    bytes: int | None
    damage: str | None


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
    """

    entry: Entry
    sla: dict[str, JsonValue] | None
    payload: Payload
    sources: tuple[Source, ...]
    attempts: list[Attempt]
    verifications: list[Verification]
    behind: Entry | None
    follow_ons: list[Entry]

    def as_json(self) -> dict[str, Any]:
        """Return it as `shim explain --json` prints it; docs/explain.md describes the members."""
        entry = self.entry
        return {
            "delivery": entry.id,
            "system": entry.destination,
            "contract": entry.contract,
            "kind": entry.kind,
            "client": entry.client,
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
            "payload": {**asdict(self.payload), "intact": self.payload.damage is None},
            "attempts": [asdict(attempt) for attempt in self.attempts],
            "verifications": [asdict(verification) for verification in self.verifications],
            "follows": entry.follows,
            "continues": entry.continues,
            "behind": None if self.behind is None else _related(self.behind),
            "follow_ons": [_related(follow_on) for follow_on in self.follow_ons],
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
    sources: tuple[Source, ...] = ()
    size = damage = None
    try:
        payload = entries.payload(entry)
        sources, size = payload.particulars.provenance, len(payload.body)
    except PayloadDamaged as error:
        damage = str(error)
    return Explanation(
        entry=entry,
        sla=_sla(entries, entry),
        payload=Payload(entries.sha256(entry), size, damage),
        sources=sources,
        attempts=entries.attempts(entry),
        verifications=entries.verifications(entry),
        behind=entries.head(entry) if entry.state is DeliveryState.WAITING else None,
        follow_ons=entries.continuations(entry),
    )


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
