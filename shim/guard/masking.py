"""Replaces what must not leave by typed placeholders, in a text or in every part of a JSON value."""

import re
from collections.abc import Collection
from typing import Final

from pydantic import JsonValue

from shim.guard.finding import find
from shim.guard.kinds import ALL, Finding, Kind, Masked, Placed

_TELLING: Final = re.compile(
    r"agb|polis|verzeker|relatie|zorgpas|uzovi|policy|insur|member|lidmaatschap|inschrijf|tel|phone|mobiel|mobile|gsm",
    re.IGNORECASE,
)
"""In a member's name: what its value is, which the value does not say."""


def mask(text: str, kinds: frozenset[Kind] = ALL) -> Masked:
    """Replace each finding by its kind's placeholder, "[BSN]"; the text between stays, character for character."""
    found = tuple(find(text, kinds))
    return Masked(_replaced(text, found), found) if found else Masked(text, ())


def mask_json(
    value: JsonValue, kinds: frozenset[Kind] = ALL, skip: Collection[str] = ()
) -> tuple[JsonValue, list[Placed]]:
    """Mask every string, every number and every member's name in a JSON value; what is clean stays what it is.

    A number whose digits are found becomes the placeholder, a string: its type changes only then.

    Args:
        value: left as it is; the answer shares its clean parts.
        kinds: what to look for.
        skip: names of members whose values are not looked at, at any depth: a token, a telephone that a contract names.
    """
    placed: list[Placed] = []
    masked = _Walk(kinds, frozenset(skip), placed).walk(value, "", "")
    return masked, placed


def _replaced(text: str, found: Collection[Finding]) -> str:
    pieces, at = [], 0
    for finding in found:
        pieces += [text[at : finding.begin], finding.kind.placeholder]
        at = finding.end
    return "".join([*pieces, text[at:]])


class _Walk:
    def __init__(self, kinds: frozenset[Kind], skip: frozenset[str], placed: list[Placed]) -> None:
        self._kinds = kinds
        self._skip = skip
        self._placed = placed

    def walk(self, value: JsonValue, path: str, name: str) -> JsonValue:
        match value:
            case str():
                return self._text(value, path, name)
            case bool() | None:
                return value
            case int() | float():
                return self._number(value, path, name)
            case list():
                return [self.walk(each, f"{path}/{at}", name) for at, each in enumerate(value)]
            case dict():
                return self._members(value, path)

    def _text(self, text: str, path: str, name: str) -> str:
        found = self._in_context(text, name)
        self._placed += [Placed(path, finding) for finding in found]
        return _replaced(text, found)

    def _number(self, number: float, path: str, name: str) -> JsonValue:
        # NaN and the infinities are no numbers of anybody; int() would not have them.
        digits = str(abs(int(number))) if abs(number) < float("inf") else ""
        found = self._in_context(digits, name)
        self._placed += [Placed(path, finding) for finding in found]
        return _replaced(digits, found) if found else number

    def _in_context(self, text: str, name: str) -> list[Finding]:
        if not _TELLING.search(name):
            return find(text, self._kinds)
        context = f"{name}: "
        shift = len(context)
        return [
            Finding(finding.kind, max(0, finding.begin - shift), finding.end - shift)
            for finding in find(context + text, self._kinds)
            if finding.end > shift
        ]

    def _members(self, members: dict[str, JsonValue], path: str) -> dict[str, JsonValue]:
        masked: dict[str, JsonValue] = {}
        for name, value in members.items():
            found = find(name, self._kinds)
            plain = _free(_replaced(name, found), masked) if found else name
            at = f"{path}/{plain.replace('~', '~0').replace('/', '~1')}"
            self._placed += [Placed(at, finding, in_name=True) for finding in found]
            masked[plain] = value if name in self._skip else self.walk(value, at, name)
        return masked


def _free(name: str, taken: Collection[str]) -> str:
    """Return a name that no other member has: two that were masked must not become one."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free
