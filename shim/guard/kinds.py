"""What is looked for in a text, and how it is told where it was."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """A kind of value that must not leave. The placeholder is its name in brackets."""

    BSN = "bsn"
    IBAN = "iban"
    INSURANCE = "insurance"
    AGB = "agb"
    EMAIL = "email"
    TELEPHONE = "telephone"

    @property
    def placeholder(self) -> str:
        """What stands in place of a value."""
        return f"[{self.name}]"


IDENTIFIERS: Final = frozenset({Kind.BSN, Kind.IBAN, Kind.INSURANCE, Kind.AGB})
"""What no contract names: never in any reply."""
ALL: Final = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Finding:
    """A value in a text: characters of the text as it was given, end exclusive. The value itself is not kept."""

    kind: Kind
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding somewhere in a JSON value.

    Attributes:
        path: JSON Pointer (RFC 6901) of the string, number or object member, with masked names as they are masked.
        finding: where in it; for a number, in its decimal digits; for a member's name, in the name.
        in_name: whether it was in the member's name, and not in its value.
    """

    path: str
    finding: Finding
    in_name: bool = False


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without what was found."""

    text: str
    findings: tuple[Finding, ...]
