"""A technology for tests: a snapshot is a file of JSON lines in UTF-8, its schema first; a database is a snapshot.

What comes after an empty line is in no row, as in a page that was freed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from contracts.snapshots import Account, Cell, Column, Origin, Rewrite, Row, SnapshotRefused, Table, Tell

TITLE = b'{"lines"'


@dataclass(frozen=True)
class LinesContent:
    """See `Lines`."""

    file: Path
    header: Mapping[str, Any]

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(
            Table(one["name"], tuple(Column(**column) for column in one["columns"]), tuple(one["key"]))
            for one in self.header["tables"]
        )

    @property
    def shape(self) -> Mapping[str, str]:
        return dict(self.header["shape"])

    @property
    def origin(self) -> Origin | None:
        told = self.header["origin"]
        return None if told is None else Origin(**told)

    def rows(self, table: Table) -> Iterator[Row]:
        with self.file.open(encoding="utf-8", errors="replace") as lines:
            next(lines)
            for line in takewhile(str.strip, lines):
                name, *cells = json.loads(line)
                if name == table.name:
                    yield tuple(_cell(cell, column) for cell, column in zip(cells, table.columns, strict=True))

    def count(self, table: Table) -> int:
        return sum(1 for _ in self.rows(table))

    def write(self, out: Path, rewrite: Rewrite, origin: Origin, tell: Tell) -> None:
        del tell
        rows = ((table, row) for table in self.tables for row in rewrite(table, self.rows(table)))
        write(out, self.tables, rows, self.shape, origin)


class Lines:
    """Chunks are small, so that values stand across two."""

    name = "lines"
    chunk = 1 << 20

    def is_snapshot(self, file: Path) -> bool:
        with file.open("rb") as opened:
            return opened.read(len(TITLE)) == TITLE

    def is_place(self, place: str) -> bool:
        return place.startswith("lines:")

    def take(self, place: str, account: Account, file: Path, tell: Tell) -> None:
        del account, tell
        file.write_bytes(Path(place.removeprefix("lines:")).read_bytes())

    def restore(self, file: Path, place: str, account: Account, tell: Tell) -> None:
        self.take(str(file), account, Path(place.removeprefix("lines:")), tell)

    @contextmanager
    def opened(self, file: Path, folder: Path, tell: Tell) -> Iterator[LinesContent]:
        del tell
        assert not list(folder.iterdir())
        if not self.is_snapshot(file):
            raise SnapshotRefused(f"{file} is no snapshot")
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield LinesContent(file, json.loads(next(lines)))

    def raw(self, file: Path, folder: Path, tell: Tell) -> Iterator[bytes]:
        del folder, tell
        with file.open("rb") as opened:
            opened.readline()
            while chunk := opened.read(self.chunk):
                yield chunk

    def codec(self, file: Path, folder: Path) -> str:
        del file, folder
        return "utf-8"


def write(
    file: Path,
    tables: Iterable[Table],
    rows: Iterable[tuple[Table, Row]],
    shape: Mapping[str, str],
    origin: Origin | None = None,
) -> None:
    header = {
        "lines": 1,
        "tables": [asdict(table) for table in tables],
        "shape": dict(shape),
        "origin": None if origin is None else asdict(origin),
    }
    with file.open("w", encoding="utf-8") as out:
        out.write(json.dumps(header) + "\n")
        for table, row in rows:
            out.write(json.dumps([table.name, *row], ensure_ascii=False, default=str) + "\n")


def _cell(cell: Any, column: Column) -> Cell:
    if cell is None:
        return None
    if column.kind == "date":
        return date.fromisoformat(cell)
    return datetime.fromisoformat(cell) if column.kind == "datetime" else cell
