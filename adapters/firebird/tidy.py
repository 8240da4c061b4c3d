"""Text as people write it, from columns that are padded, pasted into and twelve years old."""

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_BLANKS: Final = re.compile(r"[^\S\n]+")


def tidy(text: str) -> str:
    """Return `text` in NFC without padding and invisible characters, runs of blanks as one; line breaks stay."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFC", text)).replace("\r\n", "\n").replace("\r", "\n")
    lines = (_BLANKS.sub(" ", line).strip() for line in plain.split("\n"))
    return "\n".join(lines).strip()
