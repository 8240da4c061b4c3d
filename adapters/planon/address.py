"""Decides whether an address as a person wrote it is the address of a tenant: yes, no, or not certain."""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from typing import Final

_POSTCODE: Final = re.compile(r"(?<![0-9A-Za-z])([1-9][0-9]{3})\s?([A-Za-z]{2})(?![0-9A-Za-z])")
_NUMBER: Final = re.compile(r"([0-9]{1,5})([a-z]{0,4})")
_ADDITION: Final = re.compile(r"[a-z]|[0-9]{1,3}|[a-z][0-9]{1,2}|bis|hs|huis|rood|zwart")
_NO_STREET: Final = frozenset({"huis", "huisnummer", "nummer", "nr", "no", "op", "van", "kamer", "etage"})


class Holds(Enum):
    """Whether a fact holds for a tenant."""

    YES = auto()
    UNSURE = auto()
    NO = auto()


@dataclass(frozen=True, slots=True)
class Home:
    """A tenant's address as the backend stores it."""

    street: str
    house_number: int
    house_addition: str
    postcode: str
    city: str


def fold(text: str) -> list[str]:
    """Return the words of a text without case, diacritics and punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return re.findall(r"[^\W_]+", plain)


@dataclass(frozen=True, slots=True)
class Address:
    """What an address in free text says: a postcode if there is one, and its other words."""

    postcode: str | None
    words: list[str]

    @property
    def numbers(self) -> list[int]:
        """Every number that may be a house number; none means that the address is of no use."""
        matches = (_NUMBER.fullmatch(word) for word in self.words)
        return [int(match[1]) for match in matches if match]

    @property
    def may_name_street(self) -> bool:
        """Whether a word that may be a street's stands in front of a number, unlike in "huis nummer 14"."""
        return any(
            _NUMBER.fullmatch(word) and before.isalpha() and before not in _NO_STREET
            for before, word in pairwise(self.words)
        )

    def is_of(self, home: Home) -> Holds:
        """Decide for one tenant.

        With a postcode, the number and its addition decide. Without one the street must stand in front of the number,
        and what follows must be the city or nothing: otherwise the address is not certain.
        """
        if self.postcode and self.postcode != home.postcode.replace(" ", "").upper():
            return Holds.NO
        place = self._place_of_number(home)
        match = _NUMBER.fullmatch(self.words[place]) if place is not None and place < len(self.words) else None
        if place is None or match is None or int(match[1]) != home.house_number:
            return Holds.NO
        city = fold(home.city)
        addition, rest = _addition(match[2], self.words[place + 1 :], city)
        stored = "".join(fold(home.house_addition))
        if addition and addition != stored:
            return Holds.NO
        certain = addition == stored and (self.postcode or not rest or _contains(rest, city))
        return Holds.YES if certain else Holds.UNSURE

    def _place_of_number(self, home: Home) -> int | None:
        street = fold(home.street)
        for start in range(len(self.words) - len(street) + 1):
            if self.words[start : start + len(street)] == street:
                return start + len(street)
        if not self.postcode:
            return None
        return next((place for place, word in enumerate(self.words) if _NUMBER.fullmatch(word)), None)


def read_address(text: str) -> Address | None:
    """Read an address in free text; None if it names no house number beside a postcode or a street."""
    plain = unicodedata.normalize("NFKC", text)
    for match in reversed(list(_POSTCODE.finditer(plain))):
        rest = Address((match[1] + match[2]).upper(), fold(plain[: match.start()] + " " + plain[match.end() :]))
        if rest.numbers:
            return rest
    # "Wilgenlaan 1400 in Tilburg" looks like a postcode, but leaves no house number.
    bare = Address(None, fold(plain))
    return bare if bare.may_name_street else None


def _addition(glued: str, following: list[str], city: list[str]) -> tuple[str, list[str]]:
    if glued:
        return glued, following
    if following[: len(city)] == city:  # the s of 's-Hertogenbosch is no addition
        return "", following
    if following and _ADDITION.fullmatch(following[0]):
        return following[0], following[1:]
    return "", following


def _contains(words: list[str], part: list[str]) -> bool:
    return any(words[start : start + len(part)] == part for start in range(len(words) - len(part) + 1))
