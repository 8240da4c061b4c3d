"""What somebody who is signed in does to entries, and looks at: each in the audit, under the rules of the commands."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from contracts.catalogue import Contract
from contracts.delivery import DeliveryState
from contracts.errors import ContractError, StateUnavailable
from outbox.entry import Entry
from outbox.hand import Hand, Handled
from outbox.overview import groups
from outbox.selection import Selection
from outbox.stored import StoredEntries
from shim import handling
from shim.admin.sessions import Session
from shim.audit.accesses import DEFECT, OK, Access
from shim.audit.events import Event, new_access
from shim.audit.log import AuditLog
from shim.audit.rows import LONGEST
from shim.audit.subjects import Subjects
from shim.root import masked
from shim.systems import System

RETRY: Final = "admin retry"
DISCARD: Final = "admin discard"
LOOK: Final = "admin look"
SEARCH: Final = "admin search"
FIRST: Final = 50
"""Entries of a group that a page lists; the others are as those are."""
OTHER: Final = "the group has changed since it was shown, so nothing was done: look at it again"
SENT_SINCE: Final = "it has been sent since it was shown, so it may be there by now: look again"
CONSENT: Final = "tick the box"
REFUSED: Final = "refused"
_SEEN: Final = 32


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it.

    Attributes:
        changed: entries that were taken up again, or given up.
        left_out: entries that changed meanwhile, and were left as they are.
        refusal: why nothing was done, in a sentence; None if it was.
    """

    changed: int
    left_out: int = 0
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A group as a page shows it.

    Attributes:
        entries: the first of those that failed for the cause and have not left, in order.
        total: how many there are.
        seen: what a confirmation carries in its field `seen`: if the group is another by then, nothing is done.
    """

    entries: tuple[Entry, ...]
    total: int
    seen: str


@dataclass(frozen=True, slots=True)
class _OnlyThese:
    """Of what is selected, the entries that were shown, in the state in which they were."""

    entries: StoredEntries
    places: Mapping[int, DeliveryState]

    def chosen(self, selection: Selection, limit: int, *, after: int = 0) -> list[Entry]:
        """Return at most so many of them; none when there are no more."""
        while found := self.entries.chosen(selection, limit, after=after):
            after = found[-1].seq
            if these := [entry for entry in found if self.places.get(entry.seq) == entry.state]:
                return these
        return []


@dataclass(frozen=True, slots=True)
class _Group:
    """A group that somebody acts on: which, what of it, and as what it was shown."""

    system: str
    code: str
    states: frozenset[DeliveryState]
    seen: str


_Cannot = Callable[[Entry], str | None]
_Act = Callable[[Entry], Entry | None]
_ActOnGroup = Callable[[_OnlyThese, Selection], Handled]


class Acting:
    """Acts for whoever is signed in. Thread-safe.

    Its methods raise StateUnavailable when the state cannot be written: then nothing was done or shown.
    """

    def __init__(
        self,
        entries: StoredEntries,
        audit: AuditLog,
        subjects: Subjects,
        systems: Mapping[str, System],
        clock: Callable[[], datetime],
    ) -> None:
        self._entries = entries
        self._audit = audit
        self._subjects = subjects
        self._systems = systems
        self._clock = clock

    # --- looking

    def group(self, system: str, code: str) -> Shown | None:
        """Return what failed for the cause that a code names; None if nothing does (any more)."""
        selection = self._selection(system, code)
        if selection is None:
            return None
        places = self._entries.places(selection)
        first = self._entries.chosen(selection, FIRST)
        return Shown(tuple(first), len(places), _seen(places)) if places else None

    def looked(self, session: Session, entry: Entry) -> None:
        """Write down that an entry is shown; call it before anything of it is told."""
        access = self._access(session, LOOK, delivery=entry.id)
        access.concerns(entry.destination, entry.contract)
        if (contract := self._contract(entry)) is not None:
            access.about_person_of(self._entries, entry, contract)
        access.end()

    def searched(self, session: Session, found: Sequence[Entry]) -> None:
        """Write down that a search showed these entries; call it before they are told. What was typed is not told."""
        self._access(session, SEARCH, deliveries=[entry.id for entry in found]).end()

    # --- one

    def retry(
        self, session: Session, entry_id: str, reason: str, *, not_there: bool = False, sends: int | None = None
    ) -> Done:
        """Take up one entry again.

        Args:
            session: who does it.
            entry_id: the entry.
            reason: why.
            not_there: somebody has looked, so the backend is not asked for it.
            sends: how often it had been sent when it was shown; who has looked knows nothing of a later one.
        """

        def cannot(entry: Entry) -> str | None:
            if not_there and entry.sends != sends:
                return SENT_SINCE
            return handling.cannot_retry(self._entries, entry)

        return self._one(
            self._access(session, RETRY, reason, delivery=entry_id, not_there=not_there),
            entry_id,
            reason,
            cannot,
            lambda entry: self._hand(session).retry(entry.id, reason, not_there=not_there),
        )

    def discard(self, session: Session, entry_id: str, reason: str, *, may_exist: bool = False) -> Done:
        """Give up one entry; `may_exist`: also one that the backend may have."""
        return self._one(
            self._access(session, DISCARD, reason, delivery=entry_id, may_exist=may_exist),
            entry_id,
            reason,
            lambda entry: handling.cannot_discard(entry, may_exist=may_exist, consent=CONSENT),
            lambda entry: self._hand(session).discard(entry.id, reason, may_exist=may_exist),
        )

    def _one(self, access: Access, entry_id: str, reason: str, cannot: _Cannot, act: _Act) -> Done:
        if (unfit := _unfit(reason)) is not None:
            return Done(0, 0, unfit)
        entry = self._entries.get(entry_id)
        if entry is None:
            return Done(0, 0, "there is no such delivery")
        access.concerns(entry.destination, entry.contract)
        with _told(access):
            refusal = cannot(entry)
            if refusal is None:
                refusal = None if act(entry) is not None else handling.CHANGED
            access.end(OK if refusal is None else REFUSED, done=int(refusal is None))
        return Done(int(refusal is None), 0, refusal)

    # --- a group

    def retry_group(self, session: Session, system: str, code: str, seen: str, reason: str) -> Done:
        """Take up again all of a group, as it was shown."""
        access = self._access(session, RETRY, reason, group=code)

        def act(these: _OnlyThese, selection: Selection) -> Handled:
            return self._hand(session).retry_all(these, selection, reason)

        return self._group(access, _Group(system, code, handling.RETRIED_OF_GROUP, seen), reason, act)

    def discard_group(self, session: Session, system: str, code: str, seen: str, reason: str) -> Done:
        """Give up what is stuck of a group, as it was shown; never what the backend may have."""
        access = self._access(session, DISCARD, reason, group=code)

        def act(these: _OnlyThese, selection: Selection) -> Handled:
            return self._hand(session).discard_all(these, selection, reason)

        return self._group(access, _Group(system, code, handling.DISCARDED_OF_GROUP, seen), reason, act)

    def _group(self, access: Access, group: _Group, reason: str, act: _ActOnGroup) -> Done:
        if (unfit := _unfit(reason)) is not None:
            return Done(0, 0, unfit)
        access.concerns(group.system, None)
        with _told(access):
            whole = self._selection(group.system, group.code)
            places = {} if whole is None else self._entries.places(whole)
            if whole is None or not hmac.compare_digest(_seen(places).encode(), group.seen.encode()):
                access.end(REFUSED, done=0)
                return Done(0, 0, OTHER)
            handled = act(_OnlyThese(self._entries, places), replace(whole, states=group.states))
            access.end(OK, done=handled.done, left_out=handled.left_out)
        return Done(handled.done, handled.left_out)

    # ---

    def _selection(self, system: str, code: str) -> Selection | None:
        """Return the whole group that a code names; None if there is none."""
        causes = {group.cause for group in groups(self._entries.database, system) if group.code == code}
        if len(causes) != 1:
            return None
        return Selection(system, handling.RETRIED_OF_GROUP, cause=causes.pop())

    def _hand(self, session: Session) -> Hand:
        return Hand(self._entries.database, self._clock, lambda: session.actor, guard=masked)

    def _access(self, session: Session, action: str, reason: str | None = None, **detail: JsonValue) -> Access:
        asked = Event(
            action=action,
            phase="intent",
            access=new_access(),
            actor=session.actor,
            purpose=None if reason is None else masked(reason)[:LONGEST],
            correlation=session.correlation,
            detail={"session": session.id, **detail},
        )
        access = Access(self._audit, self._subjects, asked)
        access.note(**asked.detail)
        return access

    def _contract(self, entry: Entry) -> Contract | None:
        system = self._systems.get(entry.destination)
        rows = () if system is None else system.contracts
        return next((row for row in rows if row.name == entry.contract), None)


@contextmanager
def _told(access: Access) -> Iterator[None]:
    """Write the intent before the block, and an outcome if it raises; the block writes its own."""
    access.begin()
    try:
        yield
    except Exception as error:
        slug = error.slug if isinstance(error, ContractError) else DEFECT
        with suppress(StateUnavailable):
            access.end(slug)
        raise


def _unfit(reason: str) -> str | None:
    """Return why a reason cannot be kept; None if it can."""
    if not reason.strip():
        return f"the reason {handling.EMPTY}"
    return handling.NUMBER if handling.is_unfit(reason) else None


def _seen(places: Mapping[int, DeliveryState]) -> str:
    """Return what tells one group from another: which entries are in it, each in its state."""
    told = " ".join(f"{seq}:{state}" for seq, state in sorted(places.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:_SEEN]
