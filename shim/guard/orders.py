"""Order, invoice and article numbers: one in eleven with nine digits would be called a BSN.

The exemption is narrow, for a label costs nothing to write: solid ASCII digits, directly behind a plain label of one
word, in running text. In a URL or in JSON there is none.
"""

import re
from typing import Final

_NUMBER: Final = r"(?:s?[ -]?(?:nummer|nr|no)s?\b)?"
_LABEL: Final = re.compile(
    r"(?:^|[\s(])(?:(?:werk|inkoop|verkoop|bestel|service)?order|(?:inkoop|verkoop|credit)?factuur|bestel(?:ling)?"
    r"|artikel|art\.|pakbon|offerte|project|werkbon|(?:service)?melding|incident|inc-|ticket|invoice)"
    rf"{_NUMBER}\.?(?: is| met nummer)?:?[ ]?#?$",
    re.IGNORECASE,
)
_WITHIN: Final = 40
_JSON: Final = re.compile(r"\s*[{\[]")
_CLOSED: Final = re.compile(r"[.,;:!?)]{0,2}(?:\s|$)")


def is_order(text: str, begin: int, end: int) -> bool:
    """Whether this part of a text, as it was given, is such a number behind its label."""
    digits = text[begin:end]
    if not (digits.isascii() and digits.isdigit()) or not _CLOSED.match(text, end):
        return False
    return _LABEL.search(text[max(0, begin - _WITHIN) : begin]) is not None and not _JSON.match(text)
