"""Foreign text as the page shows it: without identifiers, and with nothing in it that is not seen.

A backend's fault, a client's name or a colleague's reason may hold characters that reverse a line or hide in one.
Escaping is the template's; this is what escaping does not do.
"""

import re
import unicodedata
from datetime import datetime
from typing import Final

from jinja2 import Undefined
from markupsafe import Markup

from shim.guard import mask
from shim.local_time import local, time_of_day

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by their category, and blanks to look at."""
_LINE: Final = "⏎"
_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


class Code(str):
    """What this shim or a backend has issued: not guarded, for a part of one may look like a number of a person."""

    __slots__ = ()


def number(text: str) -> str:
    """Return a backend's number as a code, which it is unless it has blanks, signs of its own or no end."""
    return Code(text) if _NUMBER.fullmatch(text) else text


def shown(value: object) -> object:
    """Return what a template prints for a value: text is guarded, unless it is a code, and hides nothing.

    Of a list, or a part of a document, what it is printed as is guarded.
    """
    if isinstance(value, Markup | Undefined | int | float) or value is None:
        return value
    return visible(value if isinstance(value, Code) else mask(str(value)).text)


def visible(text: str) -> str:
    """Return a text in which every character is seen: `⟨U+202E⟩` in place of one that turns the line around."""
    return "".join(map(_seen, text)) if not text.isascii() or not text.isprintable() else text


def _seen(character: str) -> str:
    if character == "\n":
        return _LINE
    if unicodedata.category(character) in _HIDDEN or character in _BLANK:
        return f"⟨U+{ord(character):04X}⟩"
    return character


def clock(moment: datetime) -> Markup:
    """Return the time of the day on this machine's clock, with the day if that is not today."""
    return _time(moment, time_of_day(moment))


def dated(moment: datetime) -> Markup:
    """Return the local time with its offset, to the second."""
    return _time(moment, local(moment))


def as_told(moment: datetime) -> Markup:
    """Return a time with the offset that it was told with, which a local one has lost."""
    return _time(moment, moment.isoformat(sep=" ", timespec="seconds"))


def _time(moment: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), text)
