"""Firebird's names of character sets, and the Python codec that stores the same characters."""

import codecs
from typing import Final

_CONTROLS: Final = range(0x80, 0xA0)


def codec_of(charset: str) -> str:
    """Return the Python codec of a Firebird character set, such as `cp1252` for WIN1252.

    Raises:
        ValueError: Firebird has no such character set, or it does not say how characters are stored.
    """
    # Imported here: the driver takes 0.1 s to load, and a default is not checked.
    from firebird.driver.core import CHARSET_MAP  # noqa: PLC0415

    codec = CHARSET_MAP.get(charset.upper())
    if codec is None:
        raise ValueError(f"charset must be a character set of Firebird, such as WIN1252, not {charset!r}")
    return codecs.lookup(codec).name


def read(data: bytes, codec: str) -> str:
    """Return a text as it is stored; a byte from 80 to 9F that a character set lacks is the control of that number.

    Programs of DOS left such bytes: 81 was an umlaut there, and WIN1252 has nothing at 81, 8D, 8F, 90 and 9D.

    Args:
        data: bytes of a text.
        codec: of a character set with one byte for each character.

    Raises:
        UnicodeDecodeError: another byte is no character.
    """
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return "".join(chr(byte) if _is_free(byte, codec) else bytes((byte,)).decode(codec) for byte in data)


def written(text: str, codec: str) -> bytes:
    """Return the bytes of a text, those of `read` as they were.

    Raises:
        UnicodeEncodeError: the character set lacks a character.
    """
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return b"".join(bytes((ord(c),)) if _is_free(ord(c), codec) else c.encode(codec) for c in text)


def _is_free(number: int, codec: str) -> bool:
    return number in _CONTROLS and not bytes((number,)).decode(codec, "ignore")
