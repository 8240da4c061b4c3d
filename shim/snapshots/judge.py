"""Says of each protected value that the result holds whether it survived, or stands there by right."""

from collections import Counter
from datetime import date, time
from typing import Final

from contracts.snapshots import Cell
from shim.pseudonyms.kinds import What
from shim.snapshots.index import Index, Place
from shim.snapshots.raw import Piece
from shim.snapshots.search import has_digit, in_bytes, in_text
from shim.snapshots.verdict import ByRight, Survivor

KEPT: Final = "keep"
TEXT: Final = "text"
DATES: Final = frozenset({"birth_date", "date", "timestamp"})
RAW: Final = "raw bytes"
SEAM: Final = "raw bytes, where two fields meet"
SCHEMA: Final = "the schema"
_WORDS: Final = frozenset({"family_name", "first_name", "initials", "street", "city"})
"""Kinds of which a value alone is a word of the language, and names nobody."""
_NUMBERS: Final = frozenset({"number", "opaque", "telephone", "iban", "bsn", "insurance", "postcode", "house_number"})
_CHANCE_KEPT: Final = 7
_CHANCE_TEXT: Final = 5
"""Digits: a shorter number stands in such a column by chance."""
_DOUBTED: Final = 50
"""Values: more are no chance."""
_FIRST: Final = 3
_CLEAN: Final = 50_000


class Judge:
    """Counts. Keeps no value, except texts in which nothing was found, for a while."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._survivors: Counter[tuple[Place, str]] = Counter()
        self._first: dict[tuple[Place, str], list[int]] = {}
        self._by_right: Counter[tuple[Place, str]] = Counter()
        self._clean: set[str] = set()
        self._doubted: dict[str, list[int]] = {}

    def cell(self, where: str, what: What, cell: Cell, row: int, codec: str) -> None:
        """Look at a cell of the result.

        Args:
            where: its table and column.
            what: the policy makes of the column.
            cell: as the technology gives it.
            row: its number.
            codec: of texts in bytes.
        """
        if cell is None or isinstance(cell, bool | date | time):
            return
        text = cell.decode(codec, "replace") if isinstance(cell, bytes) else str(cell)
        if text in self._clean:
            return
        found = False
        for value, whole in in_text(self._index, text):
            found = True
            if _is_right(value, self._index.places(value), what, whole=whole):
                self._stands_by_right(value, where)
            else:
                self._survived(value, where, row)
        if not found:
            if len(self._clean) >= _CLEAN:
                self._clean.clear()
            self._clean.add(text)

    def schema(self, text: str) -> None:
        """Look at the text of an object of the schema, which the policy cannot change."""
        for value, _ in in_text(self._index, text):
            if not has_digit(value) or _is_chance(value, _CHANCE_KEPT):
                self._stands_by_right(value, SCHEMA)
            else:
                self._survived(value, SCHEMA, 1)

    def piece(self, piece: Piece) -> None:
        """Look at raw bytes; after all rows, which tell what may stand in them."""
        where = f"{RAW} as {piece.coding}" if piece.coding else RAW
        for value, begin in in_bytes(self._index, piece.text):
            if begin >= piece.until:
                continue
            if self._index.is_elsewhere(value):
                self._by_right[self._index.places(value)[0], where] += 1
            elif not piece.coding and (value in self._doubted or len(self._doubted) < _DOUBTED):
                self._doubted.setdefault(value, []).append(piece.offset + begin)
            else:
                self._survived(value, where, piece.offset + begin)

    @property
    def doubted(self) -> frozenset[str]:
        """What raw bytes hold and no cell does, as far as it is so little that chance may have written it."""
        return frozenset(self._doubted)

    def settle(self, seams: Counter[str]) -> None:
        """Say of each of these whether it survived; `seams` tells how often two cells of one row make it together.

        Fields stand in raw bytes without anything between them: `06101059` before `+31 6` is somebody's number, and
        nobody's. What stands there more often than that survived.
        """
        for value, places in self._doubted.items():
            if seams[value] >= len(places):
                self._by_right[self._index.places(value)[0], SEAM] += len(places)
                continue
            for at in places:
                self._survived(value, RAW, at)
        self._doubted.clear()

    @property
    def survivors(self) -> tuple[Survivor, ...]:
        """What survived, most first."""
        return tuple(
            Survivor(str(of), where, count, tuple(self._first[of, where]))
            for (of, where), count in self._survivors.most_common()
        )

    @property
    def by_right(self) -> tuple[ByRight, ...]:
        """What stands by right, most first."""
        return tuple(ByRight(str(of), where, count) for (of, where), count in self._by_right.most_common())

    def _survived(self, value: str, where: str, at: int) -> None:
        found = (self._index.places(value)[0], where)
        self._survivors[found] += 1
        first = self._first.setdefault(found, [])
        if len(first) < _FIRST:
            first.append(at)

    def _stands_by_right(self, value: str, where: str) -> None:
        self._index.stands_elsewhere(value)
        self._by_right[self._index.places(value)[0], where] += 1


def _is_right(value: str, places: tuple[Place, ...], what: What, *, whole: bool) -> bool:
    word = not has_digit(value) and any(place.kind in _WORDS for place in places)
    if what.kind == KEPT:
        return word or _is_chance(value, _CHANCE_KEPT)
    if what.kind == TEXT:
        return _is_chance(value, _CHANCE_TEXT)
    if whole:
        return not what.searched
    # A part of an invented value: an invented street has somebody's first name in it.
    return word or (value.isdecimal() and what.kind in _NUMBERS and all(place.kind != what.kind for place in places))


def _is_chance(value: str, digits: int) -> bool:
    return value.isdecimal() and len(value) < digits
