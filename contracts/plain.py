"""Text as numbers are looked for in it: what cannot be seen is gone, and every script's digits are 0 to 9.

For each character of the plain text its place in the original is kept, so that what was found can be replaced there.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SPECIAL: Final = re.compile(r"[^\t\n\x20-\x7e]")
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Mn", "Me"})
_FILLERS: Final = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters by category, and nothing to the eye."""
_STANDS_FOR: Final = {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-"}


@dataclass(frozen=True, slots=True)
class Plain:
    """A text as it is looked at.

    Attributes:
        text: its characters.
        begins: for each of them, where in the original what it stands for begins.
        ends: and ends, exclusive.
    """

    text: str
    begins: Sequence[int]
    ends: Sequence[int]

    def replaced(self, pattern: re.Pattern[str], by: Callable[[str], str]) -> "Plain":
        """Replace each match; whatever stands for it has the place of the whole match."""
        pieces: list[str] = []
        begins: list[int] = []
        ends: list[int] = []
        at = 0
        for match in pattern.finditer(self.text):
            begin, end = match.span()
            new = by(match[0])
            pieces += (self.text[at:begin], new)
            begins += self.begins[at:begin]
            ends += self.ends[at:begin]
            begins += [self.begins[begin]] * len(new)
            ends += [self.ends[end - 1]] * len(new)
            at = end
        if not at:
            return self
        pieces.append(self.text[at:])
        begins += self.begins[at:]
        ends += self.ends[at:]
        return Plain("".join(pieces), begins, ends)


def raw(text: str) -> Plain:
    """Return a text as it is."""
    return Plain(text, range(len(text)), range(1, len(text) + 1))


def plain(text: Plain) -> Plain:
    """Normalise each character for itself, so that its place stays known, and drop what cannot be seen."""
    return text.replaced(_SPECIAL, _normal)


@lru_cache(maxsize=4096)
def _normal(character: str) -> str:
    if character in "\r\x85":
        return "\n"
    if character in _FILLERS:
        return ""
    return "".join(
        _one(each)
        for each in unicodedata.normalize("NFKC", character)
        if unicodedata.category(each) not in _INVISIBLE and each not in _FILLERS
    )


def _one(character: str) -> str:
    category = unicodedata.category(character)
    if category in _STANDS_FOR:
        return _STANDS_FOR[category]
    if character == "\u2212":  # a minus, which Unicode does not count as a dash
        return "-"
    digit = unicodedata.digit(character, None)  # of any script: an Arabic keyboard writes a BSN too
    return character if digit is None else str(digit)
