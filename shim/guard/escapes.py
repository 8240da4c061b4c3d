"""Undoes what programs write in place of characters: percent-encoding, escapes of JSON and Python, HTML's entities.

A URL in a message, a body in a log line and an exception's repr hide a number from a check that reads characters.
What was escaped several times is undone layer by layer; each layer is looked at, because a text may also mean what it
says: "10%20" is a discount.
"""

import html
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from contracts.plain import Plain, raw

_LAYERS: Final = 4
"""Nobody escapes five times; each layer costs another look at the text."""
_X: Final = "[0-9A-Fa-f]"
_TAIL: Final = f"%[89ABab]{_X}"
_SIGN: Final = re.compile(r"[%\\&]")
_ESCAPE: Final = re.compile(
    "|".join(
        (
            f"%[Ff][0-7](?:{_TAIL}){{3}}|%[Ee]{_X}(?:{_TAIL}){{2}}|%[CDcd]{_X}{_TAIL}|%[0-7]{_X}|%u{_X}{{4}}",
            rf"\\[uU][dD][89ABab]{_X}{{2}}\\[uU][dD][C-Fc-f]{_X}{{2}}|\\u{_X}{{4}}|\\U{_X}{{8}}|\\x{_X}{{2}}",
            rf"\\u\{{{_X}{{1,6}}\}}|\\[abfnrtv/\"'\\]",
            rf"&(?:#[0-9]{{1,7}};?|#[xX]{_X}{{1,6}};?|[A-Za-z][A-Za-z0-9]{{1,31}};)",
        )
    )
)
_POINT: Final = re.compile(f"{_X}+")
_LETTERS: Final = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_HIGHEST: Final = 0x10FFFF
_PAIR: Final = 2


def layers(text: str) -> Iterator[Plain]:
    """Yield the text as it is, and as it is with each layer of escapes undone; at least one, at most five."""
    layer = raw(text)
    yield layer
    for _ in range(_LAYERS):
        if not _SIGN.search(layer.text):
            return
        without = layer.replaced(_ESCAPE, _character)
        if without is layer:
            return
        layer = without
        yield layer


def _character(escape: str) -> str:
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[0] == "%" and escape[1] != "u":  # %u0039 is how old pages escape
        return unquote(escape, errors="replace")
    if escape[1] in _LETTERS:
        return _LETTERS[escape[1]]
    return _of_points(escape) if escape[1] in "uUx" else escape[1]


def _of_points(escape: str) -> str:
    points = [int(point, 16) for point in _POINT.findall(escape)]
    if len(points) == _PAIR:
        return chr(0x10000 + ((points[0] & 0x3FF) << 10) + (points[1] & 0x3FF))
    return chr(points[0]) if points[0] <= _HIGHEST else escape
