"""The chains of one process: a write borrows one, so that no commit waits for another's hash."""

import os
import secrets
from dataclasses import dataclass
from typing import Final

from outbox.database import Transaction
from outbox.statements import Statements
from shim.audit.events import Event
from shim.audit.rows import FIRST, hash_of, row_of

SQL: Final = Statements("shim.audit", "events")
_SHARED: Final = "shared-"


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a chain ends: its id, how many rows it has had, and the hash of the last."""

    id: str
    n: int = 0
    hash: str = FIRST

    def append(self, tx: Transaction, event: Event, at: int) -> "Chain":
        """Store the next row and return where the chain ends then; it counts when the transaction is committed."""
        row = row_of(event, self.id, self.n + 1, at)
        mark = hash_of(self.hash, row)
        tx.execute(SQL["insert"], {**row, "hash": mark})
        return Chain(self.id, self.n + 1, mark)


def new_chain() -> Chain:
    """Return a chain that nobody else has: 64 random bits, so a restarted or copied process begins its own."""
    return Chain(secrets.token_hex(8))


def shared_chain(tx: Transaction) -> Chain:
    """Return the one chain of all processes that write a row or two and end; others wait until the transaction ends.

    If every command began a chain of its own, there would soon be more chains than anything else.
    """
    tx.lock("audit", "shared chain")
    row = tx.execute(SQL["shared_end"]).fetchone()
    return Chain(f"{_SHARED}{secrets.token_hex(8)}") if row is None else Chain(row["chain"], row["n"], row["hash"])


class Pool:
    """Chains that this process goes on with, one write at a time each. Thread-safe.

    A chain whose last commit is uncertain is not given back: it stays as it is in the database, whole either way, and
    another one is begun. A forked process begins its own, for its parent goes on with these.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._free: list[Chain] = []

    def borrow(self) -> Chain:
        """Return a chain that nobody else writes to until it is given back."""
        if os.getpid() != self._process:
            self._begin()
        try:
            return self._free.pop()  # atomic, as append is, so no lock; the last one used, so that few are in use
        except IndexError:
            return new_chain()

    def give_back(self, chain: Chain) -> None:
        """Go on with a chain from where it certainly ends."""
        if os.getpid() == self._process:
            self._free.append(chain)
