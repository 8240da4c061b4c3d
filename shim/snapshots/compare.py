"""What differs between two snapshots: the schema in full, the rows in numbers and names of columns, never a value."""

import difflib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from struct import Struct
from typing import Final

from pydantic import JsonValue

from contracts.snapshots import Content, Row, Table, Tell

_BATCH: Final = 10_000
_CELL: Final = 0xFFFFFFFF
_NULL: Final = "\0NULL"
"""No text of a database is this one."""
_KEYED: Final = "create table first (key blob primary key, cells blob not null) without rowid"
_COUNTED: Final = "create table first (key blob primary key, surplus integer not null) without rowid"


@dataclass(frozen=True, slots=True)
class Rows:
    """How the rows of one table differ.

    Attributes:
        table: its name.
        removed: rows that only the first snapshot has.
        added: rows that only the second has.
        changed: rows of the same key; always 0 for a table without one.
        columns: in how many changed rows each column differs.
    """

    table: str
    removed: int
    added: int
    changed: int = 0
    columns: Mapping[str, int] | None = None

    def __str__(self) -> str:
        parts = [f"{self.removed} removed", f"{self.added} added", f"{self.changed} changed"]
        names = ", ".join(f"{name} {count}" for name, count in (self.columns or {}).items())
        return f"{self.table}: {', '.join(parts)}" + (f" ({names})" if names else "")


@dataclass(frozen=True, slots=True)
class Difference:
    """How the second snapshot differs from the first; false when it does not.

    Attributes:
        added, removed: objects of the schema by name.
        changed: the lines of a unified diff, by the name of the object.
        rows: of the tables that both have, where they differ.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    rows: tuple[Rows, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.rows)

    def as_json(self) -> dict[str, JsonValue]:
        """Return all of it for a program."""
        return {
            "schema": {
                "added": list(self.added),
                "removed": list(self.removed),
                "changed": {name: list(lines) for name, lines in self.changed.items()},
            },
            "rows": {
                one.table: {
                    "removed": one.removed,
                    "added": one.added,
                    "changed": one.changed,
                    "columns": dict(one.columns or {}),
                }
                for one in self.rows
            },
        }


def diff(first: Content, second: Content, folder: Path, tell: Tell) -> Difference:
    """Compare two snapshots.

    Memory does not grow with them: a digest of each row of the first one is in `folder`. In which order a database
    sorts its keys does not matter.
    """
    before, after = first.shape, second.shape
    theirs = {table.name: table for table in second.tables}
    pairs = [(table, theirs[table.name]) for table in first.tables if table.name in theirs]
    rows = [_rows(first, ours, second, other, folder, tell) for ours, other in pairs]
    return Difference(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        {
            name: _unified(before[name], after[name])
            for name in sorted(before.keys() & after.keys())
            if before[name] != after[name]
        },
        tuple(one for one in rows if one.removed or one.added or one.changed),
    )


def _unified(before: str, after: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm="")
    return tuple(line for line in lines if not line.startswith(("---", "+++")))


def _rows(first: Content, ours: Table, second: Content, theirs: Table, folder: Path, tell: Tell) -> Rows:
    file = folder / "rows.db"
    store = sqlite3.connect(file, isolation_level=None)
    try:
        store.executescript("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -16000;")
        before, after = _Reading(first, ours, theirs, tell), _Reading(second, theirs, ours, tell)
        return _by_key(store, before, after) if before.key else _by_count(store, before, after)
    finally:
        store.close()
        file.unlink(missing_ok=True)


class _Reading:
    """The rows of one table as digests, of the columns that both snapshots have, in the order of their names."""

    def __init__(self, content: Content, table: Table, other: Table, tell: Tell) -> None:
        self._content, self.table, self._tell = content, table, tell
        places = {column.name: at for at, column in enumerate(table.columns)}
        self.names = sorted(places.keys() & {column.name for column in other.columns})
        self._places = [places[name] for name in self.names]
        self.key = [places[name] for name in table.key] if table.key == other.key else []
        self._cells = Struct(f"<{len(self.names)}I")

    def cells(self, row: Row) -> bytes:
        """Return four bytes for each column."""
        return self._cells.pack(*[hash(_NULL if row[at] is None else str(row[at])) & _CELL for at in self._places])

    def differing(self, before: bytes, after: bytes) -> Iterator[str]:
        """Yield the columns in which two rows differ."""
        pairs = zip(self._cells.unpack(before), self._cells.unpack(after), strict=True)
        return (name for name, (ours, theirs) in zip(self.names, pairs, strict=True) if ours != theirs)

    def keyed(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield a digest of each row's key, and of its cells."""
        for row in self._rows():
            yield _digest(row, self.key), self.cells(row)

    def whole(self) -> Iterator[tuple[bytes]]:
        """Yield a digest of each row."""
        for row in self._rows():
            yield (_digest(row, self._places),)

    def _rows(self) -> Iterator[Row]:
        everything = self._content.count(self.table)
        for number, row in enumerate(self._content.rows(self.table)):
            if number % _BATCH == 0:
                self._tell(f"comparing {self.table.name}", number, everything)
            yield row


def _digest(row: Row, places: list[int]) -> bytes:
    parts = chain.from_iterable((str(row[at]), "\0", type(row[at]).__name__, "\0") for at in places)
    return blake2b("".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _by_key(store: sqlite3.Connection, before: _Reading, after: _Reading) -> Rows:
    store.execute(_KEYED)
    store.execute("begin")
    store.executemany("insert into first values (?, ?)", before.keyed())
    added = changed = 0
    columns: Counter[str] = Counter()
    for key, cells in after.keyed():
        known = store.execute("delete from first where key = ? returning cells", (key,)).fetchone()
        if known is None:
            added += 1
        elif known[0] != cells:
            changed += 1
            columns.update(before.differing(known[0], cells))
    (removed,) = store.execute("select count(*) from first").fetchone()
    return Rows(before.table.name, removed, added, changed, dict(sorted(columns.items())))


def _by_count(store: sqlite3.Connection, before: _Reading, after: _Reading) -> Rows:
    store.execute(_COUNTED)
    store.execute("begin")
    count = "insert into first values (?, {0}) on conflict (key) do update set surplus = surplus + {0}"
    store.executemany(count.format(1), before.whole())
    store.executemany(count.format(-1), after.whole())
    sums = "select total(max(surplus, 0)), total(max(-surplus, 0)) from first"
    removed, added = store.execute(sums).fetchone()
    return Rows(before.table.name, int(removed), int(added))
