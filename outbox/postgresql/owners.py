"""Who works on an entry, for workers on several machines: a lease by the database's clock, renewed while they live.

On one host the kernel tells at once who has died. Of another host's process nobody can tell more than that it has not
renewed its lease. When the database was away, everybody's lease has ended: so an owner whose lease has ended is only
suspected, and has a third of a lease to renew it before it is taken for dead.
"""

import logging
import os
import secrets
import threading
from typing import Final

from contracts.errors import StateUnavailable
from outbox.database import Database, Row, Transaction
from outbox.owner import LEASE_S, Owner
from outbox.postgresql.errors import Closed
from outbox.postgresql.processes import runs, this_process
from outbox.reasons import log_defect
from outbox.statements import named

SQL: Final = named("outbox", "postgresql", "owners")
_MARGIN_S: Final = 1.0
"""How much longer than the time between two renewals a suspected owner is given: a renewal takes its time."""
_AGAIN_S: Final = 1.0
"""Pause after a renewal that failed."""

_log = logging.getLogger(__name__)


class LeasedOwners:
    """Rows of the table `owner`. Thread-safe; one thread of the process renews all leases."""

    def __init__(self, database: Database, lease_s: float = LEASE_S) -> None:
        self._database = database
        self._lease_s = lease_s
        self._every_s = lease_s / 3
        self._begin()

    def _begin(self) -> None:
        self._process = this_process()
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._mine: set[str] = set()
        self._given_up: set[str] = set()
        self._renewing: threading.Thread | None = None

    def take(self) -> Owner:
        """Return a new identity of this process.

        Raises:
            StateUnavailable: its lease cannot be written.
        """
        if os.getpid() != self._pid:  # what the parent has taken is the parent's
            self._begin()
        owner = _LeasedOwner(self)
        with self._changed:
            self._mine.add(owner.name)
        try:
            self._renew([owner.name])
        except BaseException:
            self.give_up(owner.name)  # nobody knows whether it was written
            raise
        finally:
            self._start()
        return owner

    def _start(self) -> None:
        with self._changed:
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._keep, name="outbox leases", daemon=True)
                self._renewing.start()

    def is_alive(self, name: str) -> bool:
        """Whether the owner's process still runs, as far as anybody can tell."""
        with self._changed:
            if name in self._mine or name in self._given_up:
                return name in self._mine
        for row in self._database.read(SQL["look"], name=name, **self._limits()):
            dead = self._is_dead(row)
            if dead is None:
                self._database.write(lambda tx: tx.execute(SQL["suspect"], {"name": name}))
            return not dead
        return False

    def confirm(self, tx: Transaction, name: str) -> None:
        """See that the owner's lease has not ended."""
        if tx.execute(SQL["ended"], {"name": name}).fetchone() is not None:
            raise StateUnavailable("the lease of a worker has ended before it was renewed", retry_after_s=5)

    def bury(self, tx: Transaction, name: str) -> bool:
        """End a dead owner's lease, so that it claims nothing before it has renewed it; False if it lives after all."""
        with self._changed:
            if name in self._mine or name in self._given_up:
                return name not in self._mine
        row = tx.execute(SQL["look"], {"name": name, **self._limits()}).fetchone()
        if row is None or runs(row["process"]) is False:
            return True
        seen = {"name": name, "lease_until": row["lease_until"], "suspected_at": row["suspected_at"]}
        return bool(self._is_dead(row)) and tx.execute(SQL["bury"], seen).rowcount == 1

    def forget(self, name: str) -> None:
        """Remove what an owner left whose process has ended; one of another host stays, with its lease ended."""
        for row in self._database.read(SQL["look"], name=name, **self._limits()):
            if runs(row["process"]) is False:
                self._database.write(lambda tx: tx.execute(SQL["forget"], {"names": [name]}))

    def sweep(self) -> None:
        """Remove what dead owners left who own nothing; those of other hosts after a day."""
        for row in self._database.read(SQL["owners"]):
            if not self.is_alive(row["name"]):
                values = {"name": row["name"], "ended": runs(row["process"]) is False}
                self._database.write(lambda tx, values=values: tx.execute(SQL["sweep"], values))  # type: ignore[misc]

    def give_up(self, name: str) -> None:
        """Renew the owner's lease no more; its row goes as soon as the database can be written."""
        with self._changed:
            self._mine.discard(name)
            self._given_up.add(name)
            self._changed.notify()

    def _limits(self) -> dict[str, int]:
        return {"lease_ms": _ms(self._lease_s), "grace_ms": _ms(self._every_s + _MARGIN_S)}

    def _is_dead(self, row: Row) -> bool | None:
        """Whether an owner is dead, as its row tells; None if that is to be suspected."""
        running = runs(row["process"])
        if running is False:
            return True
        # Of this process, and not this one's own: another part of it has its lease, and may have given it up.
        if row["leased"] or (running and row["process"] != self._process):
            return False
        return True if row["overdue"] else None

    def _renew(self, names: list[str]) -> None:
        values = {"names": names, "process": self._process, "lease_ms": _ms(self._lease_s)}
        self._database.write(lambda tx: tx.execute(SQL["renew"], values))

    def _keep(self) -> None:
        """Renew every lease a third of its time, until nobody of this process owns anything."""
        pause_s = self._every_s
        while True:
            with self._changed:
                if not self._mine and not self._given_up:
                    self._renewing = None
                    return
                self._changed.wait(pause_s)
                mine, given_up = sorted(self._mine), sorted(self._given_up)
            pause_s = min(self._every_s, _AGAIN_S)
            try:
                self._write_down(mine, given_up)
                pause_s = self._every_s
            except Closed:
                return
            except StateUnavailable as error:
                _log.warning("outbox: leases cannot be renewed: %s", error)
            except Exception as error:  # noqa: BLE001 - a defect here must not end the leases of the living
                log_defect("renewing leases", error)

    def _write_down(self, mine: list[str], given_up: list[str]) -> None:
        if mine:
            self._renew(mine)
        if given_up:
            self._database.write(lambda tx: tx.execute(SQL["forget"], {"names": given_up}))
            with self._changed:
                self._given_up.difference_update(given_up)


class _LeasedOwner:
    def __init__(self, owners: LeasedOwners) -> None:
        self.name = secrets.token_hex(8)
        self._owners = owners

    def close(self) -> None:
        """Give the identity up."""
        self._owners.give_up(self.name)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
