"""What the words of a name are: names, initials, and what says nothing of anybody."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shim.pseudonyms.spelling import skeleton

_RUN: Final = re.compile(r"[^\W\d_]+")
_PARTICLES: Final = (
    "aan al auf bij d da dal de degli dei del della den der des di do dos du el het im in l la las le les lo los of"
    " onder op over s t te ten ter tot uit uijt ut van vd vander vom von voor vor y zu zum zur"
)
PARTICLES: Final = frozenset(_PARTICLES.split())
_TITLES: Final = "dhr dr drs erven fam familie heer ing ir jr juffrouw meneer mevr mevrouw mej mr mw prof sr wed"
TITLES: Final = frozenset(_TITLES.split())
"""Before a name; the abbreviations are nobody's name themselves."""
_NAMES_TOO: Final = frozenset({"heer", "juffrouw", "familie", "erven"})
_PLACEHOLDERS: Final = "anoniem baby geen geheim idem leeg naam nb nnb nvt onb onbekend test unknown volgt voornaam"
PLACEHOLDERS: Final = frozenset(_PLACEHOLDERS.split())
"""What desks type into a field that must not be empty."""
_APOSTROPHES: Final = "'\u2019\u2018`\u00b4"
_ABBREVIATED: Final = 3
_NO_VOWEL: Final = re.compile(r"[b-df-hj-np-tv-xz]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a name.

    Attributes:
        begin, end: where it stands.
        kind: family_name or first_name, or initials whose letters are replaced one by one; empty for what stays.
    """

    begin: int
    end: int
    kind: str


def words_of(kind: str, text: str) -> list[Word]:
    """Return the words of a family name, first name, initials or full name."""
    runs = [run.span() for run in _RUN.finditer(text)]
    if kind == "initials":
        return [Word(*run, "initials") for run in runs]
    found = [Word(begin, end, _kind(kind, text, begin, end)) for begin, end in runs]
    if kind == "full_name":
        return list(_in_full(text, found))
    if not any(word.kind for word in found):
        # "Ten" and "Bij" are names when nothing else is said; "onbekend" never is.
        found = [
            word if skeleton(text[word.begin : word.end]) in PLACEHOLDERS else Word(word.begin, word.end, kind)
            for word in found
        ]
    return found


def _kind(kind: str, text: str, begin: int, end: int) -> str:
    word = skeleton(text[begin:end])
    if word in PARTICLES or word in PLACEHOLDERS or word in TITLES - _NAMES_TOO:
        return ""
    if end - begin == 1:
        # The 't of 't Hart, the d' of d'Hondt and the O of O'Brien say little, and the form would be lost.
        around = text[max(0, begin - 1) : begin] + text[end : end + 1]
        return "" if any(character in _APOSTROPHES for character in around) else "initials"
    if kind != "family_name" and len(word) <= _ABBREVIATED and _NO_VOWEL.fullmatch(word):
        return "initials"
    return kind


def _in_full(text: str, found: Sequence[Word]) -> Iterator[Word]:
    """Say which words are the family name: those before a comma, else those behind a particle, else the last."""
    names = [word for word in found if word.kind == "full_name"]
    comma = text.find(",")
    particles = [word.begin for word in found if not word.kind and skeleton(text[word.begin : word.end]) in PARTICLES]
    if comma >= 0:
        family = {word for word in names if word.end <= comma}
    elif particles and any(word.begin > particles[0] for word in names):
        family = {word for word in names if word.begin > particles[0]}
    else:
        family = set(names[-1:])
    for word in found:
        kind = word.kind
        if kind == "full_name":
            kind = "family_name" if word in family else "first_name"
        yield Word(word.begin, word.end, kind)
