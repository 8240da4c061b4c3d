"""Firebird's names of character sets, and the Python codec that stores the same characters."""

import codecs


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
