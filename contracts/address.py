"""Which home an address in free text is about, however it is decorated: guesses at a tenant are counted by it."""

import re
import unicodedata
from itertools import pairwise
from typing import Final

_POSTCODE: Final = re.compile(r"(?<![0-9A-Za-z])([1-9][0-9]{3})\s?([A-Za-z]{2})(?![0-9A-Za-z])")
_NUMBER: Final = re.compile(r"([0-9]{1,5})[a-z]{0,4}")
_NO_STREET: Final = frozenset({"huis", "huisnummer", "nummer", "nr", "no", "op", "van", "kamer", "etage"})
"""Words before a number that no desk takes for a street: `nummer 14` names no home."""


def home_in(address: str) -> str | None:
    """Return postcode and house number such as `5017AB 14`, else the word and the number, such as `wilgenlaan 14`.

    Additions, cities and other words change nothing. Where several numbers leave open which one is the house's, it is
    the postcode alone, or None: a desk may read any of them, and each would be counted anew.
    """
    plain = unicodedata.normalize("NFKC", address)
    for match in reversed(list(_POSTCODE.finditer(plain))):
        rest = f"{plain[: match.start()]} {plain[match.end() :]}"
        numbers = {number for _, number in _numbers(rest)}
        if numbers:
            return " ".join([(match[1] + match[2]).upper(), *(numbers if len(numbers) == 1 else ())])
    places = set(_numbers(plain))
    streets = [f"{word} {number}" for word, number in places if word.isalpha() and word not in _NO_STREET]
    return streets[0] if len(places) == len(streets) == 1 else None


def _numbers(text: str) -> list[tuple[str, str]]:
    """Return the numbers in a text without leading zeros, each behind the word in front of it."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in letters if not unicodedata.combining(character)).casefold()
    words = ["", *re.findall(r"[^\W_]+", plain)]
    found = ((before, _NUMBER.fullmatch(word)) for before, word in pairwise(words))
    return [(before, str(int(match[1]))) for before, match in found if match]
