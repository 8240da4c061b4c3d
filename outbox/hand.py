"""What an administrator does to entries, each a named function and one commit that also says who did it, and why.

Nothing here touches an entry that somebody works on, and what a function refuses it leaves as it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from pydantic import JsonValue

from outbox import superseding
from outbox.actions import Audit, account
from outbox.database import Database, Transaction
from outbox.endings import promote
from outbox.entry import Entry, to_ms
from outbox.reasons import Guard, as_it_is, storable
from outbox.selection import Selection
from outbox.statements import Statements
from outbox.stored import SQL as STORED_SQL
from outbox.superseding import Supersession
from outbox.uptime import Uptime, uptime

SQL: Final = Statements("outbox", "hand")
BATCH: Final = 200
"""Entries of one commit when there are many: a worker that wants to write waits for it."""


_Handle = Callable[[Transaction, Entry], Entry | None]


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of many, in entries; what was left out changed meanwhile, or may not be touched."""

    done: int
    left_out: int


class Chosen(Protocol):
    """What has been selected, in the order in which it is acted on; `StoredEntries` is the whole outbox."""

    def chosen(self, selection: Selection, limit: int, *, after: int = 0) -> list[Entry]:
        """Return at most so many selected entries with a higher `seq` than `after`; none when there are no more."""
        ...


class Hand:
    """Takes entries up again, gives them up, or says what became of them. Thread-safe, as the outbox is."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        actor: Callable[[], str] = account,
        uptime: Callable[[], Uptime] = uptime,
        guard: Guard = as_it_is,
    ) -> None:
        """Use an open database; `actor` tells who acts, `guard` takes out of a reason what must not be kept."""
        self._database = database
        self._clock = clock
        self._actor = actor
        self._uptime = uptime
        self._guard = guard

    def make_due(self, destination: str) -> None:
        """Make everything that waits for its next attempt due now."""
        values = {"destination": destination, "now": to_ms(self._clock())}
        self._database.write(lambda tx: tx.execute(SQL["make_due"], values))

    # --- one entry

    def retry(self, entry_id: str, reason: str = "", *, not_there: bool = False) -> Entry | None:
        """Take up again what is rejected, parked, unknown or put off; None if it is none of these.

        Args:
            entry_id: the entry. If it may be in the backend, that is asked first.
            reason: why.
            not_there: somebody has looked at the backend and knows that it is not there: it is sent, and not asked for.
        """
        audit = self.audit(reason)
        return self._one(entry_id, lambda tx, entry: _retry(tx, entry, audit, not_there=not_there))

    def discard(self, entry_id: str, reason: str, *, may_exist: bool = False) -> Entry | None:
        """Give an entry up, so that its key goes on; None if it is on its way or ended.

        Args:
            entry_id: the entry.
            reason: why.
            may_exist: an unknown one is given up as well, although the backend may have it.
        """
        audit = self.audit(reason)
        return self._one(entry_id, lambda tx, entry: _discard(tx, entry, audit, may_exist=may_exist))

    def resolve(self, entry_id: str, backend_id: str, reason: str) -> Entry | None:
        """Record an unknown, rejected or parked entry as delivered, as the record that somebody has found.

        None if it is in another state, or if another entry has brought that record.
        """
        audit = self.audit(reason)
        up = self._uptime()

        def resolve(tx: Transaction, entry: Entry) -> Entry | None:
            record = {"destination": entry.destination, "kind": entry.kind, "backend_id": backend_id}
            if tx.execute(STORED_SQL["select_landed"], record).fetchone() is not None:
                return None
            values = {"id": entry.id, "backend_id": backend_id, "now": audit.now, "boot": up.boot, "uptime": up.ms}
            row = tx.execute(SQL["resolve"], values).fetchone()
            if row is None:
                return None
            audit.write(tx, "resolve", entry.id, {"was": entry.state, "backend_id": backend_id})
            promote(tx, entry, audit.now)
            return Entry.of(row)

        return self._one(entry_id, resolve)

    def supersede(self, supersession: Supersession, reason: str) -> Entry:
        """Put an entry that was composed anew in the place of the old one; return the new one.

        Raises:
            Refused: saying why; nothing has changed.
        """
        audit = self.audit(reason)
        return self._database.write(lambda tx: superseding.supersede(tx, supersession, audit))

    # --- many entries

    def retry_all(
        self, entries: Chosen, selection: Selection, reason: str, report: Callable[[int], None] = lambda _: None
    ) -> Handled:
        """Take up again all that is selected, as `retry`; `report` is called with how many that have been so far."""
        audit = self.audit(reason)
        return self._each(entries, selection, report, lambda tx, entry: _retry(tx, entry, audit))

    def discard_all(
        self,
        entries: Chosen,
        selection: Selection,
        reason: str,
        report: Callable[[int], None] = lambda _: None,
        *,
        may_exist: bool = False,
    ) -> Handled:
        """Give up all that is selected, as `discard`; `report` is called with how many that have been so far."""
        audit = self.audit(reason)
        give_up = lambda tx, entry: _discard(tx, entry, audit, may_exist=may_exist)  # noqa: E731
        return self._each(entries, selection, report, give_up)

    def _each(self, entries: Chosen, selection: Selection, report: Callable[[int], None], handle: _Handle) -> Handled:
        done = left_out = after = 0
        while batch := entries.chosen(selection, BATCH, after=after):
            after = batch[-1].seq
            handled = self._database.write(lambda tx, batch=batch: _handle(tx, batch, handle))  # type: ignore[misc]
            done, left_out = done + handled, left_out + len(batch) - handled
            report(done)
        return Handled(done, left_out)

    # --- a destination

    def pause(self, destination: str, reason: str) -> None:
        """Hold a destination: nothing is sent to it or asked of it until it is resumed; accepting goes on."""
        audit = self.audit(reason)

        def pause(tx: Transaction) -> None:
            tx.lock("claim", destination)
            tx.execute(SQL["pause"], {"name": destination, "now": audit.now, "reason": audit.reason})
            audit.write(tx, "pause", None, {"destination": destination})

        self._database.write(pause)

    def resume(self, destination: str, reason: str) -> bool:
        """Let a destination go on; False if it was not paused."""
        audit = self.audit(reason)

        def resume(tx: Transaction) -> bool:
            tx.lock("claim", destination)
            if tx.execute(SQL["resume"], {"name": destination, "now": audit.now}).fetchone() is None:
                return False
            audit.write(tx, "resume", None, {"destination": destination})
            return True

        return self._database.write(resume)

    # ---

    def _one(self, entry_id: str, handle: _Handle) -> Entry | None:
        def one(tx: Transaction) -> Entry | None:
            row = tx.execute(STORED_SQL["select_entry"], {"id": entry_id}).fetchone()
            if row is None:
                return None
            tx.lock("key", row["destination"], row["order_key"])
            return handle(tx, _again(tx, Entry.of(row)))

        return self._database.write(one)

    def note(self, action: str, detail: Mapping[str, JsonValue], reason: str = "") -> None:
        """Write down what was done that is about no single entry, such as a drain."""
        audit = self.audit(reason)
        self._database.write(lambda tx: audit.write(tx, action, None, detail))

    def audit(self, reason: str) -> Audit:
        """Return what writes down an action of now, for whoever acts in a transaction of their own."""
        return Audit(self._actor(), storable(reason, self._guard), to_ms(self._clock()))


def _retry(tx: Transaction, entry: Entry, audit: Audit, *, not_there: bool = False) -> Entry | None:
    row = tx.execute(SQL["retry"], {"id": entry.id, "now": audit.now, "not_there": not_there}).fetchone()
    if row is None:
        return None
    audit.write(tx, "retry", entry.id, {"was": entry.state, "is": row["state"], "not_there": not_there})
    return Entry.of(row)


def _discard(tx: Transaction, entry: Entry, audit: Audit, *, may_exist: bool) -> Entry | None:
    values = {"id": entry.id, "reason": audit.reason, "now": audit.now, "may_exist": may_exist}
    row = tx.execute(SQL["discard"], values).fetchone()
    if row is None:
        return None
    audit.write(tx, "discard", entry.id, {"was": entry.state, "may_exist": may_exist})
    promote(tx, entry, audit.now)
    return Entry.of(row)


def _handle(tx: Transaction, batch: list[Entry], handle: _Handle) -> int:
    # Sorted, so that two who act on many at once do not wait for each other.
    for destination, order_key in sorted({(entry.destination, entry.order_key) for entry in batch}):
        tx.lock("key", destination, order_key)
    handled = 0
    for entry in batch:
        now = _again(tx, entry)
        # What is not any more as it was selected is left alone.
        if (now.state, now.error_group) == (entry.state, entry.error_group):
            handled += handle(tx, now) is not None
    return handled


def _again(tx: Transaction, entry: Entry) -> Entry:
    """Return an entry as it is, now that nobody else changes its key."""
    return Entry.of(tx.execute(STORED_SQL["select_entry"], {"id": entry.id}).fetchone())
