"""An entry that is composed anew takes the place of the old one: same reference, same report time, same turn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from contracts.delivery import DeliveryState
from outbox.actions import Audit
from outbox.database import Transaction
from outbox.entry import Entry, NewEntry, to_ms
from outbox.statements import Statements
from outbox.stored import SQL as STORED_SQL

SQL: Final = Statements("outbox", "superseding")
_NOT_LEFT: Final = frozenset(
    {DeliveryState.READY, DeliveryState.WAITING, DeliveryState.REJECTED, DeliveryState.PARKED, DeliveryState.DISCARDED}
)


class Refused(Exception):
    """Raised when an entry cannot be superseded; says why."""


class Enqueue(Protocol):
    """What stores a new entry: `Outbox.enqueue`."""

    def __call__(self, tx: Transaction, entry: NewEntry, /) -> Entry:
        """Store it within the transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Supersession:
    """What takes the place of what.

    Attributes:
        old: as it was when the new one was composed.
        new: composed anew from the same request; its id is a new one.
        parts: what its document cannot hold, in order; each continues `new`.
        enqueue: stores them.
        not_there: somebody has looked and knows that the backend has neither an unknown one nor its parts.
    """

    old: Entry
    new: NewEntry
    parts: Sequence[NewEntry]
    enqueue: Enqueue
    not_there: bool = False


def check(old: Entry, *, not_there: bool) -> None:
    """Raise Refused unless the entry may be superseded as it is."""
    if old.superseded_by is not None:
        raise Refused(f"{old.id} is superseded by {old.superseded_by} already")
    if old.unknown_since is not None and not not_there:
        raise Refused(f"the backend may have {old.id}; if you have looked and it does not: --not-there")
    if old.state is DeliveryState.UNKNOWN and old.owner is None:
        return
    if old.state not in _NOT_LEFT - {DeliveryState.DISCARDED} or old.owner is not None:
        raise Refused(f"{old.id} is {old.state}; only what has not left and is not on its way can be composed anew")


def supersede(tx: Transaction, wanted: Supersession, audit: Audit) -> Entry:
    """Discard the old one, and put the new one and its parts in its place.

    Raises:
        Refused: nothing is to be changed.
    """
    new = wanted.new
    tx.lock("key", wanted.old.destination, wanted.old.order_key)
    old = Entry.of(tx.execute(STORED_SQL["select_entry"], {"id": wanted.old.id}).fetchone())
    check(old, not_there=wanted.not_there)
    _check_same(old, new)
    _discard(tx, old, new.id, wanted, audit)
    parts = [Entry.of(row) for row in tx.execute(SQL["select_parts"], {"id": old.id}).fetchall()]
    by_reference = {part.reference: part.id for part in wanted.parts}
    for was in parts:
        _discard(tx, was, by_reference.get(was.reference, new.id), wanted, audit)
    stored = wanted.enqueue(tx, replace(new, position=old.position, rank=old.rank, supersedes=old.id))
    audit.write(tx, "supersede", stored.id, {"supersedes": old.id, "parts": len(wanted.parts)})
    ids = {was.reference: was.id for was in parts}
    for part, position in zip(wanted.parts, _positions(tx, old, parts, len(wanted.parts)), strict=True):
        wanted.enqueue(tx, replace(part, position=position, supersedes=ids.get(part.reference)))
    return stored


def _check_same(old: Entry, new: NewEntry) -> None:
    document = new.document
    pairs = {
        "destination": (old.destination, new.destination),
        "contract": (old.contract, new.contract),
        "client": (old.client, new.client),
        "reference": (old.reference, new.reference),
        "report time": (_told(old.reported_at), _told(document.reported_at)),
        "kind": (old.kind, document.kind),
        "order key": (old.order_key, document.order_key),
        "what it follows": (old.follows, document.follows),
        "what it continues": (old.continues, new.continues),
    }
    if differs := [name for name, (was, would_be) in pairs.items() if was != would_be]:
        raise Refused(f"{old.id} composed anew would differ in {', '.join(differs)}")


def _told(moment: datetime) -> tuple[int, timedelta | None]:
    """A time as it is stored: what is smaller than a millisecond is nobody's report time."""
    return to_ms(moment), moment.utcoffset()


def _discard(tx: Transaction, entry: Entry, by: str, wanted: Supersession, audit: Audit) -> None:
    values = {
        "id": entry.id,
        "by": by,
        "not_there": wanted.not_there,
        "now": audit.now,
        "reason": f"superseded by {by}",
    }
    row = tx.execute(SQL["supersede"], values).fetchone()
    if row is None:
        raise Refused(f"{entry.id}, a part of it, is {entry.state}; look at it first: shim outbox show {entry.id}")
    audit.write(tx, "supersede", entry.id, {"was": entry.state, "by": by})


def _positions(tx: Transaction, old: Entry, old_parts: list[Entry], parts: int) -> list[int]:
    """Return where the new parts go: where the old ones were, and what there are more of right after those.

    The place of one that had been given up may be another's by now.
    """
    kept = [part.position for part in old_parts if part.state is not DeliveryState.DISCARDED][:parts]
    more = parts - len(kept)
    last = max([old.position, *kept])
    behind = {"destination": old.destination, "order_key": old.order_key, "position": last}
    (follower,) = tx.execute(SQL["next_position"], behind).fetchone()
    if follower is not None and last + more >= follower:
        raise Refused(f"{old.id} would need {more} more parts than there is room for before what comes after it")
    return [*kept, *range(last + 1, last + 1 + more)]
