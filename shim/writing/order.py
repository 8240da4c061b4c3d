"""What must arrive before what: the order key of a document, and the entries that continue one."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from contracts.delivery import Document, FollowOn
from contracts.errors import NotFound, StateDamaged
from outbox.entry import Entry, NewEntry
from outbox.stored import PayloadDamaged, StoredEntries
from shim.admission.clients import Client
from shim.keys import Blind

LATER: Final = 1
"""Rank of what continues a document: its first part is what somebody waits for."""


@dataclass(frozen=True, slots=True)
class Order:
    """Gives documents the order key under which they wait for what must arrive before them."""

    entries: StoredEntries
    blind: Blind

    def of(self, document: Document, client: Client, system: str) -> Document:
        """Return the document with its order key.

        Raises:
            NotFound: what it follows, or is about, is not this person's.
            StateDamaged: whose that is cannot be told any more.
        """
        if document.follows is not None:
            parent = self.entries.get(document.follows)
            ours = parent is not None and parent.client == client.name and parent.destination == system
            if parent is None or not ours or parent.kind != document.follows_kind:
                raise NotFound("the delivery is not known")
            return self._behind(parent, document, "the delivery is not known")
        if document.about is not None:
            brought = self.entries.landed(system, document.about_kind, document.about)
            if brought is not None:
                return self._behind(brought, document, "the record is not known")
            return replace(document, order_key=self.blind("about", system, document.subject, document.about))
        if document.order_key is not None:
            return replace(document, order_key=self.blind("order", system, document.order_key))
        return document

    def _behind(self, earlier: Entry, document: Document, otherwise: str) -> Document:
        with damage_is_a_problem():
            subject = self.entries.subject(earlier)
        if subject != document.subject:
            raise NotFound(otherwise)
        return replace(document, order_key=earlier.order_key)


def continuation(first: NewEntry, follow_on: FollowOn) -> NewEntry:
    """Return the entry of what an entry's document could not hold: the same client, behind it under its order key.

    Raises:
        ValueError: the follow-on is about somebody or something else, or has follow-ons itself: an adapter's defect.
    """
    document, rest = first.document, follow_on.document
    if rest.subject != document.subject or rest.follow_ons:
        raise ValueError("a follow-on is about its document's person, and has none itself")
    if rest.about is not None:
        if rest.about != document.about or rest.slot is not None:
            raise ValueError("a follow-on is about its document's record, or about none, and then has no slot")
        follows = None
    else:
        follows = rest.follows or first.id
        if follows not in {document.follows, first.id}:
            raise ValueError("a follow-on follows its document, or what its document follows")
    rest = replace(rest, follows=follows, order_key=document.order_key or first.id)
    return NewEntry(
        id=new_delivery(),
        destination=first.destination,
        contract=follow_on.contract,
        client=first.client,
        reference=follow_on.reference,
        document=rest,
        continues=first.id,
        rank=LATER,
        traceparent=first.traceparent,
    )


def new_delivery() -> str:
    """Return the id of a new delivery; it cannot be guessed."""
    return f"dl_{secrets.token_hex(16)}"


@contextmanager
def damage_is_a_problem() -> Iterator[None]:
    """Turn what the state file has lost into a problem that names the delivery and asks for an administrator."""
    try:
        yield
    except PayloadDamaged as error:
        raise StateDamaged(f"{error}; look at it with `shim explain`") from error
