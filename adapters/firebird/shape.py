"""The schema of a database as text, by name, the same for two databases of one schema however they came to be."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from adapters.firebird.messages import select
from contracts.snapshots import Row

# Names that the engine gives, and gives anew in a restored database.
_GIVEN: Final = re.compile(r"(RDB\$|INTEG_|CHECK_|SQL\$|MON\$|SEC\$).*")
_TYPES: Final = {
    7: "smallint",
    8: "integer",
    10: "float",
    12: "date",
    13: "time",
    14: "char",
    16: "bigint",
    23: "boolean",
    27: "double precision",
    35: "timestamp",
    37: "varchar",
    261: "blob",
}
_INSIDE: Final = {"column", "constraint", "index", "grant"}


def shape_of(connection: Any, charsets: dict[int, tuple[str, int]]) -> Mapping[str, str]:
    """Return every object by kind and name; names that the engine gave stand nowhere in it, and no sequence's value."""
    lines: dict[str, list[str]] = defaultdict(list)
    views = set()
    for kind, sql in _queries():
        for row in _read(connection, sql, kind, charsets):
            name = str(row[0])
            if kind == "relation" and row[1] is not None:
                views.add(name)
            if kind in {"relation", *_INSIDE} or not _GIVEN.fullmatch(name):
                lines[_title(kind, name, views)].append(_line(kind, row))
    return {
        title: "\n".join(_in_order(found)) for title, found in sorted(lines.items()) if not _GIVEN.match(_name(title))
    }


def _queries() -> Iterator[tuple[str, str]]:
    text = Path(__file__).with_name("shape.sql").read_text(encoding="utf-8")
    for part in text.split("\n-- ")[1:]:
        kind, _, sql = part.partition("\n")
        yield kind, sql.strip().rstrip(";")


def _read(connection: Any, sql: str, kind: str, charsets: dict[int, tuple[str, int]]) -> list[Row]:
    return [*select(connection, sql, kind, charsets)]


def _name(title: str) -> str:
    return title.partition(" ")[2]


def _title(kind: str, name: str, views: set[str]) -> str:
    if kind == "parameter":
        return f"procedure {name}"
    if kind == "grant":
        return f"grants {name}"
    if kind in {"relation", *_INSIDE}:
        return f"{'view' if name in views else 'table'} {name}"
    return f"{kind} {name}"


def _line(kind: str, row: Row) -> str:
    cells = row[1:]
    if kind in {"column", "parameter", "domain"}:
        at = 0 if kind == "domain" else 1
        cells = (*cells[:at], _type(cells[at : at + 6]), *cells[at + 6 :])
    if kind in {"constraint", "index", "column", "parameter"}:
        cells = tuple("" if isinstance(cell, str) and _GIVEN.fullmatch(cell) else cell for cell in cells)
    label = "" if kind in {"relation", "procedure", "trigger", "function", "package", "exception"} else f"{kind}: "
    return label + " | ".join(_texts(cells))


def _type(cells: Row) -> str:
    code, sub, scale, precision, length, charset = ("" if cell is None else str(cell) for cell in cells)
    name = _TYPES.get(int(code), f"type {code}")
    if scale not in {"", "0"}:
        return f"{name} {precision} scale {scale}"
    if length:
        return f"{name}({length}) {charset}"
    return f"{name} sub_type {sub} {charset}" if name == "blob" else name


def _texts(cells: Iterable[Any]) -> Iterator[str]:
    for cell in cells:
        text = "" if cell is None else str(cell).replace("\r\n", "\n").strip()
        yield "\n".join(line.rstrip() for line in text.split("\n"))


def _in_order(lines: list[str]) -> list[str]:
    """Keep columns and parameters where they stand; sort what has no order of its own."""
    placed = [line for line in lines if line.startswith(("column: ", "parameter: "))]
    first = [line for line in lines if line not in placed and ": " not in line.split("\n")[0][:12]]
    return [*first, *placed, *sorted({line for line in lines if line not in placed and line not in first})]
