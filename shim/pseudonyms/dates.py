"""Pseudonyms of dates: whole weeks earlier, as many for everything of one person; a date of birth stays in its year."""

import hashlib
import re
from datetime import date, datetime, timedelta
from typing import Final

from contracts.snapshots import Cell
from shim.pseudonyms.key import PseudonymKey

_FEWEST: Final = 4
_MOST: Final = 52
_ISO: Final = re.compile(r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DAY_FIRST: Final = re.compile(r"\s*([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})")
_SOLID: Final = re.compile(r"\s*([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9])")


class Dates:
    """Shifts dates under one key."""

    def __init__(self, key: PseudonymKey) -> None:
        self._key = key.derived("dates")

    def of(self, kind: str, cell: Cell, person: str) -> Cell:
        """Return a shifted date, time stamp, or text that begins with one.

        Args:
            kind: birth_date, date or timestamp.
            cell: what is shifted; a text that is no date stays.
            person: whose it is, as all tables and systems tell it; empty when nobody's.
        """
        match cell:
            case datetime():
                return datetime.combine(self.day(kind, cell.date(), person), cell.timetz())
            case date():
                return self.day(kind, cell, person)
            case str():
                return self._text(kind, cell, person)
            case _:
                return cell

    def day(self, kind: str, day: date, person: str) -> date:
        """Return the shifted day: the same day of the week."""
        return self._born(day, person) if kind == "birth_date" else self._earlier(day, person)

    def _earlier(self, day: date, person: str) -> date:
        weeks = _FEWEST + self._drawn(person or day.isoformat()) % (_MOST - _FEWEST + 1)
        try:
            return day - timedelta(weeks=weeks)
        except OverflowError:  # the first year that there is
            return day + timedelta(weeks=weeks)

    def _born(self, day: date, person: str) -> date:
        before = (day - date(day.year, 1, 1)).days // 7
        after = (date(day.year, 12, 31) - day).days // 7
        # Any week of the year but its own: -before to -1, and 1 to after.
        weeks = self._drawn(f"born {person or day.isoformat()}") % (before + after) - before
        return day + timedelta(weeks=weeks if weeks < 0 else weeks + 1)

    def _text(self, kind: str, text: str, person: str) -> str:
        for form, order in ((_ISO, (1, 2, 3)), (_DAY_FIRST, (4, 3, 1)), (_SOLID, (1, 2, 3))):
            found = form.match(text)
            if found is None:
                continue
            try:
                day = date(*(int(found[group]) for group in order))
            except ValueError:
                return text
            shifted = self.day(kind, day, person)
            parts = dict(zip(order, (shifted.year, shifted.month, shifted.day), strict=True))
            characters = text
            for group in sorted(parts, reverse=True):
                begin, end = found.span(group)
                width = end - begin if text[begin] == "0" or end - begin > 1 else 1
                characters = characters[:begin] + f"{parts[group]:0{width}d}" + characters[end:]
            return characters
        return text

    def _drawn(self, told: str) -> int:
        return int.from_bytes(hashlib.blake2b(told.encode(), key=self._key, digest_size=16).digest(), "big")
