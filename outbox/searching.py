"""Entries by a name that somebody has of them: by an index, or among the newest, so that history costs nothing."""

import sys
from collections.abc import Iterable
from typing import Any, Final

from contracts.delivery import DeliveryState
from outbox.database import Database
from outbox.entry import Entry
from outbox.statements import Statements
from outbox.stored import LOOKING_SQL

SQL: Final = Statements("outbox", "searching")
NEWEST: Final = 10_000
"""Entries that are looked at one by one, for what has no index."""


class Search:
    """Finds at most `limit` entries each time. Thread-safe."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit

    def beginning(self, prefix: str) -> list[Entry]:
        """Return the entries whose id starts so, by id."""
        values = {"prefix": prefix, "beyond": f"{prefix}{chr(sys.maxunicode)}", "limit": self._limit}
        return [Entry.of(row) for row in self._database.read(LOOKING_SQL["select_candidates"], **values)]

    def referenced(self, destinations: Iterable[str], reference: str) -> list[Entry]:
        """Return the entry that a backend knows by this reference: of two, the one that was composed anew."""
        return [
            entry
            for name in destinations
            for entry in self._found("of_reference", destination=name, reference=reference)
        ]

    def numbered(self, destinations: Iterable[str], backend_id: str) -> list[Entry]:
        """Return what brought a backend's record, the newest first."""
        return [
            entry
            for name in destinations
            for entry in self._found("of_number", destination=name, backend_id=backend_id, limit=self._limit)
        ][: self._limit]

    def of_client(self, client: str) -> list[Entry]:
        """Return a client's entries, the newest first: all that have ended, and of the others those of late."""
        of_late = self._found("newest_of_client", client=client, newest=NEWEST, limit=self._limit)
        ended = self._found("ended_of_client", client=client, limit=self._limit)
        by_seq = {entry.seq: entry for entry in (*of_late, *ended)}
        return [by_seq[seq] for seq in sorted(by_seq, reverse=True)][: self._limit]

    def traced(self, trace: str) -> list[Entry]:
        """Return entries of late that a request of this trace has brought, the newest first."""
        return self._found("newest_of_trace", trace=trace, newest=NEWEST, limit=self._limit)

    def ended(self, destinations: Iterable[str], state: DeliveryState) -> list[Entry]:
        """Return delivered or discarded entries of late, the newest first."""
        found = [
            entry
            for name in destinations
            for entry in self._found(
                "newest_ended", destination=name, state=state.value, newest=NEWEST, limit=self._limit
            )
        ]
        return sorted(found, key=lambda entry: -entry.seq)[: self._limit]

    def _found(self, statement: str, **values: Any) -> list[Entry]:
        return [Entry.of(row) for row in self._database.read(SQL[statement], **values)]
