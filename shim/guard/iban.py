"""Finds bank accounts (IBAN): two letters, two digits and the country's length, whatever stands between them."""

import re
from functools import cache
from typing import Final

from stdnum import iban, numdb

from shim.guard.groups import SEPARATOR, Span

_BEGIN: Final = re.compile(r"(?=([A-Z]{2})[0-9]{2}[0-9A-Z]{11})")
_BETWEEN: Final = re.compile(r"[^0-9A-Za-z]+")
_PART: Final = re.compile(r"([0-9]+)!?([nac])")
_OF: Final = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9A-Z]"}
_GAP: Final = re.compile(SEPARATOR + "{0,6}")
"""What may stand between two of its letters and digits."""


def ibans(text: str) -> list[Span]:
    """Return where they stand in a plain text."""
    compact = _BETWEEN.sub("", text).upper()
    may_be = [shape.span() for match in _BEGIN.finditer(compact) if (shape := _shape_at(compact, match))]
    valid = [span for span in may_be if iban.is_valid(compact[slice(*span)], check_country=False)]
    if not valid:
        return []
    places = [place for place, character in enumerate(text) if character.isascii() and character.isalnum()]
    return [
        (places[first], places[end - 1] + 1)
        for first, end in valid
        if all(_GAP.fullmatch(text, places[at] + 1, places[at + 1]) for at in range(first, end - 1))
    ]


def _shape_at(compact: str, begin: re.Match[str]) -> re.Match[str] | None:
    shape = _shape(begin[1])
    return shape.match(compact, begin.start()) if shape else None


@cache
def _shape(country: str) -> re.Pattern[str] | None:
    """Return how an account of that country is built; None if it has none."""
    ((_, facts),) = numdb.get("iban").info(country)[:1]
    parts = _PART.findall(facts.get("bban", ""))
    if not parts:
        return None
    return re.compile(f"{country}[0-9]{{2}}" + "".join(f"{_OF[letter]}{{{count}}}" for count, letter in parts))
