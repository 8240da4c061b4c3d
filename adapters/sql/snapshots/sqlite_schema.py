"""What a SQLite database says of its tables, by its pragmas, and its whole schema in canonical texts."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final

from adapters.sql.snapshots.parents import parents_first
from contracts.snapshots import Column, Kind, Reference, SnapshotRefused, Table

_LENGTH: Final = re.compile(r"CHAR\w*\s*\(\s*(\d+)\s*\)|TEXT\s*\(\s*(\d+)\s*\)", re.IGNORECASE)
_FIXED: Final = re.compile(r"^\s*(?:national\s+)?n?char(?:acter)?\s*\(", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\])|(?P<gap>(?:--[^\n]*|/\*.*?\*/|\s)+)", re.DOTALL
)
_GENERATED: Final = frozenset({2, 3})
"""Of `hidden` in table_xinfo: virtual and stored."""


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def tables(connection: sqlite3.Connection) -> tuple[Table, ...]:
    """Return the tables of a database, parents first.

    Raises:
        SnapshotRefused: some are virtual: what they hold is a matter of their module.
    """
    found = connection.execute("select name, sql from sqlite_master where type = 'table' order by name").fetchall()
    own = [(str(name), str(sql)) for name, sql in found if not str(name).startswith("sqlite_")]
    virtual = [name for name, sql in own if sql[:14].upper() == "CREATE VIRTUAL"]
    if virtual:
        raise SnapshotRefused(f"virtual tables cannot be read row by row: {', '.join(virtual)}")
    return parents_first([_table(connection, name) for name, _ in own])


def shape(connection: sqlite3.Connection) -> Mapping[str, str]:
    """Return everything of the schema by kind and name; comments and white space do not count."""
    rows = connection.execute("select type, name, sql from sqlite_master where sql is not null order by type, name")
    return {f"{kind} {name}": _canonical(sql) for kind, name, sql in rows if not name.startswith("sqlite_")}


def statements(connection: sqlite3.Connection, *kinds: str) -> list[str]:
    """Return what makes the tables, indexes, views and triggers, in the order in which they were made."""
    marks = ", ".join("?" for _ in kinds)
    rows = connection.execute(
        f"select name, sql from sqlite_master where sql is not null and type in ({marks}) order by rowid",  # noqa: S608 - question marks only
        kinds,
    )
    return [sql for name, sql in rows if not name.startswith("sqlite_")]


def rowid(table: Table) -> str:
    """Return a name of the row's number that no column takes."""
    taken = {column.name.lower() for column in table.columns}
    return next(name for name in ("rowid", "_rowid_", "oid") if name not in taken)


def _table(connection: sqlite3.Connection, name: str) -> Table:
    info = connection.execute(f"pragma table_xinfo({quoted(name)})").fetchall()
    keys = sorted((place, column) for _, column, _, _, _, place, _ in info if place)
    columns = tuple(
        _column(connection, name, column, declared or "", nullable=not (required or place), hidden=hidden)
        for _, column, declared, required, _, place, hidden in info
    )
    key = tuple(column for _, column in keys)
    return Table(name, columns, key, tuple(_uniques(connection, name, key)), tuple(_references(connection, name)))


def _column(
    connection: sqlite3.Connection, table: str, name: str, declared: str, *, nullable: bool, hidden: int
) -> Column:
    kind, found = _kind(declared), _LENGTH.search(declared)
    length = int(found[1] or found[2]) if found and kind == "text" else None
    padded = bool(length and _FIXED.match(declared) and _is_padded(connection, table, name, length))
    return Column(name, kind, length, padded, nullable, computed=hidden in _GENERATED)


def _kind(declared: str) -> Kind:
    """Follow SQLite's rules of affinity; it keeps no dates: those are texts."""
    said = declared.upper()
    if "INT" in said or "BOOL" in said:
        return "integer"
    if any(word in said for word in ("CHAR", "CLOB", "TEXT", "DATE", "TIME")):
        return "text"
    if "BLOB" in said or not said:
        return "bytes"
    return "float" if any(word in said for word in ("REAL", "FLOA", "DOUB")) else "decimal"


def _is_padded(connection: sqlite3.Connection, table: str, column: str, length: int) -> bool:
    """SQLite pads nothing: a column is padded if whoever filled it has padded every value."""
    name, source = quoted(column), quoted(table)
    row = connection.execute(
        f"select exists (select 1 from {source} where {name} like '% '), "  # noqa: S608 - quoted names of the schema
        f"exists (select 1 from {source} where length({name}) <> ?)",
        (length,),
    ).fetchone()
    return bool(row[0]) and not row[1]


def _uniques(connection: sqlite3.Connection, table: str, key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    found = set()
    for _, index, unique, origin, partial in connection.execute(f"pragma index_list({quoted(table)})").fetchall():
        columns = [row[2] for row in connection.execute(f"pragma index_info({quoted(index)})").fetchall()]
        if unique and not partial and origin != "pk" and None not in columns and tuple(columns) != key:
            found.add(tuple(columns))
    yield from sorted(found)


def _references(connection: sqlite3.Connection, table: str) -> Iterator[Reference]:
    found: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, _, parent, column, target, *_ in connection.execute(f"pragma foreign_key_list({quoted(table)})"):
        found.setdefault(number, []).append((parent, column, target))
    for _, pairs in sorted(found.items()):
        parent = _spelled(connection, pairs[0][0])
        targets = tuple(target for *_, target in pairs if target) or _key(connection, parent)
        yield Reference(tuple(column for _, column, _ in pairs), parent, targets)


def _spelled(connection: sqlite3.Connection, table: str) -> str:
    """Return a table's name as it was made; a reference may spell it otherwise."""
    row = connection.execute(
        "select name from sqlite_master where type = 'table' and name = ? collate nocase", (table,)
    ).fetchone()
    return str(row[0]) if row else table


def _key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    info = connection.execute(f"pragma table_xinfo({quoted(table)})").fetchall()
    return tuple(column for _, column in sorted((row[5], row[1]) for row in info if row[5]))


def _canonical(sql: str) -> str:
    return _TOKEN.sub(lambda found: found["quoted"] or " ", sql).strip()
