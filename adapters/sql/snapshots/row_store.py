"""Rows of an archive in a SQLite file of a private folder: in the order of their keys, unique values looked at.

SQLite stands in for a server, which is not needed to read an archive. It compares whole numbers as numbers and all
else as texts, byte by byte, so two decimals that are written differently are two here; foreign keys between columns
that PostgreSQL would compare otherwise than so are left to the restore, like checks and exclusion constraints.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from contracts.snapshots import Column, Reference, SnapshotRefused, Table

_CACHE: Final = -16_384  # kilobytes
_COMPARED: Final = frozenset({"integer", "text", "date", "boolean", "bytes"})


class RowStore:
    """Rows by table, as an archive has them: one text per column. For one thread; gone with its folder.

    Args:
        file: where; must not be there.
        tables: their columns.
    """

    def __init__(self, file: Path, tables: tuple[Table, ...]) -> None:
        self._tables = tables
        self._numbers = {table.name: number for number, table in enumerate(tables)}
        self._connection = sqlite3.connect(file, isolation_level=None)
        for setting in ("journal_mode = off", "synchronous = off", f"cache_size = {_CACHE}"):
            self._connection.execute(f"pragma {setting}")
        for number, table in enumerate(tables):
            self._connection.execute(_create(number, table))
            # Before the rows: an index that is made afterwards sorts them in files outside of the private folder.
            for place, unique in enumerate(table.uniques):
                names = ", ".join(_column(table, name) for name in unique)
                self._connection.execute(f"create unique index u{number}_{place} on t{number} ({names})")

    def add(self, number: int, rows: Iterable[list[str | None]]) -> None:
        """Take some rows of a table.

        Raises:
            SnapshotRefused: a value stands twice where it must be unique, is missing, or a row has too many columns.
        """
        table = self._tables[number]
        marks = ", ".join("?" for _ in table.columns)
        try:
            self._connection.execute("begin")
            self._connection.executemany(f"insert into t{number} values ({marks})", rows)  # noqa: S608 - a number
            self._connection.execute("commit")
        except sqlite3.IntegrityError as error:
            raise SnapshotRefused(
                f"rows of {table.name} are not unique, or lack a value: {self._told(error)}"
            ) from error
        except (sqlite3.Error, TypeError) as error:
            raise SnapshotRefused(f"rows of {table.name} cannot be kept: {type(error).__name__}") from error

    def count(self, number: int) -> int:
        """Return the number of rows of a table."""
        return int(self._connection.execute(f"select count(*) from t{number}").fetchone()[0])  # noqa: S608 - a number

    def rows(self, number: int) -> Iterator[tuple[str | None, ...]]:
        """Yield the rows of a table in the order of its key; without one, in the order in which they came."""
        table = self._tables[number]
        order = ", ".join(_column(table, name) for name in table.key) or "rowid"
        columns = ", ".join(f"cast(c{place} as text)" for place in range(len(table.columns))) or "null"
        cursor = self._connection.cursor()
        try:
            yield from cursor.execute(f"select {columns} from t{number} order by {order}")  # noqa: S608 - numbers
        finally:
            cursor.close()

    def check(self) -> None:
        """Look at every foreign key whose columns are compared as PostgreSQL compares them.

        Raises:
            SnapshotRefused: naming the tables.
        """
        for number, table in enumerate(self._tables):
            for reference in table.references:
                if self._is_comparable(table, reference) and self._orphan(number, table, reference):
                    raise SnapshotRefused(
                        f"a row of {table.name} refers to a row of {reference.table} that is not there"
                    )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _is_comparable(self, table: Table, reference: Reference) -> bool:
        parent = self._tables[self._numbers[reference.table]]
        pairs = [
            (_named(table, here), _named(parent, there))
            for here, there in zip(reference.columns, reference.targets, strict=True)
        ]
        return all(
            a.kind == b.kind and a.kind in _COMPARED and a.padded == b.padded and (not a.padded or a.length == b.length)
            for a, b in pairs
        )

    def _orphan(self, number: int, table: Table, reference: Reference) -> bool:
        other = self._numbers[reference.table]
        parent = self._tables[other]
        here = [f"a.{_column(table, name)}" for name in reference.columns]
        there = [f"b.{_column(parent, name)}" for name in reference.targets]
        same = " and ".join(f"{one} = {two}" for one, two in zip(here, there, strict=True))
        given = " and ".join(f"{name} is not null" for name in here)
        statement = f"select 1 from t{number} a where {given} and not exists (select 1 from t{other} b where {same})"  # noqa: S608 - numbers
        return self._connection.execute(f"{statement} limit 1").fetchone() is not None

    def _told(self, error: sqlite3.Error) -> str:
        """Return the constraint with the names of the schema."""
        told, _, columns = str(error).partition(": ")
        names = []
        for column in filter(None, columns.split(", ")):
            number, place = (int(part[1:]) for part in column.split("."))
            names.append(self._tables[number].columns[place].name)
        return f"{told.removesuffix(' failed')} of {', '.join(names)}" if names else told


def _create(number: int, table: Table) -> str:
    columns = [
        f"c{place} {'integer' if column.kind == 'integer' else 'text'}{'' if column.nullable else ' not null'}"
        for place, column in enumerate(table.columns)
    ]
    if not table.key:
        return f"create table t{number} ({', '.join(columns) or 'c0'})"
    key = ", ".join(_column(table, name) for name in table.key)
    return f"create table t{number} ({', '.join(columns)}, primary key ({key})) without rowid"


def _column(table: Table, name: str) -> str:
    return f"c{[column.name for column in table.columns].index(name)}"


def _named(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)
