"""Decides whether an address as a person wrote it is the address of a tenant: yes, no, or not certain."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from rapidfuzz import fuzz

from contracts.address import AddressText, fold, is_number, is_street, number_of

ALIKE: Final = 80.0
"""Per cent of a street's letters that a misspelling keeps: one wrong letter in five."""
_ADDITION: Final = re.compile(r"[a-z]|[0-9]{1,3}|bis|ter|hs|rd|zw|ii|iii|iv")
_SAME: Final = {"huis": "hs", "rood": "rd", "zwart": "zw"}
"""Additions that are written in two ways."""
_FILLERS: Final = frozenset(
    {"ik", "wij", "we", "woon", "wonen", "adres", "is", "mijn", "aan", "de", "het", "t", "op", "in"}
)
"""Words that may stand in front of a street's name without being part of it."""


class Holds(Enum):
    """Whether an address is that of a tenant."""

    YES = auto()
    UNSURE = auto()  # it fits, and something is left open
    PARTLY = auto()  # it fits a part of what was written: `Oude Wilgenlaan 14` and the street Wilgenlaan
    NO = auto()


@dataclass(frozen=True, slots=True)
class Home:
    """A tenant's address as the backend stores it; what it does not know is empty, or None, and fits nothing."""

    street: str
    house_number: int | None
    house_addition: str
    postcode: str
    city: str


def is_of(text: AddressText, home: Home) -> Holds:
    """Decide for one tenant.

    With a postcode, number and addition decide, unless another street stands in front of them. Without one it must be
    the street that stands there, and what follows must be the city or nothing. Any other number leaves it open which of
    them is the house's.
    """
    if text.postcode and text.postcode != "".join(fold(home.postcode)).upper():
        return Holds.NO
    grades = {_grade(text, start, place, home) for start, place in _places(text, home)}
    return next((grade for grade in Holds if grade in grades), Holds.NO)


def likeness(text: AddressText, home: Home) -> float:
    """Return how much an address without a postcode looks like this home's, 0 to 100; 0 when its number differs.

    It says which home a misspelled address may mean, never that it does.
    """
    if text.postcode:
        return 0.0
    street = fold(home.street)
    written = (
        text.words[max(0, place - length) : place]
        for place, word in enumerate(text.words)
        if is_number(word) and number_of(word) == home.house_number
        for length in range(1, len(street) + 2)
    )
    return max((fuzz.ratio("".join(words), "".join(street)) for words in written if words), default=0.0)


def _places(text: AddressText, home: Home) -> Iterator[tuple[int, int]]:
    """Yield where the home's number stands, each with where its street begins, if that is named in front of it."""
    words, street = text.words, fold(home.street)
    for start in range(len(words) - len(street) if street else 0):
        place = start + len(street)
        if words[start:place] == street and is_number(words[place]) and number_of(words[place]) == home.house_number:
            yield start, place
    if text.postcode:
        for place in _house_numbers(words, fold(home.city)):
            if number_of(words[place]) == home.house_number and words[max(0, place - len(street)) : place] != street:
                yield place, place


def _house_numbers(words: Sequence[str], city: Sequence[str]) -> Iterator[int]:
    """Yield the places of numbers that are not the addition of another, such as the 14 of `16-14`."""
    place = 0
    while place < len(words):
        if is_number(words[place]):
            yield place
            place += _addition(words[place + 1 :], (), city)
        place += 1


def _grade(text: AddressText, start: int, place: int, home: Home) -> Holds:
    """Decide for a home whose number is at `place`, and whose street begins at `start`: the same if it is not named."""
    words, street, city, stored = text.words, fold(home.street), fold(home.city), _alike(fold(home.house_addition))
    end = place + 1 + _addition(words[place + 1 :], stored, city)
    addition, rest = _alike(words[place + 1 : end]), words[end:]
    if addition and (not stored or addition[: len(stored)] != stored):
        return Holds.NO
    before = words[start - 1] if start else ""
    clear = addition == stored and not any(is_number(word) for word in (*words[:start], *rest))
    if text.postcode:
        clear &= start < place or before in street or before in city or before in _FILLERS or not is_street(before)
    elif before and before not in _FILLERS:
        return Holds.PARTLY
    else:
        clear &= not rest or _contains(rest, city)
    return Holds.YES if clear else Holds.UNSURE


def _addition(following: Sequence[str], stored: Sequence[str], city: Sequence[str]) -> int:
    """Return how many words after a number are its addition; the s of `'s-Hertogenbosch` is none."""
    length = len(stored) if stored and _alike(following[: len(stored)]) == tuple(stored) else 0
    while (
        length < len(following)
        and _ADDITION.fullmatch(_SAME.get(following[length], following[length]))
        and not (city and tuple(following[length : length + len(city)]) == tuple(city))
    ):
        length += 1
    return length


def _alike(addition: Sequence[str]) -> tuple[str, ...]:
    return tuple(_SAME.get(word, word) for word in addition)


def _contains(words: Sequence[str], part: Sequence[str]) -> bool:
    """Return whether the words hold this part, which is not empty, as it is."""
    return bool(part) and any(words[at : at + len(part)] == part for at in range(len(words) - len(part) + 1))
