"""What of a cell is an original: what must not be invented again, what texts may name, what is searched for later."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from contracts.snapshots import Cell
from shim.guard import find
from shim.pseudonyms.kinds import What
from shim.pseudonyms.names import INVENTED
from shim.pseudonyms.spelling import skeleton
from shim.pseudonyms.telephones import numbers_in, spellings
from shim.pseudonyms.texts import KINDS_OF
from shim.pseudonyms.titled import titled
from shim.pseudonyms.wording import PARTICLES, PLACEHOLDERS, TITLES, words_of
from shim.snapshots.words import words

_SHORTEST: Final = 3
_SHORTEST_NUMBER: Final = 6
_NAMES: Final = frozenset({"family_name", "first_name", "full_name"})
_SAY_NOTHING: Final = PARTICLES | TITLES | PLACEHOLDERS


@dataclass(frozen=True, slots=True)
class Original:
    """A value that stands in a database.

    Attributes:
        what: what it is; of a part of a name, what the part is.
        value: as it is written.
    """

    what: What
    value: str

    @property
    def is_searched(self) -> bool:
        """Whether it is long enough to be told from chance, and says something of somebody."""
        plain = self.plain
        if len(plain) < _SHORTEST or (len(plain) < _SHORTEST_NUMBER and plain.isdigit()):
            return False
        return self.what.kind not in _NAMES or not all(skeleton(word) in _SAY_NOTHING for word in words(self.value))

    @property
    def plain(self) -> str:
        """The value as it is compared."""
        return skeleton(self.value)

    @property
    def is_invented(self) -> bool:
        """Whether its pseudonym is one that is assigned."""
        return self.what.kind in INVENTED


def originals(what: What, cell: Cell) -> Iterator[Original]:
    """Yield the originals of a cell: itself, and its parts where these may stand alone."""
    if cell is None or isinstance(cell, bool | bytes) or not what.searched:
        return
    text = str(cell).strip()
    if not skeleton(text):
        return
    match what.kind:
        case "text":
            yield from _in_text(text)
        case "telephone":
            yield from _telephones(what, text)
        case "email" if "@" not in text:
            return
        case kind if kind in _NAMES:
            yield from _names(what, text)
        case _:
            yield Original(what, text.lstrip("-"))


def _in_text(text: str) -> Iterator[Original]:
    for finding in find(text, tokens=False):
        written = text[finding.begin : finding.end]
        default = KINDS_OF[finding.kind]
        yield from _telephones(default, written) if default.kind == "telephone" else [Original(default, written)]
    for begin, end in titled(text):
        if end - begin > 1:
            yield Original(What("family_name"), text[begin:end])


def _telephones(what: What, text: str) -> Iterator[Original]:
    _, numbers = numbers_in(text)
    for number in numbers:
        for spelled in sorted({*spellings(number.code, number.national)[:2], number.spelled}):
            yield Original(what, spelled)
    if not numbers and any(character.isdigit() for character in text):
        yield Original(what, text)


def _names(what: What, text: str) -> Iterator[Original]:
    found = [word for word in words_of(what.kind, text) if word.kind]
    named = [word for word in found if word.kind != "initials"]
    if named:
        yield Original(what, text)
    for word in named:
        yield Original(What(word.kind, what.domain), text[word.begin : word.end])
