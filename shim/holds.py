"""Holds in shim state, for backends that have none: a lock in the one database decides who gets a slot."""

from datetime import datetime
from typing import Final

from contracts.desks import Hold
from outbox.database import Database, Transaction
from outbox.entry import from_ms, to_ms
from outbox.statements import Statements
from shim.keys import Blind

SQL: Final = Statements("shim", "holds")
_KNOWN_MS: Final = 86_400_000
"""An expired hold is told from an unknown one for a day."""


class KeptHolds:
    """The holds of one system. Each call is one transaction, by the database's clock, safe between processes.

    Patient, client and conversation are stored blinded, so `held` returns them empty.

    Raises:
        StateUnavailable: from every method, when the state cannot be written or read.
    """

    def __init__(self, database: Database, blind: Blind, system: str) -> None:
        self._database = database
        self._blind = blind
        self._system = system

    def hold(self, wanted: Hold, seconds: float) -> float | None:
        """Hold, in one atomic step; return the seconds until it ends, or None when it is taken."""
        owner = self._owner(wanted.slot, wanted.holder, wanted.patient, wanted.client)
        values = {
            **owner,
            "resource": wanted.resource,
            "starts_at": to_ms(wanted.starts_at),
            "ends_at": to_ms(wanted.ends_at),
            "conversation": self._conversation(wanted),
            "hold_ms": _ms(seconds),
        }
        with self._database.transaction() as tx:
            self._lock(tx)
            tx.execute(SQL["forget_holds"], {"known_ms": _KNOWN_MS})
            live = tx.execute(SQL["live_hold"], owner).fetchone()
            if live is not None:
                return float(live["left_ms"]) / 1000
            if tx.execute(SQL["insert_hold"], values).rowcount != 1:
                return None
            tx.execute(SQL["release_conversation"], values)
        return _ms(seconds) / 1000

    def claim(self, slot: str, holder: str, patient: str, client: str, seconds: float) -> bool:
        """Keep a live hold of these four for at least `seconds` more."""
        values = {**self._owner(slot, holder, patient, client), "claim_ms": _ms(seconds)}
        with self._database.transaction() as tx:
            self._lock(tx)  # who holds sees either the time it had, or the time it has now
            return tx.execute(SQL["claim_hold"], values).rowcount == 1

    def unclaim(self, slot: str, holder: str) -> None:
        """Give a claim back. Idempotent."""
        with self._database.transaction() as tx:
            tx.execute(SQL["unclaim_hold"], {"system": self._system, "slot": slot, "holder": holder})

    def known(self, slot: str, holder: str, patient: str, client: str) -> bool:
        """Return whether these four had a hold that has run out, less than a day ago."""
        owner = self._owner(slot, holder, patient, client)
        return bool(self._database.read(SQL["expired_hold"], **owner, known_ms=_KNOWN_MS))

    def release(self, slot: str, holder: str) -> None:
        """Forget a hold. Idempotent."""
        with self._database.transaction() as tx:
            tx.execute(SQL["delete_hold"], {"system": self._system, "slot": slot, "holder": holder})

    def held(self, starts_from: datetime, starts_before: datetime) -> list[Hold]:
        """Return the live holds that take time between the two, earliest first."""
        window = {"starts_from": to_ms(starts_from), "starts_before": to_ms(starts_before)}
        return [
            Hold(
                slot=row["slot"],
                resource=row["resource"],
                starts_at=from_ms(row["starts_at"]),
                ends_at=from_ms(row["ends_at"]),
                holder=row["holder"],
                patient="",
                client="",
            )
            for row in self._database.read(SQL["live_holds"], system=self._system, **window)
        ]

    def _lock(self, tx: Transaction) -> None:
        tx.lock("holds", self._system)

    def _owner(self, slot: str, holder: str, patient: str, client: str) -> dict[str, str]:
        return {
            "system": self._system,
            "slot": slot,
            "holder": holder,
            "patient": self._blind("hold_patient", self._system, patient),
            "client": self._blind("hold_client", client),
        }

    def _conversation(self, wanted: Hold) -> str | None:
        if not wanted.conversation:
            return None
        return self._blind("hold_conversation", self._system, wanted.client, wanted.conversation)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
