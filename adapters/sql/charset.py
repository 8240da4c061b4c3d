"""Decoding that loses nothing: a byte that the character set does not have must not cost the whole row."""

import codecs
import re
from functools import lru_cache
from typing import Any, Final

_PREFIX: Final = "lenient_"
REPLACED: Final = "\ufffd"
"""What stands for bytes that are no character."""


def lenient(codec: str) -> str:
    """Return the name of a codec that encodes as `codec` does and decodes what it can.

    An undecodable byte becomes a lone surrogate, from which `decoded` gets it back; drivers take codecs by name only.
    """
    _register()
    return _PREFIX + codecs.lookup(codec).name.replace("-", "_")


def decoded(text: str, codec: str, override: str | None = None) -> str:
    """Return a text that was read through `lenient(codec)`, by its column's own codec, undecodable bytes as U+FFFD."""
    stored = text.encode(codec, "surrogateescape") if override else None
    if stored is not None:
        return stored.decode(override or codec, "replace")
    return _SURROGATES.sub(REPLACED, text)


_SURROGATES = re.compile("[\udc80-\udcff]")


@lru_cache(maxsize=1)
def _register() -> None:
    codecs.register(_search)


def _search(name: str) -> codecs.CodecInfo | None:
    if not name.startswith(_PREFIX):
        return None
    strict = codecs.lookup(name.removeprefix(_PREFIX))

    def decode(data: Any, errors: str = "strict", /) -> tuple[str, int]:
        del errors  # drivers ask for "strict" and know no other word
        return strict.decode(data, "surrogateescape")

    return codecs.CodecInfo(strict.encode, decode, name=name)
