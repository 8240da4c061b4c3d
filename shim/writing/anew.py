"""Composes a stored entry anew from what the client asked, with today's mapping and schemas.

It is a document of its own that was validated like any other: nothing repairs the old one. What must not change is
compared, and a difference refuses the whole.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from contracts.catalogue import Contract
from contracts.delivery import DeliveryState, Source
from contracts.desks import Call
from contracts.errors import ContractError
from outbox.entry import Entry, NewEntry
from outbox.store import Outbox
from outbox.stored import PayloadDamaged
from outbox.superseding import Refused, Supersession, check
from shim.systems import System
from shim.writing.order import continuation, new_delivery


@dataclass(frozen=True, slots=True)
class Change:
    """An element of the document whose value is another one now; None where there is none, or a person's words."""

    element: str
    was: str | None
    becomes: str | None


@dataclass(frozen=True, slots=True)
class Composed:
    """An entry composed anew, and what differs; `changes` is None when the old document cannot be read."""

    supersession: Supersession
    changes: tuple[Change, ...] | None


def compose(outbox: Outbox, systems: Mapping[str, System], old: Entry, *, not_there: bool = False) -> Composed:
    """Compose an entry anew; nothing is stored yet.

    Args:
        outbox: where it is.
        systems: which compose.
        old: the entry.
        not_there: somebody has looked, and the backend has neither it nor its parts.

    Raises:
        Refused: saying why it cannot be superseded.
    """
    check(old, not_there=not_there)
    first = _first(outbox, old)
    new = _anew(outbox, systems, first)
    parts = tuple(continuation(new, follow_on) for follow_on in new.document.follow_ons)
    if first.id != old.id:
        new, parts = _part(outbox, old, first, new, parts), ()
    changes = _compared(outbox, old, new)
    return Composed(Supersession(old, new, parts, outbox.enqueue, not_there), changes)


def _first(outbox: Outbox, old: Entry) -> Entry:
    """Return the entry whose request is stored: of a part that is the one which it continues."""
    if old.continues is None:
        return old
    first = outbox.current(old.continues)
    if first is None or first.state is not DeliveryState.DELIVERED:
        raise Refused(f"{old.id} is a part of {old.continues}; supersede that one, and its parts come with it")
    return first


def _anew(outbox: Outbox, systems: Mapping[str, System], first: Entry) -> NewEntry:
    """Return what the client asked as it would be accepted today, but for its identity and its turn."""
    try:
        stored = outbox.request(first)
    except PayloadDamaged as error:
        raise Refused(str(error)) from error
    if stored is None:
        raise Refused(f"of {first.id} no request is kept: it is of an earlier release, or was pruned")
    system, contract = _contract(systems, first)
    asked = json.loads(stored)
    try:
        request = contract.request.model_validate(asked["request"])
        call = Call(first.reference, first.client, asked["staff"])
        document = system.method(contract)(request, call)
    except ContractError as error:
        raise Refused(f"{first.id} cannot be composed today: {error.detail}") from error
    return NewEntry(
        id=new_delivery(),
        destination=first.destination,
        contract=first.contract,
        client=first.client,
        reference=first.reference,
        document=replace(document, order_key=first.order_key),
        rank=first.rank,
        request=stored,
        traceparent=first.traceparent,
    )


def _contract(systems: Mapping[str, System], first: Entry) -> tuple[System, Contract]:
    system = systems.get(first.destination)
    rows = () if system is None else system.contracts
    contract = next((row for row in rows if row.name == first.contract), None)
    if system is None or contract is None:
        raise Refused(f"{first.destination} does not take {first.contract} any more")
    return system, contract


def _part(outbox: Outbox, old: Entry, first: Entry, anew: NewEntry, parts: tuple[NewEntry, ...]) -> NewEntry:
    """Return the part, if it continues today exactly where the delivered document ends."""
    payload = outbox.payload(first)
    part = next((part for part in parts if part.reference == old.reference), None)
    if part is None or payload.body != anew.document.body:
        raise Refused(
            f"{first.id}, which {old.id} continues, was delivered in another form than it would have today, so nobody "
            "can tell where the part would begin; enter the rest by hand, and then resolve or discard this"
        )
    follows = first.id if part.document.follows == anew.id else part.document.follows
    return replace(part, continues=first.id, document=replace(part.document, follows=follows))


def _compared(outbox: Outbox, old: Entry, new: NewEntry) -> tuple[Change, ...] | None:
    try:
        was = outbox.payload(old).particulars
    except PayloadDamaged:
        return None
    if was.subject != new.document.subject:
        raise Refused(f"{old.id} composed anew would be about somebody else")
    return tuple(_changes(was.provenance, new.document.provenance))


def _changes(was: tuple[Source, ...], becomes: tuple[Source, ...]) -> Iterator[Change]:
    old, new = ({source.element: source.value for source in sources} for sources in (was, becomes))
    for element in dict.fromkeys([*old, *new]):
        if (element in old, old.get(element)) != (element in new, new.get(element)):
            yield Change(element, old.get(element), new.get(element))
