"""A search for originals that shares no code with `shim snapshot verify`: plain SQL, whole cells, and bytes.

Values are sampled as they stand in the original. In rows a value is a whole cell; in bytes it is found wherever it
stands, so that what is shorter than six bytes, and could be there by chance, is searched for in rows only.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulators.intramed.names import BSN, INSURANCE
from simulators.intramed.sandbox import owner_connection

_COLUMNS: Final = (
    *(("PATIENT", name) for name in ("NUMMER", "ACHTERNAAM", "ROEPNAAM", "STRAAT", "POSTCODE", "PLAATS")),
    *(("TELEFOON", "NUMMER"), ("MEDEWERKER", "ACHTERNAAM"), ("VESTIGING", "TELEFOON")),
)
_TEXTS: Final = (("PATIENT", "OPMERKING"), ("JOURNAAL", "TEKST"))
_SAYS_NOTHING: Final = frozenset({"geheim", "-"})
"""What stands in a telephone's place when there is none."""
PLANTED: Final = (BSN, INSURANCE)
_GRAM: Final = 6


@dataclass(frozen=True)
class Sampled:
    """Values of an original; planted identifiers stand inside texts, the others are whole cells."""

    cells: frozenset[str]
    planted: tuple[str, ...] = PLANTED

    @property
    def in_bytes(self) -> dict[bytes, list[bytes]]:
        """What can be told from chance in bytes, by its first six."""
        found: dict[bytes, list[bytes]] = {}
        for value in (*self.cells, *self.planted):
            raw = value.encode("cp1252")
            if len(raw) >= _GRAM:
                found.setdefault(raw[:_GRAM], []).append(raw)
        return found


def sampled(database: Path, number: int, seed: int = 7) -> Sampled:
    """Take up to `number` different values of the protected columns."""
    values = {text for table, column in _COLUMNS for text in _cells(database, table, column)} - _SAYS_NOTHING
    chosen = random.Random(seed).sample(sorted(values), min(number, len(values)))  # noqa: S311 - a sample, no secret
    return Sampled(frozenset(chosen))


def in_rows(database: Path, wanted: Sampled) -> set[str]:
    """Return which of the values stand in a row."""
    found = {text for table, column in _COLUMNS for text in _cells(database, table, column) if text in wanted.cells}
    for table, column in _TEXTS:
        for text in _cells(database, table, column):
            found |= {value for value in wanted.planted if value in text}
    return found


def in_bytes(data: bytes, wanted: Sampled) -> set[bytes]:
    """Return which of the values stand in the bytes of a file."""
    grams, found = wanted.in_bytes, set[bytes]()
    for at in range(len(data) - _GRAM + 1):
        for value in grams.get(data[at : at + _GRAM], ()):
            if data.startswith(value, at):
                found.add(value)
    return found


def alone(data: bytes, found: set[bytes]) -> set[bytes]:
    """Return which of these stand somewhere with no digit on either side.

    A patient number such as 00317197 is in the midst of somebody's 0031 71 97 … by chance.
    """
    return {value for value in found if re.search(rb"(?<!\d)" + re.escape(value) + rb"(?!\d)", data)}


def _cells(database: Path, table: str, column: str) -> Iterator[str]:
    with owner_connection(str(database)) as connection:
        cursor: Any = connection.cursor()
        cursor.execute(f"select {column} from {table}")  # noqa: S608 - names of this module
        for (value,) in cursor:
            text = value.read() if hasattr(value, "read") else value
            if text is not None and text.strip():
                yield text.strip()
        cursor.close()
