"""Whether everything that is sealed opens, and whether the payloads are those that were validated."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from outbox.carrying.tables import ROWS_AT_A_TIME, SQL
from outbox.database import Row
from outbox.entry import Cipher, Particulars
from outbox.statements import Statement

NAMED_MOST: Final = 1000
"""Damaged entries that are named; of more only the number is told."""

Read = Callable[[Statement, dict[str, int]], list[Row]]
"""Reads a statement: a transaction's, or each time what is committed by then."""
Report = Callable[[int], None]
"""Told how many entries have been looked at."""


@dataclass(slots=True)
class Whole:
    """What was found of one destination, or of all."""

    entries: int = 0
    payloads: int = 0
    pruned: int = 0
    damaged: int = 0


@dataclass(slots=True)
class Found:
    """What was found: by destination, and which entries are damaged, by their id, and how."""

    destinations: dict[str, Whole] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)

    @property
    def all(self) -> Whole:
        """The sums."""
        whole = list(self.destinations.values())
        return Whole(*(sum(getattr(one, name) for one in whole) for name in Whole.__slots__))


def verify(read: Read, cipher: Cipher, report: Report = lambda _entries: None) -> Found:
    """Open everything that is sealed of every entry, a few at a time.

    Raises:
        StateUnavailable: the database cannot be read.
    """
    found, looked_at = Found(), 0
    for row in _rows(read):
        whole = found.destinations.setdefault(row["destination"], Whole())
        whole.entries += 1
        whole.payloads += row["body"] is not None
        whole.pruned += row["body"] is None and row["pruned_sha256"] is not None
        damage = _damage(row, cipher)
        if damage is not None:
            whole.damaged += 1
            if len(found.damaged) < NAMED_MOST:
                found.damaged[row["id"]] = damage
        looked_at += 1
        if looked_at % ROWS_AT_A_TIME == 0:
            report(looked_at)
    report(looked_at)
    return found


def _rows(read: Read) -> Iterator[Row]:
    after = 0
    while batch := read(SQL["select_stored"], {"after": after, "limit": ROWS_AT_A_TIME}):
        yield from batch
        after = batch[-1]["seq"]


def _damage(row: Row, cipher: Cipher) -> str | None:
    """Say what is wrong with what is stored of an entry; None if nothing is."""
    if row["body"] is None and row["pruned_sha256"] is None:
        return "the payload is lost"
    for column, context in (
        *(("body", "body"), ("particulars", "particulars"), ("request", "request"), ("result", "result")),
        ("pruned_particulars", "pruned"),
    ):
        if row[column] is None:
            continue
        try:
            plain = cipher.open(row[column], f"{row['id']}/{context}")
            if column.endswith("particulars"):
                Particulars.load(plain)
        except (ValueError, KeyError, TypeError):
            return f"the {context} does not open with this deployment's key"
        if column == "body" and hashlib.sha256(plain).hexdigest() != row["sha256"]:
            return "the payload is not what was validated"
    return None
