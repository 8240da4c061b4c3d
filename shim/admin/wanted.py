"""What somebody searches for: which kind of name a text is, and what goes by it. Nothing here scans the history."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from contracts.delivery import DeliveryState
from outbox.entry import Entry
from outbox.searching import NEWEST, Search
from outbox.selection import LEFT, OPEN, Selection
from outbox.stored import StoredEntries
from shim.admission.clients import Clients

MOST: Final = 50
"""Entries that a search shows."""
LONGEST: Final = 200
"""Characters of what is searched for."""
_OF_LATE: Final = f"among the newest {NEWEST:,} deliveries"
_TRACE: Final = re.compile(r"(?:00-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?")
_STATES: Final = {str(state): state for state in DeliveryState} | {"in flight": DeliveryState.IN_FLIGHT}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found.

    Attributes:
        understood: as what the text was taken, in words of ours alone.
        entries: at most `MOST`.
        more: whether there are more than those.
    """

    understood: str
    entries: tuple[Entry, ...]
    more: bool


class Wanted:
    """Searches for deliveries. Thread-safe."""

    def __init__(self, entries: StoredEntries, clients: Clients, systems: Collection[str]) -> None:
        self._entries = entries
        self._clients = clients
        self._systems = systems
        self._search = Search(entries.database, MOST + 1)

    def find(self, text: str) -> Found:
        """Return what goes by a name.

        Raises:
            StateUnavailable: the state cannot be read.
        """
        wanted = " ".join(text[:LONGEST].split())
        understood, entries = self._found(wanted) if wanted else ("nothing", [])
        return Found(understood, tuple(entries[:MOST]), len(entries) > MOST)

    def _found(self, wanted: str) -> tuple[str, list[Entry]]:
        if wanted.startswith("dl_"):
            return "the beginning of a delivery's id", self._search.beginning(wanted)
        if (trace := _TRACE.fullmatch(wanted.lower())) is not None:
            return f"a trace id, {_OF_LATE}", self._search.traced(trace[1])
        return self._chosen(wanted.lower()) or self._named(wanted)

    def _named(self, wanted: str) -> tuple[str, list[Entry]]:
        if referenced := self._search.referenced(self._systems, wanted):
            return "an external reference", referenced
        if numbered := self._search.numbered(self._systems, wanted):
            return "a number in the backend", numbered
        if wanted in {row.name for row in self._clients.rows()}:
            return f"a client: all that has ended, and what is under way {_OF_LATE}", self._search.of_client(wanted)
        return "a reference, a number in the backend, or a client", []

    def _chosen(self, wanted: str) -> tuple[str, list[Entry]] | None:
        """Take it as a system, a state, or both; None if it is neither."""
        names = [name for name in self._systems if wanted == name.lower() or wanted.startswith(f"{name.lower()} ")]
        system = max(names, key=len, default=None)
        rest = wanted if system is None else wanted[len(system) :].strip()
        state = _STATES.get(rest)
        if rest and state is None:
            return None
        if state in LEFT:
            systems = self._systems if system is None else [system]
            return f"{state}, {_OF_LATE}", self._search.ended(systems, state)
        states = OPEN if state is None else frozenset({state})
        understood = "a system: what has not left" if state is None else f"{state}, the oldest first"
        return understood, self._entries.chosen(Selection(system, states), MOST + 1)
