"""What is stored of entries, for looking only: who explains a delivery a year later needs no more than this."""

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue

from contracts.delivery import DeliveryState, Sending, Source
from outbox.actions import Action, actions_of
from outbox.database import Database, Row
from outbox.entry import Attempt, Cipher, Entry, Particulars, Payload, StateCount, Verification, dump_json, from_ms
from outbox.selection import LEFT, OPEN, Selection
from outbox.statements import Statement, Statements

SQL: Final = Statements("outbox", "statements")
LOOKING_SQL: Final = Statements("outbox", "looking")
CHECK_SQL: Final = Statements("outbox", "verification")
_CANDIDATES: Final = 5
"""Entries that are named when somebody's prefix fits several."""


class PayloadDamaged(Exception):
    """Raised when stored bytes are not the bytes that were validated."""


class PayloadPruned(PayloadDamaged):
    """Raised when a payload is not kept any more: it was let go; its hash and its sources stay."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What stays of a payload: its hash, whom it was about (the backend's key), and where its elements came from."""

    sha256: str
    subject: str
    provenance: tuple[Source, ...]
    pruned_at: datetime


class StoredEntries:
    """The entries of a state file. Thread-safe."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self.database = database
        self._cipher = cipher

    # --- finding entries

    def get(self, entry_id: str) -> Entry | None:
        """Return an entry."""
        return self._first("select_entry", id=entry_id)

    def current(self, entry_id: str) -> Entry | None:
        """Return an entry, or the one that was composed anew in its place."""
        entry = self.get(entry_id)
        while entry is not None and entry.superseded_by is not None:
            entry = self.get(entry.superseded_by)
        return entry

    def starting_with(self, prefix: str) -> list[Entry]:
        """Return the entries whose id starts so: none, the one that is meant, or some when the prefix is too short."""
        values = {"prefix": prefix, "beyond": f"{prefix}{chr(sys.maxunicode)}", "limit": _CANDIDATES}
        rows = self.database.read(LOOKING_SQL["select_candidates"], **values)
        return [Entry.of(row) for row in rows]

    def landed(self, destination: str, kind: str | None, backend_id: str) -> Entry | None:
        """Return the entry that brought a backend record."""
        return self._first("select_landed", destination=destination, kind=kind, backend_id=backend_id)

    def brought(self, backend_id: str, destination: str | None) -> list[Entry]:
        """Return the entries that brought a record of this backend id, of any kind, to one destination or to any."""
        return self._entries("select_brought", backend_id=backend_id, destination=destination)

    def continuations(self, entry: Entry) -> list[Entry]:
        """Return the entries with what the entry's document could not hold, in order."""
        return self._entries("select_continuations", id=entry.id)

    def head(self, entry: Entry) -> Entry | None:
        """Return the entry of the same key that must leave first; the entry itself when it is its turn."""
        return self._first("select_head", destination=entry.destination, order_key=entry.order_key)

    def behind(self, entry: Entry) -> int:
        """Return how many entries of the same key wait behind it."""
        place = {"destination": entry.destination, "order_key": entry.order_key, "position": entry.position}
        ((entries,),) = self.database.read(LOOKING_SQL["count_behind"], **place)
        return int(entries)

    def chosen(self, selection: Selection, limit: int, *, newest: bool = False, after: int = 0) -> list[Entry]:
        """Return entries that have not left, oldest first or `newest`, with a higher `seq` than `after`.

        A selection of delivered or discarded ones alone gives those, newest first.
        """
        if selection.states <= LEFT:
            values = {**selection.parameters(LEFT), "limit": limit}
            return [Entry.of(row) for row in self.database.read(LOOKING_SQL["choose_ended"], **values)]
        values = {**selection.parameters(OPEN), "limit": limit, "newest": newest, "after": after}
        return [Entry.of(row) for row in self.database.read(LOOKING_SQL["choose_open"], **values)]

    def places(self, selection: Selection) -> dict[int, DeliveryState]:
        """Return the `seq` of every selected entry that has not left, in order, and its state."""
        rows = self.database.read(LOOKING_SQL["list_chosen"], **selection.parameters(OPEN))
        return {row["seq"]: DeliveryState(row["state"]) for row in rows}

    def wanting_attention(self, selection: Selection, limit: int, *, newest: bool = False) -> list[Entry]:
        """Return delivered entries whose record somebody should look at; the selection's states do not matter."""
        values = {name: value for name, value in selection.parameters(LEFT).items() if name not in {"states", "cause"}}
        rows = self.database.read(LOOKING_SQL["choose_attention"], **values, limit=limit, newest=newest)
        return [Entry.of(row) for row in rows]

    def counts(self) -> list[StateCount]:
        """Count entries by destination, state and attention code."""
        return [
            StateCount(
                row["destination"],
                DeliveryState(row["state"]),
                row["attention"],
                row["entries"],
                from_ms(row["oldest"]),
            )
            for row in self.database.read(SQL["count_by_state"])
        ]

    def next_due(self, destination: str) -> datetime | None:
        """When the next entry of a destination may be claimed; None if nothing waits."""
        ((at,),) = self.database.read(SQL["next_due"], destination=destination)
        return None if at is None else from_ms(at)

    # --- looking into one

    def payload(self, entry: Entry) -> Payload:
        """Return the frozen bytes, proven to be those that were validated.

        Raises:
            PayloadPruned: they were let go.
            PayloadDamaged: they are not.
        """
        rows = self.database.read(SQL["select_payload"], entry_seq=entry.seq)
        if not rows:
            for pruned in self.database.read(LOOKING_SQL["select_pruned"], entry_seq=entry.seq):
                raise PayloadPruned(f"the payload of {entry.id} was pruned on {from_ms(pruned['pruned_at']):%Y-%m-%d}")
            raise PayloadDamaged(f"the payload of {entry.id} is lost")
        row = rows[0]
        try:
            body = self._cipher.open(row["body"], f"{entry.id}/body")
            particulars = Particulars.load(self._cipher.open(row["particulars"], f"{entry.id}/particulars"))
        except ValueError as error:
            raise PayloadDamaged(f"the payload of {entry.id} does not open with this deployment's key") from error
        if hashlib.sha256(body).hexdigest() != row["sha256"]:
            raise PayloadDamaged(f"the payload of {entry.id} is not what was validated")
        return Payload(body, row["sha256"], particulars)

    def sending(self, entry: Entry) -> Sending:
        """Return what an adapter needs to send or find the entry.

        Raises:
            PayloadDamaged: the stored bytes are not those that were validated.
        """
        payload = self.payload(entry)
        parent = self.current(entry.follows) if entry.follows else None
        return Sending(
            kind=entry.kind,
            body=payload.body,
            subject=payload.particulars.subject,
            reported_at=entry.reported_at,
            reference=entry.reference,
            parent_backend_id=parent.backend_id if parent else None,
            slot=payload.particulars.slot,
        )

    def request(self, entry: Entry) -> bytes | None:
        """Return what the client asked, as the host stored it; None if it stored nothing, or it was pruned.

        Raises:
            PayloadDamaged: what is stored does not open.
        """
        rows = self.database.read(LOOKING_SQL["select_request"], entry_seq=entry.seq)
        if not rows:
            return None
        try:
            return self._cipher.open(rows[0]["body"], f"{entry.id}/request")
        except ValueError as error:
            raise PayloadDamaged(f"the request of {entry.id} does not open with this deployment's key") from error

    def pruned(self, entry: Entry) -> Pruned | None:
        """Return what stays of a payload that was let go; None if none was.

        Raises:
            PayloadDamaged: what stays does not open.
        """
        for row in self.database.read(LOOKING_SQL["select_pruned"], entry_seq=entry.seq):
            try:
                particulars = Particulars.load(self._cipher.open(row["particulars"], f"{entry.id}/pruned"))
            except ValueError as error:
                raise PayloadDamaged(
                    f"what stays of the payload of {entry.id} does not open with this deployment's key"
                ) from error
            sha256, pruned_at = row["sha256"], from_ms(row["pruned_at"])
            return Pruned(sha256, particulars.subject, particulars.provenance, pruned_at)
        return None

    def subject(self, entry: Entry) -> str:
        """Return the backend's key of the person that an entry is about, also when its payload was let go.

        Raises:
            PayloadDamaged: nobody can tell any more.
        """
        pruned = self.pruned(entry)
        return self.payload(entry).particulars.subject if pruned is None else pruned.subject

    def actions(self, entry: Entry) -> list[Action]:
        """Return what administrators did with it, in order."""
        return actions_of(self.database, entry.id)

    def sha256(self, entry: Entry) -> str | None:
        """Return the hash of the bytes that were validated, whatever has become of them; None if it is lost as well."""
        rows = self.database.read(SQL["select_payload"], entry_seq=entry.seq) or self.database.read(
            LOOKING_SQL["select_pruned"], entry_seq=entry.seq
        )
        return str(rows[0]["sha256"]) if rows else None

    def result(self, entry: Entry) -> bytes:
        """Return the JSON object that the adapter gave when it was delivered, or looked at last; `{}` before.

        Raises:
            PayloadDamaged: what is stored does not open.
        """
        if entry.result is None:
            return b"{}"
        try:
            return self._cipher.open(entry.result, f"{entry.id}/result")
        except ValueError as error:
            raise PayloadDamaged(f"the result of {entry.id} does not open with this deployment's key") from error

    def seal_result(self, entry: Entry, result: Mapping[str, JsonValue]) -> bytes:
        """Seal what `result` opens."""
        return self._cipher.seal(dump_json(result), f"{entry.id}/result")

    def attempts(self, entry: Entry) -> list[Attempt]:
        """Return all attempts in order."""
        return [Attempt(**row) for row in self._timed(SQL["list_attempts"], entry)]

    def verifications(self, entry: Entry) -> list[Verification]:
        """Return all looks at the delivered record in order."""
        return [Verification(**row) for row in self._timed(CHECK_SQL["list_verifications"], entry)]

    # ---

    def _entries(self, statement: str, **parameters: Any) -> list[Entry]:
        return [Entry.of(row) for row in self.database.read(SQL[statement], **parameters)]

    def _first(self, statement: str, **parameters: Any) -> Entry | None:
        return next(iter(self._entries(statement, **parameters)), None)

    def _timed(self, statement: Statement, entry: Entry) -> Iterable[dict[str, Any]]:
        rows: list[Row] = self.database.read(statement, entry_seq=entry.seq)
        for row in map(dict, rows):
            for name in ("started_at", "ended_at"):
                row[name] = None if row[name] is None else from_ms(row[name])
            yield row
