"""What is inside a token, short enough for a language model to copy, and padded: its length must not tell a name's."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from shim.opaque.wording import said

QUARTER_S: Final = 21_600
"""A quarter of a day, in which a token does not change, seconds."""
STEP: Final = 16
"""A token's contents are a multiple of this long, bytes."""
MOST: Final = 272
"""The longest contents that are looked for in a message, bytes: a token of 387 characters."""
_LEAST_WITH_NAME: Final = 32
"""Bytes: keys of 6 and names of up to 21 letters are all as long as this."""
_TEXT_MOST: Final = 255
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_HEAD: Final = struct.Struct(">HB")
"""Quarters of a day since 2020, which end in 2064; and which of the rest is there."""
_TIME: Final = struct.Struct(">ih")
"""Minutes since 2020, and the offset from UTC in minutes."""
_SUBJECT, _NAME, _AT = 1, 2, 4

Wording = str | datetime | None


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


def pack(issued_s: float, key: str, wording: Wording, subject: str | None) -> bytes:
    """Return the bytes of a moment, of which the quarter of a day stays, and of what a token stands for.

    A name that is longer than any is left out.

    Raises:
        ValueError: a key has more than 255 bytes.
    """
    at = wording if isinstance(wording, datetime) else None
    name = said(wording) if at is None else None
    name = None if name is not None and len(name.encode()) > _TEXT_MOST else name
    there = (subject is not None) * _SUBJECT | (name is not None) * _NAME | (at is not None) * _AT
    packed = _HEAD.pack(int(issued_s - _EPOCH.timestamp()) // QUARTER_S, there) + _text(key)
    packed += b"" if subject is None else _text(subject)
    if at is not None:
        offset = at.utcoffset() or timedelta()
        packed += _TIME.pack(int((at - _EPOCH).total_seconds()) // 60, int(offset.total_seconds()) // 60)
    if name is not None:
        packed = (packed + _text(name)).ljust(_LEAST_WITH_NAME, b"\0")
    return packed + bytes(-len(packed) % STEP)


def unpack(packed: bytes) -> tuple[int, Opened]:
    """Return when the quarter of a day began, in seconds since 1970, and what was packed, which was authenticated."""
    quarter, there = _HEAD.unpack_from(packed)
    key, at = _text_at(packed, _HEAD.size)
    subject = wording = None
    if there & _SUBJECT:
        subject, at = _text_at(packed, at)
    if there & _AT:
        minutes, offset = _TIME.unpack_from(packed, at)
        zone = timezone(timedelta(minutes=offset))
        wording = said((_EPOCH + timedelta(minutes=minutes)).astimezone(zone))
    if there & _NAME:
        wording, at = _text_at(packed, at)
    return quarter * QUARTER_S + int(_EPOCH.timestamp()), Opened(key, wording, subject)


def _text(text: str) -> bytes:
    raw = text.encode()
    if len(raw) > _TEXT_MOST:
        raise ValueError(f"a backend's key of {len(raw)} bytes is longer than {_TEXT_MOST}")
    return bytes([len(raw)]) + raw


def _text_at(packed: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + packed[at]
    return packed[at + 1 : end].decode(), end
