"""Rows of PostgreSQL that are used as SQLite's are: by name, by position, or unpacked."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg


class NamedRow:
    """One row."""

    __slots__ = ("_names", "_values")

    def __init__(self, names: dict[str, int], values: Sequence[Any]) -> None:
        self._names = names
        self._values = values

    def __getitem__(self, key: str | int, /) -> Any:
        return self._values[self._names[key] if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """Return the names in the statement's order."""
        return list(self._names)


def by_name(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], NamedRow]:
    """Make rows of what a cursor reads; psycopg calls it once for each statement."""
    result = cursor.pgresult
    # Not cursor.description, which makes an object of every column: that costs more than the statement.
    columns = range(result.nfields) if result is not None else ()
    names = {(result.fname(number) or b"").decode(): number for number in columns} if result is not None else {}
    return lambda values: NamedRow(names, values)
