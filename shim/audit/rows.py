"""A row of the audit as it is stored, and its hash.

The hash of a row is SHA-256 over the hash of the row before it and the row's other columns as canonical JSON: keys
sorted, no blanks, no floats, UTF-8; for what is stored here that is what RFC 8785 writes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from pydantic import JsonValue

from shim.audit.events import Event

COLUMNS: Final = ("chain", "n", "at", *(field.name for field in fields(Event)))
"""All that the hash covers."""
FIRST: Final = ""
"""What stands for the hash before a chain's first row."""
LONGEST: Final = 500
"""Characters of a value that a caller chose; the rest is cut off, with a mark."""

_TOLD: Final = COLUMNS[3:-1]
_told: Final = attrgetter(*_TOLD)
_NOTHING: Final = "{}"
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


def canonical(value: Mapping[str, Any]) -> str:
    """Return the only JSON text of an object.

    Raises:
        TypeError: there is a float in it, which every language writes its own way, or no JSON value.
    """
    _refuse_floats(value)
    return _encode(value)


def row_of(event: Event, chain: str, n: int, at: int) -> dict[str, str | int | None]:
    """Return an event's columns, all but its hash.

    Args:
        event: what happened.
        chain: where it is remembered.
        n: its place there, from 1.
        at: milliseconds since 1970.
    """
    row: dict[str, str | int | None] = {"chain": chain, "n": n, "at": at}
    for name, value in zip(_TOLD, _told(event), strict=True):
        row[name] = _storable(value) if isinstance(value, str) else value
    row["detail"] = _utf8(canonical(event.detail)) if event.detail else _NOTHING
    return row


def hash_of(previous: str, row: Mapping[str, Any]) -> str:
    """Return the hash of a row, 64 hexadecimal digits.

    Args:
        previous: the hash of the row before it in its chain, `FIRST` if it is the first.
        row: its columns, all but the hash.

    Raises:
        TypeError: a value is neither text nor a whole number.
    """
    return hashlib.sha256(f"{previous}{_encode(row)}".encode()).hexdigest()


def detail_of(stored: str) -> dict[str, JsonValue]:
    """Return the detail of a stored row."""
    value: dict[str, JsonValue] = json.loads(stored)
    return value


def _storable(text: str) -> str:
    """Return what both databases store and give back unchanged, so that the hash stays right."""
    if len(text) <= LONGEST and text.isascii() and "\0" not in text:  # nearly always, and ten times faster
        return text
    text = _utf8(text.replace("\0", "\ufffd"))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no place in the audit: write a whole number of a smaller unit")
    if isinstance(value, Mapping):
        for part in value.values():
            _refuse_floats(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_floats(part)
