"""Seals anew what is sealed with a key that is to be retired: in batches, one commit each, while workers go on.

A batch that was committed stays done, so whoever is killed begins again and finds less to do. No hash changes.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from outbox.carrying.prune import KEPT_LOCK
from outbox.database import Database, Row, Transaction
from outbox.statements import Statements
from shim.keys import RestCipher
from shim.keys.cipher import key_of

SQL: Final = Statements("shim", "resealing")
BATCH: Final = 200
"""Rows of one commit: a worker that wants to write waits for it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something sealed is.

    Attributes:
        name: of its statements.
        start: the primary key's names, each with what comes before every value.
        sealed: the sealed columns, each with what follows the row's context.
        context: the row's context, of its columns.
        frozen: the row is deleted and inserted, because nothing may update it.
    """

    name: str
    start: dict[str, Any]
    sealed: dict[str, str]
    context: str
    frozen: bool = False

    def contexts(self, row: Row) -> Iterator[tuple[str, str]]:
        """Yield each sealed column and its context."""
        for column, suffix in self.sealed.items():
            yield column, self.context.format(**dict(row)) + suffix


_ENTRY: Final = {"entry_seq": 0}
PLACES: Final = (
    Place("payload", _ENTRY, {"body": "/body", "particulars": "/particulars"}, "{id}", frozen=True),
    Place("request", _ENTRY, {"body": "/request"}, "{id}", frozen=True),
    Place("pruned", _ENTRY, {"particulars": "/pruned"}, "{id}"),
    Place("result", {"seq": 0}, {"result": "/result"}, "{id}"),
    Place("reply", {"client": "", "key": ""}, {"reply": ""}, "idempotency/{key}"),
    Place("reference", {"system": "", "name": ""}, {"row": ""}, "reference_row/{name}"),
)
"""Everything that is sealed, but for the key of blinded names."""


@dataclass(slots=True)
class Resealed:
    """How many rows were sealed anew, and of how many something does not open with any key: those stay as they are."""

    rows: int = 0
    damaged: int = 0


def reseal(
    database: Database, cipher: RestCipher, keeping: Collection[str], report: Callable[[int], None] = lambda _rows: None
) -> Resealed:
    """Seal everything anew that is not sealed with a key of these ids, with the key that seals now.

    Raises:
        StateUnavailable: the database cannot be read or written.
        KeyUnknown: something needs a key that is not there.
    """
    done, looked_at = Resealed(), 0
    for place in PLACES:
        for batch in _batches(database, place):
            anew = [(row, changes) for row in batch if (changes := _anew(row, place, cipher, keeping, done))]
            if anew:
                done.rows += database.write(_writing(place, anew))
            looked_at += len(batch)
            report(looked_at)
    return done


def _batches(database: Database, place: Place) -> Iterator[list[Row]]:
    after = dict(place.start)
    while batch := database.read(SQL[f"select_{place.name}"], **after, limit=BATCH):
        yield batch
        after = {name: batch[-1][name] for name in place.start}


def _anew(row: Row, place: Place, cipher: RestCipher, keeping: Collection[str], done: Resealed) -> dict[str, bytes]:
    """Return the sealed columns of a row as they are to be; nothing if there is nothing to do."""
    changes: dict[str, bytes] = {}
    for column, context in place.contexts(row):
        sealed = bytes(row[column])
        if key_of(sealed) in keeping:
            continue
        try:
            plain = cipher.open(sealed, context)
        except ValueError:
            done.damaged += 1
            return {}
        if column == "body" and "sha256" in row.keys() and hashlib.sha256(plain).hexdigest() != row["sha256"]:  # noqa: SIM118
            done.damaged += 1
            return {}
        changes[column] = cipher.seal(plain, context)
    return changes


def _writing(place: Place, anew: list[tuple[Row, dict[str, bytes]]]) -> Callable[[Transaction], int]:
    """Return what writes rows, unless somebody has changed or deleted them meanwhile."""

    def write(tx: Transaction) -> int:
        if place.frozen:
            tx.lock(KEPT_LOCK)
        return sum(_write(tx, place, row, changes) for row, changes in anew)

    return write


def _write(tx: Transaction, place: Place, row: Row, changes: dict[str, bytes]) -> int:
    if place.frozen:
        if tx.execute(SQL[f"delete_{place.name}"], {name: row[name] for name in place.start}).rowcount != 1:
            return 0
        return tx.execute(SQL[f"write_{place.name}"], {**dict(row), **changes}).rowcount
    ((column, sealed),) = changes.items()
    return tx.execute(SQL[f"write_{place.name}"], {**dict(row), column: sealed, "was": row[column]}).rowcount
