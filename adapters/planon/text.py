"""Writes a person's text down: without a BSN, and fit for XML 1.0 without losing any other character.

XML 1.0 forbids most control characters, and a parser turns CR into LF: text that kept either would come out of the
backend different from what was validated. What is forbidden becomes visible, the rest stays.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from contracts.bsn import replace_bsn

_TAB: Final = 0x09
_LF: Final = 0x0A
_DELETE: Final = 0x7F
_C0: Final = range(0x20)
_BARE: Final = [*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
"""C1 controls, lone surrogates and two non-characters: they have no picture, so their number is shown."""

_VISIBLE: Final[dict[int, str]] = (
    {code: chr(0x2400 + code) for code in _C0 if code not in {_TAB, _LF}}
    | {_DELETE: "\u2421"}
    | {code: f"[U+{code:04X}]" for code in _BARE}
)


def visible(text: str) -> str:
    """Return `text` with CR LF and CR as LF and forbidden characters made visible; nothing else changes."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_VISIBLE)


@dataclass(frozen=True, slots=True)
class Words:
    """What a person wrote, as it is written down.

    Attributes:
        text: with forbidden characters made visible, and `[BSN]` in place of numbers that pass as one.
        replaced: how many these were.
    """

    text: str
    replaced: int


def words_of(text: str, telephones: Collection[str]) -> Words:
    """Return a person's words as they are written down; `telephones` are that person's own numbers, E.164."""
    without, replaced = replace_bsn(text, telephones)
    return Words(visible(without), replaced)
