"""The one way to read an address in free text: desks look a home up by it, and guesses at its tenant are counted by it.

What a desk resolves to a home must be counted as that home, so both start from the same words.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

NO_STREET: Final = frozenset(
    {"huis", "op", "van", "kamer", "etage", "verdieping", "in", "te", "bij", "tel", "telefoon"}
)
"""Words that may stand in front of a number and are no street's."""

_MARKERS: Final = frozenset({"nummer", "nr", "no", "num", "huisnummer", "huisnr", "hnr"})
"""Words that announce a house number and say nothing else."""
_POSTCODE: Final = re.compile(r"(?<![^\W_])([1-9][0-9]{3})[\s-]{0,2}([a-z]{2})(?![^\W\d_])")
_IN_STREET: Final = re.compile(r"[^\W\d_]\s+([0-9]{4})[\s-]{0,2}(?:nr|no)\W{0,2}[0-9]")
"""`Plein 1944 nr 50`: the year belongs to the street, and `nr` to the number. `1944 NR 50` is a postcode."""
_TOKEN: Final = re.compile(r"[0-9]+|[^\W\d_]+")
_LONGEST: Final = 5
"""Digits of a house number; what has more is a telephone number or nonsense."""


@dataclass(frozen=True, slots=True)
class AddressText:
    """What an address says: a postcode such as `5017AB` if there is one, and its other words, folded."""

    postcode: str | None
    words: tuple[str, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Every number that may be a house number, each once."""
        return tuple(dict.fromkeys(number_of(word) for word in self.words if is_number(word)))

    @property
    def is_usable(self) -> bool:
        """Whether it names a number, and a postcode or what may be a street: `huis nummer 14` names no home."""
        return bool(self.numbers) if self.postcode else any(is_street(before) for before, _ in self._places)

    @property
    def home(self) -> str | None:
        """The home that it names: `5017AB 14`, else `wilgenlaan 14` (the word and the number).

        Additions, cities and other words change nothing. Where several numbers leave open which one is the house's, it
        is the postcode alone, or None: a desk may read any of them, and each would be counted anew.
        """
        if self.postcode:
            numbers = self.numbers
            return " ".join([self.postcode, *(str(number) for number in numbers if len(numbers) == 1)])
        places = set(self._places)
        before, number = next(iter(places), ("", 0))
        return f"{before} {number}" if len(places) == 1 and is_street(before) else None

    @property
    def _places(self) -> list[tuple[str, int]]:
        found = pairwise(("", *self.words))
        return [(before, number_of(word)) for before, word in found if is_number(word)]


def fold(text: str) -> tuple[str, ...]:
    """Return the words of a text without case, diacritics, punctuation and invisible characters.

    Digits and letters are apart, so that `14a`, `14-A` and `14 a` are the same, and so are `Wilgenlaan14` and
    `Wilgenlaan 14`. Words that only announce a number are left out.
    """
    words = _TOKEN.findall(_plain(text))
    followed = pairwise((*words, ""))
    return tuple(
        word for word, after in followed if word not in _MARKERS and not (word == "huis" and after in _MARKERS)
    )


def read_address(text: str) -> AddressText:
    """Read an address in free text; of several postcodes the last one that leaves a number."""
    plain = _plain(text)
    in_streets = {match.start(1) for match in _IN_STREET.finditer(plain)}
    for match in reversed([match for match in _POSTCODE.finditer(plain) if match.start() not in in_streets]):
        postcode = (match[1] + match[2]).upper()
        rest = AddressText(postcode, fold(f"{plain[: match.start()]} {plain[match.end() :]}"))
        if rest.numbers:
            return rest
    # "Wilgenlaan 1400 in Tilburg" looks like a postcode, but leaves no house number.
    return AddressText(None, fold(plain))


def home_in(address: str) -> str | None:
    """Return the home that an address names, by which guesses are counted; see `AddressText.home`."""
    return read_address(address).home


def is_number(word: str) -> bool:
    """Whether a folded word may be a house number."""
    return word.isdecimal() and len(word) <= _LONGEST


def is_street(word: str) -> bool:
    """Whether a folded word may be the last one of a street's name, where a number follows."""
    return word.isalpha() and word not in NO_STREET


def number_of(word: str) -> int:
    """Return a house number without its leading zeros."""
    return int(word)


def _plain(text: str) -> str:
    """Return a text in lower case, without diacritics and the invisible characters that come along when one pastes."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text))
    return "".join(character for character in letters if unicodedata.category(character) not in {"Mn", "Cf"}).casefold()
