"""The tables of a database as its system catalogue describes them, those referred to before those that refer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.firebird.messages import charsets_of, select
from contracts.snapshots import Column, Kind, Reference, Row, Table

_KINDS: Final[Mapping[int, Kind]] = {
    7: "integer",
    8: "integer",
    16: "integer",
    10: "float",
    27: "float",
    11: "float",
    23: "boolean",
    12: "date",
    13: "time",
    35: "datetime",
    14: "text",
    37: "text",
    40: "text",
}
_CHAR: Final = 14
_BLOB: Final = 261
_TEXT: Final = 1
_OCTETS: Final = 1
_COLUMNS: Final = """
select trim(RF.RDB$RELATION_NAME), trim(RF.RDB$FIELD_NAME), F.RDB$FIELD_TYPE, coalesce(F.RDB$FIELD_SUB_TYPE, 0),
  F.RDB$FIELD_SCALE, F.RDB$CHARACTER_LENGTH, coalesce(F.RDB$CHARACTER_SET_ID, 0),
  coalesce(RF.RDB$NULL_FLAG, 0) + coalesce(F.RDB$NULL_FLAG, 0),
  case when F.RDB$COMPUTED_BLR is null then 0 else 1 end, coalesce(F.RDB$DIMENSIONS, 0)
from RDB$RELATION_FIELDS RF
join RDB$RELATIONS R on R.RDB$RELATION_NAME = RF.RDB$RELATION_NAME
join RDB$FIELDS F on F.RDB$FIELD_NAME = RF.RDB$FIELD_SOURCE
where coalesce(R.RDB$SYSTEM_FLAG, 0) = 0 and coalesce(R.RDB$RELATION_TYPE, 0) = 0 and R.RDB$VIEW_BLR is null
order by RF.RDB$RELATION_NAME, RF.RDB$FIELD_POSITION, RF.RDB$FIELD_NAME
"""
_SEGMENTS: Final = """
select trim(I.RDB$RELATION_NAME), trim(I.RDB$INDEX_NAME), coalesce(I.RDB$UNIQUE_FLAG, 0), trim(I.RDB$FOREIGN_KEY),
  coalesce(trim(C.RDB$CONSTRAINT_TYPE), ''), coalesce(I.RDB$INDEX_INACTIVE, 0), trim(S.RDB$FIELD_NAME)
from RDB$INDICES I
left join RDB$INDEX_SEGMENTS S on S.RDB$INDEX_NAME = I.RDB$INDEX_NAME
left join RDB$RELATION_CONSTRAINTS C on C.RDB$INDEX_NAME = I.RDB$INDEX_NAME
where coalesce(I.RDB$SYSTEM_FLAG, 0) = 0
order by I.RDB$RELATION_NAME, I.RDB$INDEX_NAME, S.RDB$FIELD_POSITION
"""


@dataclass(frozen=True, slots=True)
class Index:
    """An index, its own name and the one that it refers to; `kind` is of its constraint or empty."""

    table: str
    name: str
    unique: bool
    refers: str
    kind: str
    inactive: bool
    columns: tuple[str, ...]

    @property
    def rank(self) -> int:
        """In which order it is made: keys first, what refers to them last."""
        return 2 if self.refers else 0 if self.unique else 1


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Tables in order, their indices, and the columns that nothing here can carry."""

    tables: tuple[Table, ...]
    indices: tuple[Index, ...]
    arrays: tuple[str, ...]


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def catalogue_of(connection: Any) -> Catalogue:
    """Read it; the connection's character set is NONE."""
    charsets = charsets_of(connection)
    columns: dict[str, list[Column]] = defaultdict(list)
    arrays = []
    for row in select(connection, _COLUMNS, "RDB$RELATION_FIELDS", charsets):
        columns[str(row[0])].append(_column(row))
        if row[9]:
            arrays.append(".".join(str(cell) for cell in row[:2]))
    indices = _indices(select(connection, _SEGMENTS, "RDB$INDICES", charsets))
    tables = [_table(name, tuple(found), indices) for name, found in columns.items()]
    return Catalogue(parents_first(tables), indices, tuple(arrays))


def parents_first(tables: Sequence[Table]) -> tuple[Table, ...]:
    """Order tables so that each stands after those that it refers to; a cycle is broken at its first name."""
    left, ordered = {table.name: table for table in sorted(tables, key=lambda each: each.name)}, list[Table]()
    while left:
        free = [each for each in left.values() if not _parents(each) & left.keys()] or [next(iter(left.values()))]
        for table in free:
            ordered.append(left.pop(table.name))
    return tuple(ordered)


def _parents(table: Table) -> set[str]:
    return {reference.table for reference in table.references} - {table.name}


def _column(row: Row) -> Column:
    _, name, code, sub, scale, length, charset, not_null, computed, _ = row
    kind: Kind = _KINDS.get(int(str(code)), "bytes")
    if code == _BLOB:
        kind = "text" if sub == _TEXT and charset != _OCTETS else "bytes"
    elif kind == "text" and charset == _OCTETS:
        kind = "bytes"
    elif kind == "integer" and scale:
        kind = "decimal"
    most = int(str(length)) if kind == "text" and length is not None and code != _BLOB else None
    return Column(str(name), kind, most, code == _CHAR and kind == "text", not not_null, bool(computed))


def _indices(rows: Iterable[Row]) -> tuple[Index, ...]:
    found: dict[str, tuple[Row, list[str]]] = {}
    for row in rows:
        found.setdefault(str(row[1]), (row, []))[1].extend([str(row[6])] if row[6] else [])
    return tuple(
        Index(str(row[0]), name, bool(row[2]), str(row[3] or ""), str(row[4]), bool(row[5]), tuple(columns))
        for name, (row, columns) in found.items()
    )


def _table(name: str, columns: tuple[Column, ...], indices: tuple[Index, ...]) -> Table:
    own = [index for index in indices if index.table == name]
    by_name = {index.name: index for index in indices}
    key = next((index.columns for index in own if index.kind == "PRIMARY KEY"), ())
    uniques = {index.columns for index in own if index.unique and index.columns and index.kind != "PRIMARY KEY"}
    references = {
        Reference(index.columns, by_name[index.refers].table, by_name[index.refers].columns)
        for index in own
        if index.refers in by_name
    }
    return Table(
        name,
        columns,
        key,
        tuple(sorted(uniques)),
        tuple(sorted(references, key=lambda each: (each.columns, each.table))),
    )
