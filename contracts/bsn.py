"""Finds citizen service numbers (BSN) in free text, however they are written, and leaves telephone numbers alone.

One nine-digit number in eleven passes the check of a BSN, mobile numbers without their zero too: a call-back number
must not be destroyed. Dates have eight digits.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Final

import phonenumbers
from stdnum.nl import bsn

from contracts.plain import plain, raw
from contracts.telephone import TelephoneError, normalise_telephone

REPLACEMENT: Final = "[BSN]"

_LENGTHS: Final = frozenset({8, 9})
_SHORTEST: Final = 8
_LONGEST: Final = 9
_TELEPHONE: Final = range(8, 16)
"""Digits of a complete telephone number."""
_DUTCH: Final = 11
"""Digits of a Dutch number that begins with 31."""
_DIGIT: Final = re.compile(r"\d")
_GROUP: Final = re.compile(r"[0-9]+")
_GAP: Final = re.compile(r"[ \t.\-\u2010-\u2015\u2212]{1,3}")
_RARE_GAP: Final = re.compile(r"[/,_]|\n{1,2}")
"""What joins three groups only where they are those of a BSN: room numbers and amounts are joined by them too."""
_USUAL: Final = frozenset({(3, 3, 3), (4, 2, 3), (4, 3, 2)})
"""Digits of the groups in which people write a BSN."""
_WIDE_GAP: Final = re.compile(r"[ \t\n.,:/()_*\-\u2010-\u2015\u2212]{1,4}")
"""What stands between the digits of a telephone number."""
_PAUSE: Final = re.compile(r"[\n,:/]|\.[ \t]")
"""What ends a house number 31, which is no country's then."""
_Own = Callable[[], frozenset[str]]
"""Gives the spellings of a person's own numbers."""
_DAY_FIRST: Final = (2, 2, 4)
_YEAR_FIRST: Final = (4, 2, 2)


@dataclass(frozen=True, slots=True)
class _Group:
    digits: str
    begin: int
    end: int


def has_bsn(text: str) -> bool:
    """Whether some number passes as a BSN and is no part of a complete telephone number."""
    return bool(_found(text, ()))


def is_bsn(digits: str) -> bool:
    """Whether eight or nine digits, 0 to 9, pass the check of a BSN."""
    return len(digits) in _LENGTHS and digits.strip("0") != "" and bsn.checksum(digits.zfill(_LONGEST)) == 0


def replace_bsn(text: str, telephones: Collection[str]) -> tuple[str, int]:
    """Replace each number that passes as a BSN, and say how many they were.

    Args:
        text: what a person wrote.
        telephones: that person's own numbers, E.164; they stay, with and without 0 or 31.
    """
    found = _found(text, telephones)
    pieces, at = [], 0
    for begin, end in found:
        pieces += [text[at:begin], REPLACEMENT]
        at = end
    return "".join([*pieces, text[at:]]), len(found)


def _found(text: str, telephones: Collection[str]) -> list[tuple[int, int]]:
    """Return where they are in the original text."""
    # Most texts have too few digits, which the whole text tells a hundred times faster than each character.
    if len(_DIGIT.findall(unicodedata.normalize("NFKC", text))) < _SHORTEST:
        return []
    seen = plain(raw(text))
    groups = [_Group(match[0], *match.span()) for match in _GROUP.finditer(seen.text)]

    @cache  # only a candidate needs them, and reading a number takes longer than the rest
    def own() -> frozenset[str]:
        return frozenset(spelling for number in telephones for spelling in _spellings(number))

    found: list[tuple[int, int]] = []
    first = 0
    while first < len(groups):
        last = _bsn_at(seen.text, groups, first, own)
        if last is not None:
            found.append((seen.begins[groups[first].begin], seen.ends[groups[last].end - 1]))
        first = (first if last is None else last) + 1
    return found


def _bsn_at(text: str, groups: Sequence[_Group], first: int, own: _Own) -> int | None:
    """Return the last group of the longest BSN that begins with this group."""
    found = [
        last
        for last, digits in _windows(text, groups, first, _GAP, _LONGEST)
        if is_bsn(digits) and not _is_date(text, groups[first : last + 1])
    ]
    if not found:
        found = _usual(text, groups[first : first + 3], first)
    if not found or _is_telephone(text, groups, first, found[-1], own):
        return None
    return found[-1]


def _usual(text: str, three: Sequence[_Group], first: int) -> list[int]:
    """Return the last of three groups that are a BSN as people group it, whatever single character is between."""
    if tuple(len(group.digits) for group in three) not in _USUAL:
        return []
    gaps = [text[one.end : other.begin] for one, other in pairwise(three)]
    if not all(_RARE_GAP.fullmatch(gap) or _GAP.fullmatch(gap) for gap in gaps):
        return []
    return [first + 2] if is_bsn("".join(group.digits for group in three)) else []


def _windows(
    text: str, groups: Sequence[_Group], first: int, gap: re.Pattern[str], longest: int
) -> Iterator[tuple[int, str]]:
    """Yield each run of groups from `first` on with at most so many digits: its last group, and its digits."""
    digits = ""
    for last in range(first, len(groups)):
        if last > first and not gap.fullmatch(text, groups[last - 1].end, groups[last].begin):
            return
        digits += groups[last].digits
        if len(digits) > longest:
            return
        yield last, digits


def _is_telephone(text: str, groups: Sequence[_Group], first: int, last: int, own: _Own) -> bool:
    """Whether these groups are, or are a part of, one of the person's numbers or a complete number."""
    for begin in range(first, max(-1, first - _TELEPHONE[-1]), -1):
        for end, digits in _windows(text, groups, begin, _WIDE_GAP, _TELEPHONE[-1]):
            if end >= last and (digits in own() or _is_complete(text, groups[begin], groups[end], digits)):
                return True
    return False


def _is_complete(text: str, begin: _Group, end: _Group, digits: str) -> bool:
    international = text[: begin.begin].endswith("+")
    dutch = digits.startswith("31") and len(digits) == _DUTCH and not _PAUSE.search(text, begin.begin, end.end)
    if len(digits) not in _TELEPHONE or not (international or dutch or digits.startswith("0")):
        return False
    try:
        normalise_telephone(("+" if international else "") + text[begin.begin : end.end])
    except TelephoneError:
        return False
    return True


def _spellings(number: str) -> set[str]:
    parsed = phonenumbers.parse(number)
    national, country = str(parsed.national_number), str(parsed.country_code)
    return {national, f"0{national}", f"{country}{national}", f"00{country}{national}"}


def _is_date(text: str, groups: Sequence[_Group]) -> bool:
    gaps = {text[one.end : other.begin].strip() for one, other in pairwise(groups)}
    lengths = tuple(len(group.digits) for group in groups)
    if len(gaps) != 1 or lengths not in {_DAY_FIRST, _YEAR_FIRST}:
        return False
    numbers = [int(group.digits) for group in groups]
    day, month, year = numbers if lengths == _DAY_FIRST else reversed(numbers)
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
