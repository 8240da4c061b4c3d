"""Checkpoints: signed lists of where the chains end, each with the hash of the one before.

What a checkpoint knows can neither be changed nor cut off unseen, as long as somebody has the checkpoint.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.errors import StateUnavailable
from outbox.carrying.tables import snapshot
from outbox.database import Database, Row, Transaction
from outbox.statements import Statements
from shim.audit.heads import MOST, said
from shim.audit.rows import FIRST, canonical
from shim.audit.signing import Signer, Verdict

SQL: Final = Statements("shim.audit", "checkpoints")
FORMAT: Final = "legacy-shim audit checkpoint"
VERSION: Final = 1
_PAGE: Final = 100
_ANCHOR: Final = ("chain", "n", "hash", "checkpoint", "pruned_at", "key")

Head = tuple[int, str]
"""How many rows a chain has had, and the hash of the last of them."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint.

    Attributes:
        number: 1, 2, 3.
        body: canonical JSON, which is signed.
        signature: base64.
    """

    number: int
    body: str
    signature: str

    @property
    def line(self) -> str:
        """The checkpoint as a line of a file."""
        return canonical({"body": json.loads(self.body), "signature": self.signature})

    @property
    def hash(self) -> str:
        """What the next checkpoint says of this one."""
        return hashlib.sha256(self.body.encode()).hexdigest()


@dataclass(slots=True)
class History:
    """What all checkpoints together know.

    Attributes:
        number: of the newest, 0 if there is none.
        hash: of the newest.
        heads: by chain, the newest that is known.
        anchors: by chain, what the newest is recognised by.
        newest: itself.
    """

    number: int = 0
    hash: str = FIRST
    heads: dict[str, Head] = field(default_factory=dict)
    anchors: dict[str, str] = field(default_factory=dict)
    newest: Checkpoint | None = None

    def add(self, checkpoint: Checkpoint) -> None:
        """Take up the next checkpoint.

        Raises:
            StateUnavailable: it is none, so that none can follow it.
        """
        try:
            says = said(json.loads(checkpoint.body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _in_the_way(checkpoint.number) from error
        if checkpoint.number >= MOST:
            raise _in_the_way(checkpoint.number)
        self.number, self.hash, self.newest = checkpoint.number, checkpoint.hash, checkpoint
        self.heads |= says.heads
        self.anchors |= says.anchors


def _in_the_way(number: int) -> StateUnavailable:
    return StateUnavailable(f"checkpoint {number} of the audit is none, so that no other can follow; shim audit verify")


def stored(tx: Transaction, after: int = 0) -> Iterator[Checkpoint]:
    """Yield the checkpoints of a state in order, a few at a time."""
    while page := tx.execute(SQL["checkpoints"], {"after": after, "limit": _PAGE}).fetchall():
        for row in page:
            yield Checkpoint(row["number"], str(row["body"]), str(row["signature"]))  # SQLite lets bytes stand there
        after = page[-1]["number"]


def anchors(tx: Transaction) -> Iterator[Row]:
    """Yield the anchors of a state in the order of their chains, a few at a time."""
    last: Mapping[str, Any] = {"chain": "", "n": 0}
    while page := tx.execute(SQL["anchors"], {"chain": last["chain"], "n": last["n"], "limit": _PAGE}).fetchall():
        yield from page
        last = page[-1]


def anchor_text(row: Mapping[str, Any]) -> str:
    """Return what is signed of an anchor."""
    return canonical({"format": "legacy-shim audit anchor", **{name: row[name] for name in _ANCHOR}})


def anchor_hash(row: Mapping[str, Any]) -> str:
    """Return what a checkpoint recognises an anchor by: all of it, with its signature."""
    return hashlib.sha256(f"{anchor_text(row)}{row['signature']}".encode()).hexdigest()


def history(tx: Transaction) -> History:
    """Read what the checkpoints of a state know."""
    known = History()
    for checkpoint in stored(tx):
        known.add(checkpoint)
    return known


def make(database: Database, signer: Signer, deployment: str, at: int) -> Checkpoint:
    """Store and return another checkpoint of all chains as they are now; `at` in milliseconds since 1970.

    Raises:
        StateUnavailable: it could not be stored, one before it is no checkpoint, or the newest is not ours: it would
            be vouched for.
    """
    while True:
        # Read before the transaction, which keeps other writers of an SQLite file waiting.
        with snapshot(database) as seen:
            known = history(seen)
            _must_be_ours(known.newest, signer)
            made = _compose(seen, known, signer, deployment, at)

        def job(tx: Transaction, made: Checkpoint = made) -> bool:
            tx.lock("audit checkpoint")
            if tx.execute(SQL["newest"]).fetchone()["number"] != made.number - 1:
                return False
            values = {"number": made.number, "body": made.body, "signature": made.signature}
            tx.execute(SQL["insert_checkpoint"], values)
            return True

        if database.write(job):
            return made


def _must_be_ours(newest: Checkpoint | None, signer: Signer) -> None:
    if newest is None:
        return
    public = json.loads(newest.body)["public_key"]
    if signer.trusted.judge(newest.body, newest.signature, public) is not Verdict.GOOD:
        raise StateUnavailable(
            f"checkpoint {newest.number} of the audit is signed with no key of the ring, so that no other may follow; "
            "shim audit verify"
        )


def _compose(tx: Transaction, known: History, signer: Signer, deployment: str, at: int) -> Checkpoint:
    moved: dict[str, Head] = {
        row["chain"]: (row["n"], row["hash"])
        for row in tx.execute(SQL["heads"]).fetchall()
        if row["n"] > known.heads.get(row["chain"], (0, FIRST))[0]
    }
    pruned = {row["chain"]: anchor_hash(dict(row)) for row in anchors(tx)}
    heads = {**known.heads, **moved}
    body = canonical(
        {
            "format": FORMAT,
            "version": VERSION,
            "deployment": deployment,
            "number": known.number + 1,
            "at": at,
            "previous": known.hash,
            "heads": moved,
            "anchors": {chain: mark for chain, mark in pruned.items() if mark != known.anchors.get(chain)},
            "chains": len(heads),
            "rows": sum(n for n, _ in heads.values()),
            "public_key": signer.public,
        }
    )
    return Checkpoint(known.number + 1, body, signer.sign(body))
