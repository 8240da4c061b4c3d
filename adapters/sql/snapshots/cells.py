"""Cells of an archive: PostgreSQL's own text of a value, as COPY writes and reads it, and back."""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from contracts.snapshots import Cell, Kind


def _boolean(text: str) -> bool:
    return text == "t"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("\\x"))


_READ: Final[dict[Kind, Callable[[str], Cell]]] = {
    "integer": int,
    "decimal": Decimal,
    "float": float,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "datetime": datetime.fromisoformat,
    "boolean": _boolean,
    "bytes": _bytes,
}


def cell(kind: Kind, text: str | None) -> Cell:
    """Return the value of a text; what Python has no value for, such as the date `infinity`, stays a text."""
    if text is None or kind == "text":
        return text
    try:
        return _READ[kind](text)
    except (ValueError, ArithmeticError):
        return text


def text(value: Cell) -> str | None:
    """Return the text of a value, as PostgreSQL reads it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)
