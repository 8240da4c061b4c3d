"""Whether a planted value can still be read in what came out; knows nothing of the rules that were to find it."""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from tests.reliability.identifiers import Planted

_LAYERS: Final = 5
_READABLE: Final = 7
"""So many digits in a row of a number are called a leak, even if the others are gone."""
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(.))")


def survives(planted: Planted, text: str) -> bool:
    """Whether any reading of the text shows the value, or most of it in a row."""
    return any(_shows(planted, reading) for reading in _readings(text))


def _readings(text: str) -> Iterator[str]:
    for _ in range(_LAYERS):
        yield _seen(text)
        once = unquote(html.unescape(_unescaped(text)), errors="ignore")
        if once == text:
            return
        text = once


def _unescaped(text: str) -> str:
    text = _ESCAPE.sub(lambda escape: _character(*escape.groups()), text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _character(four: str | None, two: str | None, eight: str | None, one: str | None) -> str:
    point = four or two or eight
    if point:
        return chr(int(point, 16))
    return " " if one and one in "nrt" else one or ""


def _seen(text: str) -> str:
    plain = (each for each in unicodedata.normalize("NFKD", text) if unicodedata.category(each)[0] not in "CM")
    return "".join(str(unicodedata.digit(each, each)) for each in plain).lower()


def _shows(planted: Planted, reading: str) -> bool:
    if planted.kind == "email":
        return planted.value in reading
    if planted.kind == "iban":
        return planted.value[4:].lower() in "".join(each for each in reading if each.isalnum())
    if len(planted.value) < _READABLE:
        compact = "".join(each for each in reading if each.isalnum())
        return re.search(f"uzovi{planted.value}|polis(?:nr|nummer){planted.value}", compact) is not None
    digits = "".join(each for each in reading if each.isdigit())
    value = planted.value
    return any(value[at : at + _READABLE] in digits for at in range(len(value) - _READABLE + 1))
