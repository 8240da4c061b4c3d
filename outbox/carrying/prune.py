"""Lets go of what nobody needs any more of entries that are final: a person's words first, attempts apart."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from outbox.actions import Audit
from outbox.carrying.tables import SQL
from outbox.database import Database, Row, Transaction
from outbox.entry import Cipher, Particulars

What = Literal["payloads", "attempts"]
_BATCH: Final = 100
"""Entries of one commit: a few milliseconds, in which nobody else writes."""
_PAUSE_S: Final = 0.02
"""Shortest pause between two commits; else as long as the commit took, so that others get half of the time."""
KEPT_LOCK: Final = "payloads"
"""The lock of whoever deletes payloads or requests, held to the commit.

Who deletes a row and inserts it again is not seen by a DELETE that waited for the first: the row would stay for good.
"""
_VALUE_MOST: Final = 64
"""Characters of a value that is kept: a code or a number. What is longer may be a person's words."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many entries were pruned, and which could not be: their payload does not open."""

    entries: int
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is let go.

    Attributes:
        what: payloads and requests; or attempts, their outcomes, and the looks at the record.
        before: of entries that were final before this, in milliseconds since 1970.
        now: milliseconds since 1970.
    """

    what: What
    before: int
    now: int


def count(database: Database, pruning: Pruning) -> int:
    """Return how many entries there are to prune."""
    ((number,),) = database.read(SQL[f"count_old_{pruning.what}"], before=pruning.before)
    return int(number)


def prune(
    database: Database,
    cipher: Cipher,
    pruning: Pruning,
    audit: Audit,
    report: Callable[[int], None] = lambda _entries: None,
    pause: Callable[[float], None] = time.sleep,
) -> Pruned:
    """Prune in many short commits, with pauses between them. What was done is done if it ends early; do it again.

    The hash of a payload stays, and what it was made from, without a person's words.

    Raises:
        StateUnavailable: the database cannot be read or written.
    """
    done, damaged = 0, []
    for batch in _batches(database, pruning):
        began = time.monotonic()
        wanted = batch
        kept: dict[int, bytes] = {}
        if pruning.what == "payloads":
            kept = {row["seq"]: sealed for row in batch if (sealed := _kept(row, cipher)) is not None}
            damaged += [row["id"] for row in batch if row["seq"] not in kept]
            wanted = [row for row in batch if row["seq"] in kept]
        done += _write(database, pruning, wanted, kept, audit)
        report(done)
        pause(max(_PAUSE_S, time.monotonic() - began))
    if pruning.what == "payloads":
        for batch in _left_requests(database):
            _write_left(database, pruning, batch, audit)
            pause(_PAUSE_S)
    return Pruned(done, tuple(damaged))


def _batches(database: Database, pruning: Pruning) -> Iterator[Sequence[Row]]:
    after, statement = 0, SQL[f"select_old_{pruning.what}"]
    while batch := database.read(statement, after=after, before=pruning.before, limit=_BATCH):
        yield batch
        after = batch[-1]["seq"]


def _left_requests(database: Database) -> Iterator[Sequence[Row]]:
    after = 0
    while batch := database.read(SQL["select_left_requests"], after=after, limit=_BATCH):
        yield batch
        after = batch[-1]["seq"]


def _kept(row: Row, cipher: Cipher) -> bytes | None:
    """Seal what stays of a payload; None if it does not open.

    Whom it is about stays: a later document about the same record must be about the same person.
    """
    try:
        particulars = Particulars.load(cipher.open(row["particulars"], f"{row['id']}/particulars"))
    except (ValueError, KeyError, TypeError):
        return None
    sources = tuple(
        source if source.value is None or _is_code(source.value) else replace(source, value=None)
        for source in particulars.provenance
    )
    return cipher.seal(Particulars(particulars.subject, None, sources).dump(), f"{row['id']}/pruned")


def _is_code(value: str) -> bool:
    return len(value) <= _VALUE_MOST and "\n" not in value


def _write(database: Database, pruning: Pruning, batch: Sequence[Row], kept: dict[int, bytes], audit: Audit) -> int:
    def job(tx: Transaction) -> int:
        if pruning.what == "payloads":
            tx.lock(KEPT_LOCK)
            pruned = sum(_payload(tx, row, kept[row["seq"]], pruning.now) for row in batch)
        else:
            pruned = sum(_attempts(tx, row) for row in batch)
        if pruned:
            _tell(tx, audit, pruning, pruning.what, pruned, batch)
        return pruned

    return database.write(job) if batch else 0


def _write_left(database: Database, pruning: Pruning, batch: Sequence[Row], audit: Audit) -> None:
    def job(tx: Transaction) -> None:
        tx.lock(KEPT_LOCK)
        gone = sum(tx.execute(SQL["delete_request"], {"entry_seq": row["seq"]}).rowcount for row in batch)
        if gone:
            _tell(tx, audit, pruning, "requests", gone, batch)

    database.write(job)


def _tell(tx: Transaction, audit: Audit, pruning: Pruning, what: str, entries: int, batch: Sequence[Row]) -> None:
    ends = {"first": batch[0]["id"], "last": batch[-1]["id"]}
    audit.write(tx, "prune", None, {"what": what, "entries": entries, "before": pruning.before, **ends})


def _payload(tx: Transaction, row: Row, kept: bytes, now: int) -> int:
    values = {"entry_seq": row["seq"], "sha256": row["sha256"], "particulars": kept, "now": now}
    if tx.execute(SQL["insert_pruned"], values).rowcount != 1:
        return 0
    gone = tx.execute(SQL["delete_payload"], {"entry_seq": row["seq"]}).rowcount
    tx.execute(SQL["delete_request"], {"entry_seq": row["seq"]})
    return gone


def _attempts(tx: Transaction, row: Row) -> int:
    one = {"entry_seq": row["seq"]}
    if tx.execute(SQL["select_final"], one).fetchone() is None:
        return 0
    for statement in ("delete_outcomes", "delete_attempts", "delete_verifications"):
        tx.execute(SQL[statement], one)
    return 1
