"""The store of entries: accepting, claiming, ending, recovering, each one commit.

The intent to send is committed before the first byte leaves and the outcome after the answer, so a crash in between
leaves an entry in flight without an owner: its outcome is unknown, and the backend is asked before anything is resent.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.delivery import DeliveryState
from outbox import schema
from outbox.alerts import Alert
from outbox.claims import Action, Claim, Wanted, take
from outbox.database import Database, Transaction
from outbox.destinations import GATE, Breaker, Gate
from outbox.destinations import SQL as DESTINATION_SQL
from outbox.endings import Ending, Endings
from outbox.entry import Cipher, Entry, NewEntry, Particulars, from_ms, to_ms
from outbox.owner import owners_of
from outbox.reasons import Guard, as_it_is, storable
from outbox.stored import SQL, StoredEntries
from outbox.uptime import Uptime, uptime

PACKAGE: Final = "outbox"
"""Its tables, for `open_database`."""


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """A new entry as it is stored: sealed before the transaction, in which others wait."""

    new: NewEntry
    body: bytes
    sha256: str
    particulars: bytes
    request: bytes | None


class Outbox(StoredEntries):
    """The store of entries. Thread-safe; several processes may share the database."""

    def __init__(
        self,
        database: Database,
        cipher: Cipher,
        clock: Callable[[], datetime],
        uptime: Callable[[], Uptime] = uptime,
        breaker: Breaker | None = None,
        guard: Guard = as_it_is,
    ) -> None:
        """Use an open database with the tables of `PACKAGE`.

        Args:
            database: the database.
            cipher: seals what is at rest.
            clock: aware current time.
            uptime: the same moment by the clock that nobody can set.
            breaker: when a destination counts as out of reach.
            guard: takes out of what adapters and backends said what must not be kept in plain.
        """
        super().__init__(database, cipher)
        self.uptime = uptime
        self.owners = owners_of(database)
        self.endings = Endings(self, clock)
        self.breaker = breaker or Breaker()
        self._clock = clock
        self._guard = guard
        self._release = schema.version(PACKAGE, database.dialect)

    def storable(self, reason: str) -> str:
        """Return what an adapter or a backend said, as it may be kept in plain."""
        return storable(reason, self._guard)

    # --- accepting

    def seal(self, new: NewEntry) -> SealedEntry:
        """Seal and hash what is to be stored; nothing is stored yet."""
        document = new.document
        particulars = Particulars(document.subject, document.slot, document.provenance)
        return SealedEntry(
            new,
            self._cipher.seal(document.body, f"{new.id}/body"),
            hashlib.sha256(document.body).hexdigest(),
            self._cipher.seal(particulars.dump(), f"{new.id}/particulars"),
            None if new.request is None else self._cipher.seal(new.request, f"{new.id}/request"),
        )

    def enqueue(self, tx: Transaction, entry: NewEntry | SealedEntry) -> Entry:
        """Store an entry within the host's transaction; it is accepted when that commits.

        Raises:
            ConstraintViolated: the destination has this reference already.
        """
        sealed = self.seal(entry) if isinstance(entry, NewEntry) else entry
        row = _insert(tx, sealed.new, to_ms(self._clock()))
        tx.execute(
            SQL["insert_payload"],
            {
                "entry_seq": row.seq,
                "body": sealed.body,
                "sha256": sealed.sha256,
                "particulars": sealed.particulars,
            },
        )
        if sealed.request is not None:
            tx.execute(SQL["insert_request"], {"entry_seq": row.seq, "body": sealed.request})
        return row

    # --- working

    def claim(self, destination: str, owner: str, first: Action = "find", limit: int | None = None) -> Claim | None:
        """Take the next due entry and commit the intent; None if none is due, or may go.

        Args:
            destination: whose entries.
            owner: who takes it; if the commit is in doubt, this identity must be given up.
            first: what comes first if an entry to send and one to ask for are due.
            limit: attempts at a time of this destination over all workers.

        Raises:
            NewerSchemaError: a newer release has changed the tables meanwhile.
        """
        wanted = Wanted(destination, owner, first, limit)
        return self.database.write(lambda tx: self._take(tx, wanted))

    def write(self, ending: Ending) -> None:
        """Write down how an attempt ended.

        Raises:
            Fenced: the entry is somebody else's by now.
        """
        _tell(self.database.write(lambda tx: self._end(tx, ending)))

    def write_and_claim(
        self, ending: Ending, destination: str, owner: str, first: Action = "find", limit: int | None = None
    ) -> Claim | None:
        """Write down how an attempt ended, and take the next due entry, in one commit.

        Errors and arguments as of `write` and `claim`; whatever is raised, neither has been written, but for a commit
        that is in doubt.
        """
        wanted = Wanted(destination, owner, first, limit)
        alert, claim = self.database.write(lambda tx: (self._end(tx, ending), self._take(tx, wanted)))
        _tell(alert)
        return claim

    def gate(self, destination: str) -> Gate:
        """Return what a claim would see of a destination now."""
        return Gate(*self.database.read(GATE, name=destination)[0])

    def probe_now(self, destination: str) -> None:
        """Somebody wants to know now whether a destination that is out of reach answers again."""
        values = {"name": destination, "now": to_ms(self._clock())}
        self.database.write(lambda tx: tx.execute(DESTINATION_SQL["probe_now"], values).rowcount)

    def next_claim(self, destination: str, due: datetime, limit: int) -> datetime | None:
        """When something that is due at a moment may be claimed; None if only somebody else can bring that about."""
        now = to_ms(self._clock())
        gate = self.gate(destination)
        if gate.lets_go(now, limit, self.breaker):
            return due
        change = gate.next_change(now, limit, self.breaker)
        return None if change is None else max(due, from_ms(change))

    def age_ms(self, entry: Entry, outage_ms: int) -> int:
        """How long ago an entry was accepted, without its destination's outages, which were `outage_ms` in all."""
        return to_ms(self._clock()) - to_ms(entry.accepted_at) - (outage_ms - entry.outage_ms)

    def recover(self) -> int:
        """Turn what dead owners left behind into unknown outcomes; return how many entries that were."""
        recovered = 0
        for (owner,) in self.database.read(SQL["select_owners"]):
            if not self.owners.is_alive(owner):
                recovered += self.database.write(lambda tx, owner=owner: self._abandon(tx, owner))  # type: ignore[misc]
                self.owners.forget(owner)  # one that lives after all is not forgotten
        return recovered

    # ---

    def _take(self, tx: Transaction, wanted: Wanted) -> Claim | None:
        claim = take(tx, wanted, to_ms(self._clock()), self.uptime(), self.breaker, self._release)
        if claim is None:
            self.owners.confirm(tx, wanted.owner)
        return claim

    def _end(self, tx: Transaction, ending: Ending) -> Alert | None:
        return ending.write(tx, to_ms(self._clock()), self.uptime(), self.breaker)

    def _abandon(self, tx: Transaction, owner: str) -> int:
        tx.lock("owner", owner)  # several workers find out at once that it is dead
        if not self.owners.bury(tx, owner):
            return 0  # it has told meanwhile that it lives, and may have claimed since
        rows = tx.execute(SQL["select_owned"], {"owner": owner}).fetchall()
        for entry in map(Entry.of, rows):
            action: Action = "send" if entry.state is DeliveryState.IN_FLIGHT else "find"
            self._end(tx, self.endings.abandoned(Claim(entry, action, self.uptime())))
        return len(rows)


def _insert(tx: Transaction, new: NewEntry, now: int) -> Entry:
    document = new.document
    order_key = document.order_key or new.id
    tx.lock("key", new.destination, order_key)
    row = tx.execute(
        SQL["insert_entry"],
        {
            "id": new.id,
            "destination": new.destination,
            "contract": new.contract,
            "kind": document.kind,
            "client": new.client,
            "reference": new.reference,
            "order_key": order_key,
            "position": new.position,
            "rank": new.rank,
            "follows": document.follows,
            "continues": new.continues,
            "supersedes": new.supersedes,
            "fingerprint": document.fingerprint,
            "reported_at": to_ms(document.reported_at),
            "reported_offset_s": _offset_s(document.reported_at),
            "accepted_at": now,
            "traceparent": new.traceparent,
        },
    ).fetchone()
    return Entry.of(row)


def _tell(alert: Alert | None) -> None:
    if alert is not None:
        alert.log()


def _offset_s(moment: datetime) -> int:
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("reported_at has no offset")
    return int(offset.total_seconds())
