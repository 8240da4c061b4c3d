"""Text as people write it, from columns that are padded, pasted into and twelve years old."""

import re
import unicodedata
from typing import Any, Final

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator

from adapters.sql.charset import decoded

# Soft hyphens, zero-width characters and joiners, and the marks of direction that telephones put around a number.
_INVISIBLE: Final = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_BREAK: Final = re.compile("\r\n|[\r\x85\u2028\u2029]")
_BLANKS: Final = re.compile(r"[^\S\n]+")


def tidy(text: str) -> str:
    """Return `text` in NFC without padding and invisible characters, runs of blanks as one; line breaks stay."""
    # NFC last but for blanks: an invisible character may stand between a letter and its accent.
    plain = unicodedata.normalize("NFC", _BREAK.sub("\n", _INVISIBLE.sub("", text)))
    lines = (_BLANKS.sub(" ", line).strip() for line in plain.split("\n"))
    return "\n".join(lines).strip()


class TidyText(TypeDecorator[str]):
    """Text of a column, tidy, in the connection's character set or the column's own.

    Bytes that are no character of that set arrive as U+FFFD. Expects a connection that decodes with
    `adapters.sql.charset.lenient`.
    """

    impl = String
    cache_ok = True

    def __init__(self, codec: str, override: str | None = None) -> None:
        super().__init__()
        self.codec, self.override = codec, override

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Leave a parameter as it is."""
        del dialect
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Return a text tidy; what is no text stays."""
        del dialect
        return tidy(decoded(value, self.codec, self.override)) if isinstance(value, str) else value
