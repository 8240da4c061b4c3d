"""What is inside a token, padded, so that the length of a token tells nothing of a name."""

import struct
from dataclasses import dataclass
from typing import Final

PADDED_TO: Final = 96
"""A token's contents are a multiple of this long, bytes: 86 bytes of key, name and person fit into the first."""
_QUARTER: Final = struct.Struct(">I")
_LENGTH: Final = struct.Struct(">H")
_ABSENT: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Opened:
    """What a token stands for.

    Attributes:
        key: the backend's key.
        wording: what a person is told in its place; None if nothing.
        subject: the backend's key of the person that a hold or an appointment belongs to; None if none was known.
    """

    key: str
    wording: str | None = None
    subject: str | None = None


def pack(quarter: int, contents: Opened) -> bytes:
    """Return the bytes of a quarter of a day since 1970 and of texts with less than 65,535 bytes each."""
    packed = bytearray(_QUARTER.pack(quarter))
    for text in (contents.key, contents.wording, contents.subject):
        raw = b"" if text is None else text.encode()
        packed += _LENGTH.pack(_ABSENT if text is None else len(raw)) + raw
    return bytes(packed) + bytes(-len(packed) % PADDED_TO)


def unpack(packed: bytes) -> tuple[int, Opened]:
    """Return what was packed; the bytes were authenticated before."""
    (quarter,) = _QUARTER.unpack_from(packed)
    at = _QUARTER.size
    texts: list[str | None] = []
    for _ in range(3):
        (length,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size
        if length == _ABSENT:
            texts.append(None)
        else:
            texts.append(packed[at : at + length].decode())
            at += length
    key, wording, subject = texts
    return quarter, Opened(key or "", wording, subject)
