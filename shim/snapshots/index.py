"""The protected values of an original, on disk, and what tells in memory that a text is surely none of them."""

import secrets
import sqlite3
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

SHORTEST: Final = 3
"""Letters and digits; what has fewer stands everywhere by chance."""
SHORTEST_NUMBER: Final = 6
"""Digits of a number that is nothing else; a shorter one is in no list of protected values."""
RAW_LETTERS: Final = 5
RAW_MIXED: Final = 6
RAW_DIGITS: Final = 7
"""Raw bytes are searched for longer ones: numbers and times stand between the texts there, and look like short ones."""
HEAD: Final = RAW_LETTERS
"""Letters and digits that tell of most texts that no value begins so."""

CELLS: Final = 1 << 25
"""Bytes of the filter, whatever is put into it: with a million values one text of 250 passes that is none of them."""
_CELL: Final = CELLS - 1
_BATCH: Final = 20_000
_REMEMBERED: Final = 50_000
_SCHEMA: Final = """
create table value (digest blob not null, place integer not null, primary key (digest, place)) without rowid;
create table elsewhere (digest blob primary key) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A protected column of the original."""

    table: str
    column: str
    kind: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} ({self.kind})"


class Filter:
    """A set that forgets nothing, takes a fixed room, and may take a stranger for one of its own.

    `cells` and `mask` are open for whoever asks fifty million times: `cells[hash(text) & mask]` is 0 for a stranger.
    """

    def __init__(self, size: int) -> None:
        self.cells = bytearray(size)
        self.mask = size - 1

    def add(self, text: str) -> None:
        """Take a text in."""
        found = hash(text)
        self.cells[found & self.mask] |= 1 << (found >> 40 & 7)


class Index:
    """Values by a digest that nobody can undo: its key is forgotten with this object. For one thread."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "values.db", isolation_level=None)
        self._database.executescript("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -16000;")
        self._database.executescript(_SCHEMA)
        self._key = secrets.token_bytes(16)
        self._batch: list[tuple[bytes, int]] = []
        self._places: dict[Place, int] = {}
        self._names: list[Place] = []
        self._remembered: dict[str, tuple[Place, ...]] = {}
        self.filter = Filter(CELLS)
        self.heads = Filter(CELLS >> 2)
        """The first `HEAD` characters of every value that is longer."""
        self.longest = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, place: Place, value: str) -> None:
        """Take a value in, as `joined` returns it, of at least `SHORTEST` characters."""
        self.longest = max(self.longest, len(value))
        self.filter.add(value)
        self.heads.add(value[:HEAD])
        if place not in self._places:
            self._places[place] = len(self._names)
            self._names.append(place)
        number = self._places[place]
        self._batch.append((self._digest(value), number))
        if len(self._batch) >= _BATCH:
            self.settle()

    def settle(self) -> None:
        """Write what was taken in; before the first question."""
        self._batch.sort()
        self._database.execute("begin")
        self._database.executemany("insert or ignore into value values (?, ?)", self._batch)
        self._database.execute("commit")
        self._batch.clear()

    def places(self, value: str) -> tuple[Place, ...]:
        """Return the columns of the original that hold a value, as `joined` returns it; none for a stranger."""
        known = self._remembered.get(value)
        if known is None:
            rows = self._database.execute("select place from value where digest = ?", (self._digest(value),))
            known = tuple(self._names[number] for (number,) in rows)
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[value] = known
        return known

    def stands_elsewhere(self, value: str) -> None:
        """Remember that a value stands somewhere by right."""
        self._database.execute("insert or ignore into elsewhere values (?)", (self._digest(value),))

    def is_elsewhere(self, value: str) -> bool:
        """Return whether `stands_elsewhere` was told of it."""
        query = "select 1 from elsewhere where digest = ?"
        return self._database.execute(query, (self._digest(value),)).fetchone() is not None

    def count(self) -> dict[Place, int]:
        """Return how many different values each column has."""
        rows = dict(self._database.execute("select place, count(*) from value group by place"))
        return {place: rows.get(number, 0) for place, number in self._places.items()}

    def _digest(self, value: str) -> bytes:
        return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=12, key=self._key).digest()


def in_raw(value: str) -> bool:
    """Return whether a value is long enough to be told from chance in raw bytes."""
    if value.isdecimal():
        return len(value) >= RAW_DIGITS
    return len(value) >= (RAW_LETTERS if value.isalpha() else RAW_MIXED)
