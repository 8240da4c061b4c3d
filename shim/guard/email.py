"""Finds e-mail addresses, from the at sign outwards: the work grows with the text and not with what it might mean."""

import re
from collections.abc import Iterator
from typing import Final

from shim.guard.groups import Span

_AT: Final = re.compile(r"\s{0,2}(?:@|\((?:at|apenstaartje)\)|\[(?:at|apenstaartje)\])\s{0,2}", re.IGNORECASE)
_LOCAL: Final = re.compile(r"[\w.%+\-'!#$&*/=?^`{|}~]{1,64}$")
_DOMAIN: Final = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|\[[0-9.:a-fA-F]{3,45}\]")
_OPENING: Final = "'`{|/=?&*"
"""May begin an address by the book, and is punctuation before one in practice."""
_LONGEST: Final = 64


def emails(text: str) -> Iterator[Span]:
    """Yield where they stand in a plain text."""
    for at in _AT.finditer(text):
        local = _LOCAL.search(text[max(0, at.start() - _LONGEST) : at.start()])
        domain = _DOMAIN.match(text, at.end())
        # "kom @ 12.30" names no domain.
        if local is not None and domain is not None and not domain[0].replace(".", "").isdigit():
            begin = at.start() - len(local[0].lstrip(_OPENING))
            if begin < at.start():
                yield begin, domain.end()
