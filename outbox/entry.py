"""What the outbox stores and hands out, apart from how it stores it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from operator import itemgetter
from typing import Any, Final, Protocol

from pydantic import JsonValue

from contracts.delivery import DeliveryState, Document, Source
from contracts.errors import StateUnavailable
from outbox.database import Row

CHECK_AGAIN_MAX_S: Final = 3600.0
"""Longest time until the next look that an adapter can ask for."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_STATES: Final = {str(state): state for state in DeliveryState}


class KeyUnknown(StateUnavailable):
    """Raised when something was sealed with a key that is not at hand: nothing is damaged, and it may come back."""


class Cipher(Protocol):
    """Seals what is at rest; what was sealed under one context does not open under another."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt and authenticate."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt.

        Raises:
            ValueError: it was not sealed under this context, or was changed.
            KeyUnknown: the key that it says it was sealed with is not at hand.
        """
        ...


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What a host asks the outbox to deliver.

    Attributes:
        rank: 0 is sent before 1.
        continues: the entry whose document could not hold it all.
        request: what the client asked, to compose it anew with another schema or mapping.
        supersedes: the entry whose place this one takes, and `position` that place in its key's order.
        traceparent: W3C trace context of the request, which its attempts belong to.
    """

    id: str
    destination: str
    contract: str
    client: str
    reference: str
    document: Document
    continues: str | None = None
    rank: int = 0
    request: bytes | None = None
    supersedes: str | None = None
    position: int | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored entry, without its payload. Times are aware, in UTC, except reported_at, which keeps its offset."""

    seq: int
    id: str
    destination: str
    contract: str
    kind: str
    client: str
    reference: str
    order_key: str
    position: int
    rank: int
    follows: str | None
    continues: str | None
    supersedes: str | None
    superseded_by: str | None
    fingerprint: str | None
    state: DeliveryState
    reported_at: datetime
    accepted_at: datetime
    outage_ms: int
    next_attempt_at: datetime
    owner: str | None
    step: int
    sends: int
    tries: int
    failures: int
    unknown_since: datetime | None
    unknown_boot: str | None
    unknown_uptime: int | None
    backend_id: str | None
    result: bytes | None
    reason: str | None
    error_group: str | None
    not_found: bool
    ended_at: datetime | None
    attention: str | None
    check_at: datetime | None
    check_lease: datetime | None
    checks: int
    check_failures: int
    delivered_boot: str | None
    delivered_uptime: int | None
    traceparent: str | None

    @property
    def trace(self) -> str | None:
        """The trace id of its request, 32 hexadecimal digits; None if an earlier release accepted it."""
        return None if self.traceparent is None else self.traceparent[3:35]

    @classmethod
    def of(cls, row: Row) -> "Entry":
        """Read a row of the table `entry`, of which a claim and an acceptance make one each: so it is made fast."""
        values = list(_ordered(tuple(row.keys()))(tuple(row)))
        offset_s = values.pop()
        for at in _TIMES:
            if values[at] is not None:
                values[at] = from_ms(values[at])
        values[_REPORTED_AT] = values[_REPORTED_AT].astimezone(_zone(offset_s))
        values[_STATE] = _STATES[values[_STATE]]
        values[_NOT_FOUND] = bool(values[_NOT_FOUND])
        return cls(*values)


_COLUMNS: Final = tuple(field.name for field in fields(Entry))
_TIMES: Final = tuple(
    map(
        _COLUMNS.index,
        ("reported_at", "accepted_at", "next_attempt_at", "unknown_since", "ended_at", "check_at", "check_lease"),
    )
)
_REPORTED_AT, _STATE, _NOT_FOUND = map(_COLUMNS.index, ("reported_at", "state", "not_found"))


@cache
def _ordered(names: tuple[str, ...]) -> "itemgetter[tuple[Any, ...]]":
    """Bring a row's values into the order of an entry's members, the offset last; a row looks a name up slowly."""
    return itemgetter(*map(names.index, (*_COLUMNS, "reported_offset_s")))


@dataclass(frozen=True, slots=True)
class Particulars:
    """What an adapter said of its document beside the bytes; about a person, so it is stored sealed."""

    subject: str
    slot: bytes | None
    provenance: tuple[Source, ...]

    def dump(self) -> bytes:
        """Serialise."""
        slot = None if self.slot is None else self.slot.decode()
        sources = [asdict(source) for source in self.provenance]
        return dump_json({"subject": self.subject, "slot": slot, "provenance": sources})

    @classmethod
    def load(cls, stored: bytes) -> "Particulars":
        """Read what dump() wrote."""
        values = json.loads(stored.decode())  # bytes are searched for their encoding first
        slot = values["slot"]
        return cls(
            subject=values["subject"],
            slot=None if slot is None else slot.encode(),
            provenance=tuple(Source(**source) for source in values["provenance"]),
        )


@dataclass(frozen=True, slots=True)
class Payload:
    """The frozen bytes and what belongs to them."""

    body: bytes
    sha256: str
    particulars: Particulars


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: its intent, committed before it began, and its outcome, absent while it runs."""

    step: int
    action: str
    started_at: datetime
    outcome: str | None
    evidence: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verification:
    """What one look at a delivered record showed, or that somebody has seen what it showed.

    `outcome` is `ok`, `pending` (nothing wrong, and looked at again), `failed` (the look itself), `seen`, or the
    attention code.
    """

    n: int
    started_at: datetime
    ended_at: datetime
    outcome: str
    evidence: str


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many entries of a destination are in a state, and since when the oldest.

    Delivered ones that somebody should look at are counted apart, by their attention code.
    """

    destination: str
    state: DeliveryState
    attention: str | None
    entries: int
    oldest: datetime


@cache
def _zone(offset_s: int) -> timezone:
    return timezone(timedelta(seconds=offset_s))


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 in UTC, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The aware time in UTC."""
    return _EPOCH + timedelta(0, 0, 0, milliseconds)


def check_at(now: datetime, check_again_s: float | None) -> int | None:
    """When a delivered record is looked at again, in milliseconds since 1970; None for never."""
    if check_again_s is None:
        return None
    return to_ms(now + timedelta(seconds=min(max(check_again_s, 0.0), CHECK_AGAIN_MAX_S)))


def dump_json(value: Mapping[str, object] | Mapping[str, JsonValue]) -> bytes:
    """Serialise canonically: the same value gives the same bytes."""
    return _JSON.encode(value).encode()
