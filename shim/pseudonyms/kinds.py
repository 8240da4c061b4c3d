"""The kinds of values, and what is known of each without looking at one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_TEXT: Final = frozenset({"text"})
_NUMBERS: Final = frozenset({"text", "integer", "decimal"})
_TIMES: Final = frozenset({"text", "date", "datetime"})
_ANY: Final = frozenset({"text", "integer", "decimal", "float", "date", "time", "datetime", "boolean", "bytes"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a kind.

    Attributes:
        stands_on: kinds of columns that it can stand on.
        searched: whether its values are searched for afterwards; a date or a house number would be found everywhere.
        injective: whether two values never become one.
    """

    stands_on: frozenset[str]
    searched: bool
    injective: bool


KINDS: Final[Mapping[str, Facts]] = {
    "keep": Facts(_ANY, searched=False, injective=True),
    "number": Facts(_NUMBERS, searched=True, injective=True),
    "opaque": Facts(_TEXT, searched=True, injective=True),
    "family_name": Facts(_TEXT, searched=True, injective=True),
    "first_name": Facts(_TEXT, searched=True, injective=True),
    "initials": Facts(_TEXT, searched=False, injective=True),
    "full_name": Facts(_TEXT, searched=True, injective=False),
    "street": Facts(_TEXT, searched=True, injective=True),
    "house_number": Facts(_NUMBERS, searched=False, injective=True),
    "postcode": Facts(_TEXT, searched=True, injective=True),
    "city": Facts(_TEXT, searched=True, injective=True),
    "telephone": Facts(_TEXT, searched=True, injective=True),
    "email": Facts(_TEXT, searched=True, injective=True),
    "iban": Facts(_TEXT, searched=True, injective=True),
    "bsn": Facts(_NUMBERS, searched=True, injective=True),
    "insurance": Facts(_NUMBERS, searched=True, injective=True),
    "birth_date": Facts(_TIMES, searched=False, injective=False),
    "date": Facts(_TIMES, searched=False, injective=False),
    "timestamp": Facts(_TIMES, searched=False, injective=False),
    "text": Facts(_TEXT, searched=True, injective=False),
    "null": Facts(_ANY, searched=False, injective=False),
}


@dataclass(frozen=True, slots=True)
class What:
    """What a column is: the same kind and domain give the same pseudonym for the same value, wherever it stands."""

    kind: str
    domain: str = ""

    @property
    def searched(self) -> bool:
        """Whether its values must not be found in the result."""
        return KINDS[self.kind].searched

    @property
    def space(self) -> str:
        """Name of what it shares its pseudonyms with."""
        return f"{self.kind}:{self.domain}"

    def __str__(self) -> str:
        return f"{self.kind}:{self.domain}" if self.domain else self.kind
