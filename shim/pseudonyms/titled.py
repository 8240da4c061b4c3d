"""Names behind a title in a free text, known or not: `mevr. van der Veen`, `dhr. J. Jansen`."""

import re
from typing import Final

from shim.pseudonyms.spelling import skeleton
from shim.pseudonyms.wording import PARTICLES, TITLES

WORD: Final = re.compile(r"[^\W_]+")
_TITLE: Final = re.compile(
    r"(?i)\b(?:dhr|heer|meneer|mevr|mevrouw|mw|mej|mr|juffrouw|fam|familie|dr|drs|prof|ir|ing)\b"
)
_NEAR: Final = re.compile(r"[. \t]{1,3}|[-'\u2019]{1,2}[ ]?|[ ]['\u2019]|[.]?[ ]?['\u2019]")
_MOST: Final = 6
"""Words that are looked at behind a title."""


def titled(text: str) -> list[tuple[int, int]]:
    """Return where names and initials stand behind a title; particles between them are not told."""
    found: list[tuple[int, int]] = []
    for title in _TITLE.finditer(text):
        if not found or title.start() >= found[-1][1]:
            found += _behind(text, title.end())
    return found


def _behind(text: str, at: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for _ in range(_MOST):
        word = WORD.search(text, at)
        if word is None or not _NEAR.fullmatch(text, at, word.start()):
            break
        # A sentence that ends behind a name is not gone on with: "Belt mevr. Jansen. Morgen weer."
        if found and "." in text[at : word.start()] and found[-1][1] - found[-1][0] > 1:
            break
        plain = skeleton(word[0])
        if plain in PARTICLES or plain in TITLES:
            at = word.end()
            continue
        if not word[0][:1].isupper() or not word[0].isalpha():
            break
        found.append(word.span())
        at = word.end()
    return found
