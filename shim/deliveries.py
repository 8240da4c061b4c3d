"""A client's own deliveries as they end, from where it has read up to: each ending once, in order, none left out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from contracts.catalogue import Contract
from contracts.delivery import Delivery, EndedDeliveries
from contracts.errors import NotFound, StateDamaged
from contracts.fields import Model
from outbox.ended import Ended, Place, ended_of, last_of
from outbox.entry import Entry
from outbox.store import Outbox
from shim.cursors import cursor_of, place_of
from shim.keys import Blind

NOW: Final = "now"
DAMAGED: Final = "state_damaged"

Told = Callable[[Entry, type[Model]], Delivery]
"""Tells where an entry is, in a reply model: `Durable.told`."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Reads a client's ended deliveries."""

    outbox: Outbox
    blind: Blind
    contract_of: Callable[[Entry], Contract]
    told: Told

    def page(self, client: str, since: str | None, limit: int) -> EndedDeliveries:
        """Return what has ended behind a cursor.

        Args:
            client: whose.
            since: a cursor of this client; None for the oldest; `now` for none of what has ended so far.
            limit: most deliveries.

        Raises:
            MalformedRequest: the cursor is not this client's.
            StateUnavailable: the state cannot be read.
        """
        if since == NOW:
            return self._page(client, [], last_of(self.outbox.database, client), more=False)
        after = Place() if since is None else place_of(since, client, self.blind)
        found = ended_of(self.outbox.database, client, after, limit + 1)
        ended = found[:limit]
        return self._page(client, ended, ended[-1].place if ended else after, more=len(found) > limit)

    def _page(self, client: str, ended: list[Ended], last: Place, *, more: bool) -> EndedDeliveries:
        told = [self._told(self._current(one.entry)) for one in ended]
        return EndedDeliveries(deliveries=told, next=cursor_of(last, client, self.blind), more=more)

    def _current(self, entry: Entry) -> Entry:
        """Return the entry, or what was composed anew in its place."""
        return entry if entry.superseded_by is None else self.outbox.current(entry.id) or entry

    def _told(self, entry: Entry) -> Delivery:
        """Tell where an entry is. What cannot be told in full is told in part, or it would hold up all that follows."""
        try:
            model: type[Model] = self.contract_of(entry).reply
        except NotFound:  # its system is not configured any more
            model, entry = Delivery, replace(entry, result=None)
        try:
            return self.told(entry, model)
        except StateDamaged:
            return self.told(replace(entry, result=None, attention=DAMAGED), model)
