"""What pseudonymising leaves as it was: rows, schema, kept columns, and dates but for the shift that the key says."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from contracts.snapshots import Cell, Row, Table
from shim.pseudonyms.policy import Policy
from shim.snapshots.index import SHORTEST, SHORTEST_NUMBER, Place
from shim.snapshots.judge import DATES, KEPT, TEXT
from shim.snapshots.words import joined

Dated = Callable[[Table, Row], Row]
"""Returns a row of the original with the dates that the result must have; other cells do not matter."""
NULL: Final = "null"
_WRAP: Final = (1 << 64) - 1


@dataclass(slots=True)
class Sums:
    """Of one table, without regard to the order of its rows.

    Attributes:
        rows: how many.
        kept: sum of a digest of each row's kept cells.
        dated: the same with its dates; None when nobody can tell what they must be.
        own: how many rows of the original would keep a date.
    """

    rows: int = 0
    kept: int = 0
    dated: int | None = None
    own: int = 0


def _digest(cells: Row) -> int:
    # Not hash(): it is the same for -1 and -2, for 0 and 2**61 - 1, and another for each NaN.
    told = repr([cell.astimezone(UTC) if isinstance(cell, datetime) and cell.tzinfo else cell for cell in cells])
    return int.from_bytes(blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest())


class Summing:
    """Adds up the rows of one table."""

    def __init__(self, table: Table, policy: Policy, dated: Dated | None) -> None:
        kinds = {at: policy.what(table.name, column.name).kind for at, column in enumerate(table.columns)}
        written = {at: kind for at, kind in kinds.items() if not table.columns[at].computed}
        self._table = table
        self._dated = dated
        self._kept = [at for at, kind in written.items() if kind == KEPT]
        self._dates = [at for at, kind in written.items() if kind in DATES]
        self.sums = Sums(dated=None if dated is None else 0)

    def add(self, row: Row) -> None:
        """Take a row in."""
        sums = self.sums
        sums.rows += 1
        kept = tuple([row[at] for at in self._kept])
        sums.kept = sums.kept + _digest(kept) & _WRAP
        if self._dated is None or sums.dated is None:
            return
        other = self._dated(self._table, row) if self._dates else row
        dates = tuple([other[at] for at in self._dates])
        sums.dated = sums.dated + _digest((*kept, *dates)) & _WRAP
        sums.own += any(other[at] is not None and other[at] == row[at] for at in self._dates)


class TooShort:
    """Counts the cells of one table that are protected, and too short to be searched for."""

    def __init__(self, table: Table, policy: Policy) -> None:
        whats = [(at, column.name, policy.what(table.name, column.name)) for at, column in enumerate(table.columns)]
        self._places = [
            (at, Place(table.name, name, what.kind)) for at, name, what in whats if what.searched and what.kind != TEXT
        ]
        self.found: Counter[Place] = Counter()

    def add(self, row: Row) -> None:
        """Take a row in."""
        for at, place in self._places:
            cell = row[at]
            if cell is None:
                continue
            value = joined(str(cell))
            if value and (len(value) < SHORTEST or (len(value) < SHORTEST_NUMBER and value.isdecimal())):
                self.found[place] += 1


def as_it_is(table: Table, row: Row) -> Row:
    """Return a row of the result as it stands."""
    del table
    return row


def differences(before: Mapping[str, Sums], after: Mapping[str, Sums]) -> Iterator[str]:
    """Yield a line for each table whose rows are not what they must be."""
    for name in before:
        ours, theirs = before[name], after.get(name, Sums())
        if ours.rows != theirs.rows:
            yield f"{name} has {theirs.rows} rows, and the original {ours.rows}"
        elif ours.kept != theirs.kept:
            yield f"{name}: columns that the policy keeps are not what they are in the original"
        elif ours.dated != theirs.dated:
            yield f"{name}: dates are not shifted as this key shifts them"
        if ours.own:
            yield f"{name}: {ours.own} rows keep a date of their own"


def shapes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each object of the schema that is not in both alike."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"the schema lacks {name}"
        elif name not in before:
            yield f"the schema has {name}, and the original does not"
        elif before[name] != after[name]:
            yield f"{name} is another one than in the original"


def is_empty(cell: Cell) -> bool:
    """Return whether a cell that the policy empties is empty."""
    return cell is None or cell in ("", b"") or (isinstance(cell, str) and not cell.strip())
