"""Whether a first name that somebody types is the one on a record: as tolerant as people are, by rules and one list."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

NICKNAMES: Final = Path(__file__).with_name("nicknames.tsv")
LOST: Final = "\ufffd"
"""Stands where a character of a record could not be decoded."""

_EXPANDED: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
_PLAIN: Final = {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
_PIECES = re.compile(r"[^\W_]+")
_ABBREVIATED: Final = 3
"""Letters of the longest run that is a tussenvoegsel written by its first letters: `vd`, `vdr`."""
_NO_NAME: Final = re.compile(
    r"""[b-df-hj-np-tv-xz0-9]+ | [^\W_]  # an abbreviation (Th, Chr), a number, an initial: Latin names have a vowel
    # What desks type into a field that must not be empty.
    | anoniem | baby | geen | leeg | naam | nee | nog | onb | onbekend | patient | unknown | volgt | voornaam | wed
    | broer | client(e)? | dame | dito | dochter | echtgeno(o)?t(e)? | fam(ilie)? | heer | idem | jonge(n|tje) | kind
    | man | meisje | meneer | mevr(ouw)? | moeder | partner | tweeling | vader | vrouw | weduwe | zoon | zuigeling | zus
    """,
    re.VERBOSE,
)


class Fits(Enum):
    """What a record says to a given fact."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"  # nothing on the record proves it, and nothing speaks against it


@dataclass(frozen=True, slots=True)
class RecordedName:
    """The name on a record: what is missing, or was not decoded, is unknown."""

    first: str | None
    particle: str | None
    family: str | None

    def answers_to(self, given: str) -> Fits:
        """Say whether `given` is this first name: as it is, a form of it, or with this family name behind it."""
        if self.first is None or not _tells_a_name(self.first):
            return Fits.MAYBE
        words = _PIECES.findall(unicodedata.normalize("NFC", given))
        starts = {" ".join(words[:cut]): words[cut:] for cut in range(1, len(words) + 1)}
        if any(_alike(start, self.first) is Fits.YES and self._is_family(rest) for start, rest in starts.items()):
            return Fits.YES
        # Who is `Jan Willem` on the record may say Jan, and the other way round; what stands behind a first name may
        # be a second one as well as a family name. So one word that both have leaves it open.
        recorded = {self.first, *_PIECES.findall(unicodedata.normalize("NFC", self.first))}
        shared = (_alike(one, other) is not Fits.NO for one in {*starts, *words} for other in recorded)
        return Fits.MAYBE if any(shared) else Fits.NO

    def _is_family(self, words: list[str]) -> bool:
        """Whether these are the recorded family name, or nothing."""
        families = folded(self.family or "")
        if not words or not families or LOST in f"{self.particle}{self.family}":
            return not words
        particle = "".join(_particle_word(word) for word in _words_of(self.particle or ""))
        as_recorded = re.compile(f"(?:{particle})?(?:{'|'.join(sorted(families))})")
        return any(map(as_recorded.fullmatch, folded(" ".join(words))))


class _Place(NamedTuple):
    """Where a form stands on the list: the first column is the registered name, and a question mark makes unsure."""

    line: int
    column: int
    sure: bool


def spelled(name: str) -> list[str]:
    """Return the words of a name without case and diacritics: `Marie-José` is marie, jose."""
    return _PIECES.findall(_without_marks(_translated(name, _PLAIN)))


def folded(name: str) -> frozenset[str]:
    """Return the ways to write a name in plain letters: `Jürgen` is jurgen and juergen, `Jan Willem` is janwillem."""
    return frozenset({"".join(spelled(name)), "".join(spelled(_translated(name, _EXPANDED)))} - {""})


def _alike(one: str, other: str) -> Fits:
    """Say whether two spellings are one name: yes, no, or two names by which one person may go."""
    ones, others = folded(one), folded(other)
    if ones & others:
        return Fits.YES
    places = _places()
    shared = [
        (a, b)
        for a in {place for form in ones for place in places.get(form, ())}
        for b in {place for form in others for place in places.get(form, ())}
        if a.line == b.line
    ]
    if any(a.column == b.column or (0 in (a.column, b.column) and a.sure and b.sure) for a, b in shared):
        return Fits.YES
    return Fits.MAYBE if shared else Fits.NO


def _tells_a_name(first: str) -> bool:
    """Whether a recorded first name is one: `J.P.`, `Joh.`, `Baby 2`, `?` are not; a lost character may be any."""
    words = spelled(first)
    if not words or LOST in first or "." in first:
        return False
    return not any(map(_NO_NAME.fullmatch, words))


def _words_of(particle: str) -> list[str]:
    """Return the words of a tussenvoegsel; `vd` is two."""
    words: list[str] = []
    for word in spelled(particle):
        abbreviated = len(word) <= _ABBREVIATED and not re.search("[aeiouy]", word)
        words += list(word) if abbreviated else [word]
    return words


def _particle_word(word: str) -> str:
    """Return the pattern of one word of a tussenvoegsel, in full or abbreviated on either side: `van`, `v.`."""
    if word == "t":
        return "(?:he)?t"
    return f"{word}[a-z]{{0,3}}" if len(word) == 1 else f"{word[0]}(?:{word[1:]})?"


def _translated(text: str, letters: Mapping[str, str]) -> str:
    folded_case = unicodedata.normalize("NFC", text).casefold()
    return "".join(letters.get(character, character) for character in folded_case)


def _without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@cache
def _places() -> dict[str, frozenset[_Place]]:
    """Return the places of the list at which each plain form of a name stands."""
    found: dict[str, set[_Place]] = {}
    for number, line in enumerate(NICKNAMES.read_text(encoding="utf-8").splitlines()):
        for column, names in enumerate(() if line.startswith("#") else line.split("\t")):
            place = _Place(number, column, not names.startswith("?"))
            for form in (form for name in names.lstrip("?").split("/") for form in folded(name)):
                found.setdefault(form, set()).add(place)
    return {form: frozenset(places) for form, places in found.items()}
