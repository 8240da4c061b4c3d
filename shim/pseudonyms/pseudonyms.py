"""Gives the pseudonym of a value: one entry for every kind."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from contracts.snapshots import Cell, Column
from shim.pseudonyms import identifiers, telephones
from shim.pseudonyms.avoiding import NOTHING, Avoided
from shim.pseudonyms.codes import Codes
from shim.pseudonyms.dates import Dates
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.kinds import What
from shim.pseudonyms.names import Names
from shim.pseudonyms.originals import originals
from shim.pseudonyms.spelling import fitted, skeleton
from shim.pseudonyms.texts import Texts

__all__ = ["NOTHING", "Avoided", "Pseudonyms"]

_CACHED: Final = 65_536
_DATES: Final = frozenset({"birth_date", "date", "timestamp"})
_WORDS: Final = frozenset({"family_name", "first_name", "full_name", "initials"})
_NUMBERS: Final = frozenset({"number", "opaque", "house_number", "postcode", "iban", "bsn", "insurance"})


class Pseudonyms:
    """Pseudonyms under one key, beside the originals of one database. For one thread."""

    def __init__(self, key: PseudonymKey, avoided: Avoided) -> None:
        """Prepare.

        Args:
            key: the same key gives the same pseudonyms.
            avoided: originals that no pseudonym may be; NOTHING where there is no database.
        """
        self._codes = Codes(key, avoided)
        self._names = Names(key, avoided, self._codes)
        self._dates = Dates(key)
        self._texts = Texts(lambda what, text: self._cached(what, text, None), self._codes, self._dates, avoided)
        # A name of a column that stands in a hundred thousand rows is made once.
        self._cached: Callable[[What, str, int | None], str] = lru_cache(maxsize=_CACHED)(self._plain)

    def of(self, what: What, cell: Cell, column: Column | None, person: str) -> Cell:
        """Return what stands in the place of a value. NULL stays NULL, and what is blank stays as it is.

        Args:
            what: what it is.
            cell: the value, padding included.
            column: where it stands, which says how long it may be; None for anywhere.
            person: whose row it is, as `person_of` tells it; empty when nobody's.
        """
        if cell is None or what.kind == "keep" or isinstance(cell, bool | bytes):
            return cell
        if what.kind == "null":
            return None
        if isinstance(cell, str):
            return self._text(what, cell, column, person)
        if what.kind in _DATES:
            return self._dates.of(what.kind, cell, person)
        if isinstance(cell, int):
            return identifiers.whole(self._codes, what, cell)
        return identifiers.decimal(self._codes, what, cell) if isinstance(cell, Decimal) else cell

    def note(
        self, what: What, cell: Cell, see: Callable[[What, str], None], name: Callable[[What, bytes], None]
    ) -> None:
        """Tell what of a cell is an original, and which names need an invention."""
        for original in originals(what, cell):
            if original.is_searched:
                see(original.what, original.plain)
            if original.is_invented:
                name(original.what, self._names.digest(original.what, _plain_of(original.what, original.value)))

    def _text(self, what: What, cell: str, column: Column | None, person: str) -> str:
        length = column.length if column else None
        core = cell.rstrip(" ")
        if not core.strip():
            return cell
        if what.kind == "text" and any(map(str.isdigit, core)):  # a date moves with the person
            new = fitted(self._texts.of(core, person), length)
        elif what.kind in _DATES:
            new = str(self._dates.of(what.kind, core, person))
        else:
            new = self._cached(what, core, length)
        room = len(cell) - len(core) if length is None else min(len(cell) - len(core), length - len(new))
        return new.ljust(length) if column and column.padded and length else new + " " * room

    def _plain(self, what: What, text: str, length: int | None) -> str:
        if what.kind in _NUMBERS:
            return identifiers.number(self._codes, what, text)
        if what.kind == "email" and "@" in text:
            return self._names.email(what, text, length)
        return fitted(self._worded(what, text), length)

    def _worded(self, what: What, text: str) -> str:
        if what.kind in _WORDS:
            return self._names.words(what, text)
        match what.kind:
            case "text":
                return self._texts.of(text, "")
            case "telephone":
                return self._telephone(what, text)
            case "street":
                return self._names.street(what, text)
            case "email":
                return self._texts.names(text)
            case _:
                return self._names.one(what, text)

    def _telephone(self, what: What, text: str) -> str:
        new, spans = telephones.replaced(self._codes, what.space, text)
        if not spans:
            return self._texts.names(telephones.shaped(self._codes, what.space, text))
        pieces, at = [], 0
        for begin, end in spans:
            pieces += [self._texts.remark(new[at:begin]), new[begin:end]]
            at = end
        return "".join([*pieces, self._texts.remark(new[at:])])


def _plain_of(what: What, value: str) -> str:
    return value.casefold() if what.kind == "email" else skeleton(value)
