"""Finds complete telephone numbers; letters are never digits of one.

A complete number is one with its 0, its country or, for a Dutch one, 31 before eleven digits. Nine digits without their
0 are one only behind a word such as "tel": as many numbers may be a BSN, and that leak is worse.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import phonenumbers

from contracts.telephone import REGION
from shim.guard.groups import Group, Span, Spans, Window, joints, windows
from shim.guard.shapes import dates

_GAP: Final = re.compile(r"[ \t\n.,:/()_*+\-]{1,4}")
"""A plus is a blank of a URL."""
_LENGTHS: Final = range(8, 16)
_NATIONAL: Final = frozenset({8, 10, 11, 12})
"""Digits of a Dutch number with its 0: 0800-1234, 06-12345678, 0800-1234567, 097-123456789."""
_DUTCH: Final = 11
_BARE: Final = 9
_PAUSE: Final = re.compile(r"[\n,:/]|\.[ \t]")
"""What ends a house number 31, which is no country's then."""
_WORD: Final = re.compile(
    r"(?:\b(?:tel|telefoon|telephone|phone|mobiel|mobile|mob|gsm|bel|bellen|belt|whatsapp|app)|telefoonnummer|telnr)"
    r"\.?[^0-9A-Za-z]{0,3}(?:nummer|nr|is|op|naar|met)?\.?[^0-9A-Za-z]{0,4}$",
    re.IGNORECASE,
)
_HINT: Final = re.compile("tel|phone|mob|gsm|bel|app", re.IGNORECASE)
_WORD_WITHIN: Final = 40
_CLOCK: Final = re.compile(r"(?!06)[012][0-9][.:][0-5][0-9](?![.:]?[0-9])")
"""A time of day, such as 07.45: no number begins with it. 06.45 may be half of a mobile one."""
_NOT_BEFORE_PLUS: Final = re.compile(r"[A-Za-z0-9=]")


def telephones(text: str, groups: Sequence[Group]) -> list[Span]:
    """Return where complete telephone numbers stand in a plain text."""
    found: list[Span] = []
    joined = joints(text, groups, _GAP)
    days = Spans(dates(text, [group.begin for group in groups]))
    told = _HINT.search(text) is not None
    first = 0
    while first < len(groups):
        last = _number_at(text, groups, joined, first, told)
        if last is not None:
            begin = groups[first].begin
            sign = _is_international(text, begin) or (
                text[begin - 1 : begin] == "(" and ")" in text[begin : groups[last].end]
            )
            span = (begin - sign, groups[last].end)
            if days.touch(*span):
                last = None
            else:
                found.append(span)
        first = (first if last is None else last) + 1
    return found


def _number_at(text: str, groups: Sequence[Group], joined: Sequence[bool], first: int, told: bool) -> int | None:
    """Return the last group of the longest number that begins with this group."""
    begin = groups[first].begin
    prefix = "+" if _is_international(text, begin) else ""
    if not prefix and groups[first].digits[0] not in "03" and not (told and _is_told(text, begin)):
        return None
    if not prefix and _CLOCK.match(text, begin):
        return None
    last: int | None = None
    for window in windows(groups, joined, first, _LENGTHS[-1]):
        if len(window.digits) not in _LENGTHS or not _may_be_one(text, groups, window, prefix):
            continue
        if any(_is_valid(sign + window.digits) for sign in {prefix, ""}):
            last = window.last
    return last


def _is_international(text: str, begin: int) -> bool:
    """Whether a plus stands before, and none that is a blank of a URL; no country begins with 0."""
    return (
        text[begin] != "0"
        and text[begin - 1 : begin] == "+"
        and not _NOT_BEFORE_PLUS.match(text[begin - 2 : begin - 1])
    )


def _may_be_one(text: str, groups: Sequence[Group], window: Window, prefix: str) -> bool:
    begin, end = groups[window.first].begin, groups[window.last].end
    digits = window.digits
    if prefix or digits.startswith("00"):
        return True
    if digits.startswith("0"):
        # A lone 0 is a number of its own: "kamer 0, 555555021".
        return len(digits) in _NATIONAL and (len(groups[window.first].digits) > 1 or text[begin - 1 : begin] == "(")
    if digits.startswith("31") and len(digits) == _DUTCH:
        return not _PAUSE.search(text, begin, end)
    return len(digits) == _BARE and _is_told(text, begin)


def _is_told(text: str, begin: int) -> bool:
    """Whether a word directly before says that a telephone number follows."""
    return _WORD.search(text[max(0, begin - _WORD_WITHIN) : begin]) is not None


@lru_cache(maxsize=1024)
def _is_valid(number: str) -> bool:
    if number.startswith("00"):
        number = "+" + number[2:]
    elif number.startswith("31") and len(number) == _DUTCH:
        number = "+" + number
    # (0) behind the country is how the Dutch write theirs.
    if number.startswith("+310"):
        number = "+31" + number[4:]
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, REGION))
    except phonenumbers.NumberParseException:
        return False
