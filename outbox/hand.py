"""What an administrator does to entries, each a named function and one commit."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from outbox.database import Database
from outbox.entry import Entry, to_ms
from outbox.statements import Statements
from outbox.store import promote

SQL: Final = Statements("outbox", "hand")


class Hand:
    """Takes entries up again, or gives them up. Thread-safe, as the outbox is."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def make_due(self, destination: str) -> None:
        """Make everything that waits for its next attempt due now."""
        with self._database.transaction() as tx:
            tx.execute(SQL["make_due"], {"destination": destination, "now": to_ms(self._clock())})

    def retry(self, entry_id: str, *, not_there: bool = False) -> Entry | None:
        """Take up a rejected or parked entry again; None if it is neither.

        Args:
            entry_id: the entry.
            not_there: somebody has looked at the backend and knows that it is not there: it is sent, and not asked for.
        """
        values = {"id": entry_id, "now": to_ms(self._clock()), "not_there": not_there}
        with self._database.transaction() as tx:
            row = tx.execute(SQL["retry"], values).fetchone()
        return None if row is None else Entry.of(row)

    def discard(self, entry_id: str, reason: str) -> Entry | None:
        """Give an entry up, so that its key goes on; None if it is on its way, unknown or ended."""
        now = to_ms(self._clock())
        with self._database.transaction() as tx:
            row = tx.execute(SQL["discard"], {"id": entry_id, "reason": reason, "now": now}).fetchone()
            if row is None:
                return None
            entry = Entry.of(row)
            promote(tx, entry, now)
        return entry
