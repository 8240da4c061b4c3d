"""Pseudonyms of telephone numbers: other digits of the same kind of number, at the places where the digits stood."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import digits
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber

from contracts.plain import Plain, plain, raw
from contracts.telephone import REGION
from shim.pseudonyms.codes import Codes
from shim.pseudonyms.shapes import Places, digits_shape

_STRETCH: Final = re.compile(r"[0-9+()\s.,:;/|&_*\-\u2010-\u2015\u2212]+")
_GROUP: Final = re.compile(r"[0-9]+")
_TRUNK: Final = "(0)"
_LONGEST: Final = 17
_DUTCH: Final = 11
_DUTCH_CODE: Final = 31
_NATIONAL: Final = 9
_USUAL: Final = re.compile(r"(?:0|\+31|0031|31)([1-9][0-9]{8})")
_KEPT: Final = 3
_FEWEST: Final = 4
"""Digits at the end of a number of another kind that are replaced at least."""
_SHORT_AREAS: Final = (
    *("10", "13", "15", "20", "23", "24", "26", "30", "33", "35", "36", "38", "40", "43", "45", "46"),
    *("50", "53", "55", "58", "70", "71", "72", "73", "74", "75", "76", "77", "78", "79"),
)
_LONG: Final = (
    "111 113 114 115 117 118 161 162 164 165 166 167 168 172 174 180 181 182 183 184 186 187 222 223 224 226 227 228"
    " 229 251 252 255 294 297 299 313 314 315 316 317 318 320 321 341 342 343 344 345 346 347 348 411 412 413 416 418"
    " 475 478 481 485 486 487 488 492 493 495 497 499 511 512 513 514 515 516 517 518 519 521 522 523 524 525 527 528"
    " 529 541 543 544 545 546 547 548 561 562 566 570 571 572 573 575 577 578 591 592 593 594 595 596 597 598 599"
)
_LONG_AREAS: Final = tuple(_LONG.split())
_MOBILES: Final = ("61", "62", "63", "64", "65", "68")


_Number = tuple[str, str]
"""Country code and national digits."""


class Numbers:
    """National numbers that begin alike: a beginning out of a list, and digits."""

    def __init__(self, code: str, beginnings: Sequence[str], length: int, of_type: int | None) -> None:
        """Describe numbers.

        Args:
            code: of the country, in digits.
            beginnings: of one length, at least one.
            length: of a national number.
            of_type: what valid numbers must be; None when all of them are known to be of one type.
        """
        self._code = code
        self._beginnings = tuple(beginnings)
        self._rest = length - len(beginnings[0])
        self._type = of_type
        self.name = f"+{self._code} {length} {' '.join(beginnings)}"
        self.size = len(self._beginnings) * int(10**self._rest)

    def index(self, value: str) -> int:
        """Return the place of a national number."""
        beginning = value[: -self._rest]
        return self._beginnings.index(beginning) * int(10**self._rest) + int(value[-self._rest :])

    def value(self, index: int) -> str:
        """Return the national number at a place."""
        beginning, rest = divmod(index, 10**self._rest)
        return f"{self._beginnings[beginning]}{rest:0{self._rest}d}"

    def accepts(self, value: str) -> bool:
        """Return whether it is a valid number of the same type, and of no list that is known better."""
        if self._type is None:
            return True
        number = _parsed(f"+{self._code}{value}")
        return (
            number is not None
            and phonenumbers.number_type(number) == self._type
            and phonenumbers.national_significant_number(number) == value
            and not (number.country_code == _DUTCH_CODE and _beginnings(value))
        )

    def skeletons(self, value: str) -> tuple[str, ...]:
        """Return the number as it is written in its country, and with the country's code."""
        return spellings(self._code, value)


@dataclass(frozen=True, slots=True)
class Found:
    """A number in a text.

    Attributes:
        places: of its digits in the plain text.
        code: of its country, in digits.
        national: its national digits.
        spelled: its digits as they stand.
    """

    places: tuple[int, ...]
    code: str
    national: str
    spelled: str


def spellings(code: str, national: str) -> tuple[str, ...]:
    """Return the digits of a number as people write them, the usual spelling first."""
    return (f"0{national}" if code == str(_DUTCH_CODE) else code + national, code + national, f"00{code}{national}")


def numbers_in(text: str) -> tuple[Plain, list[Found]]:
    """Return every telephone number of a field, read as `contracts.telephone.telephones_in` reads it."""
    seen = plain(raw(text))
    return seen, [found for stretch in _STRETCH.finditer(seen.text) for found in _in_stretch(seen.text, stretch)]


def replaced(codes: Codes, space: str, text: str) -> tuple[str, list[tuple[int, int]]]:
    """Replace the digits of every number, and say from where to where in the text each number stands."""
    seen, found = numbers_in(text)
    characters = list(text)
    spans = []
    for number in found:
        known = _beginnings(number.national) if number.code == str(_DUTCH_CODE) else ()
        shape = _dutch(known) if known else _numbers(number.code, number.national)
        national = codes.of(space, shape, number.national)
        for place, digit in zip(number.places[-len(national) :], national, strict=True):
            begin, end = seen.begins[place], seen.ends[place]
            characters[begin:end] = [digit, *[""] * (end - begin - 1)]
        spans.append((seen.begins[number.places[0]], seen.ends[number.places[-1]]))
    # Each place still holds what stood there or its digit: lengths agree until they are joined.
    return "".join(characters) if all(characters) else _refilled(characters), spans


def shaped(codes: Codes, space: str, text: str) -> str:
    """Replace the digits of a field that holds no number one can call; its words stay."""
    return codes.of(f"{space} unreadable", digits_shape(text), text)


def _refilled(characters: list[str]) -> str:
    # A character that stood for several digits is rare; what is left of its place becomes a space, as spans count.
    return "".join(character or " " for character in characters)


def _in_stretch(text: str, stretch: re.Match[str]) -> Iterator[Found]:
    trunk = [at for at in range(stretch.start(), stretch.end()) if text.startswith(_TRUNK, at)]
    groups = [
        group for group in _GROUP.finditer(text, stretch.start(), stretch.end()) if group.start() - 1 not in trunk
    ]
    if not groups:
        return
    spelled = [("+" if text[group.start() - 1 : group.start()] == "+" else "") + group[0] for group in groups]
    whole = _read("".join(spelled))
    if whole is not None:
        yield _found(groups, whole)
        return
    for first, end in _cut(spelled):
        number = _read("".join(spelled[first:end]))
        if number is not None:
            yield _found(groups[first:end], number)


def _cut(groups: Sequence[str]) -> list[tuple[int, int]]:
    """Cut a stretch so that as few digits as possible belong to no number, as the contract does."""
    best: list[tuple[int, list[tuple[int, int]]]] = [(0, [])]
    for end, last in enumerate(groups, start=1):
        options = [(best[end - 1][0] + len(last), best[end - 1][1])]
        for start in range(end - 1, -1, -1):
            together = "".join(groups[start:end])
            if len(together) > _LONGEST:
                break
            begins = together.startswith(("0", "+")) or (together.startswith("31") and len(together) == _DUTCH)
            if begins and _read(together) is not None:
                options.append((best[start][0], [*best[start][1], (start, end)]))
        best.append(min(options, key=lambda option: option[0]))
    return best[-1][1]


def _found(groups: Sequence[re.Match[str]], number: _Number) -> Found:
    places = tuple(place for group in groups for place in range(*group.span()))
    return Found(places, *number, "".join(group[0] for group in groups))


@lru_cache(maxsize=4096)
def _read(spelled: str) -> _Number | None:
    """Return the number that these digits are, as `contracts.telephone` reads them."""
    plain_digits = spelled.lstrip("+")
    usual = _USUAL.fullmatch(spelled)
    if usual is not None and _beginnings(usual[1]):  # twenty times faster than to parse it
        return str(_DUTCH_CODE), usual[1]
    if spelled.startswith("00"):
        candidates = ["+" + spelled[2:]]
    else:
        candidates = [spelled, "+" + spelled] if spelled.startswith("31") else [spelled]
    for candidate in candidates:
        number = _parsed(candidate)
        if number is not None:
            national = phonenumbers.national_significant_number(number)
            return (str(number.country_code), national) if plain_digits.endswith(national) else None
    return None


def _parsed(spelled: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(spelled, REGION)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


@lru_cache(maxsize=4096)
def _numbers(code: str, national: str) -> Numbers | Places:
    number = _parsed(f"+{code}{national}")
    if number is None:
        return Places([digits] * len(national))
    kept = max(1, min(_KEPT, len(national) - _FEWEST))
    return Numbers(code, (national[:kept],), len(national), phonenumbers.number_type(number))


@lru_cache(maxsize=8)
def _dutch(beginnings: tuple[str, ...]) -> Numbers:
    return Numbers(str(_DUTCH_CODE), beginnings, _NATIONAL, None)


def _beginnings(national: str) -> tuple[str, ...]:
    """Return the beginnings of Dutch numbers of one kind; none for a kind that is not listed."""
    if len(national) != _NATIONAL:
        return ()
    for known in (_MOBILES, _SHORT_AREAS, _LONG_AREAS):
        if national.startswith(known):
            return known
    return ()
