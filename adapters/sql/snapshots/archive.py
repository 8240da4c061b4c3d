r"""The file format of a PostgreSQL snapshot: gzip, in it one JSON document per line.

The first line is the schema, then rows in lots, `{"table": 3, "rows": [["1", "WBV", null], …]}`, each value in
PostgreSQL's own text; the last line counts the rows and has the SHA-256 of every line before it. The name in gzip's
header tells what it is before anything is decompressed.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from adapters.sql.snapshots.described import Described, described
from contracts.snapshots import SnapshotRefused, Tell

VERSION: Final = 1
_NAME: Final = "legacy-shim-postgresql"
_GZIP: Final = b"\x1f\x8b\x08\x08\x00\x00\x00\x00"
_NAME_AT: Final = 10
_LOT: Final = 200
_LOT_CHARACTERS: Final = 1 << 18
_LONGEST: Final = 1 << 30
"""Characters of one line: PostgreSQL's longest value is a gigabyte."""

Texts = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Lot:
    """Some rows of one table, by its number in the schema."""

    table: int
    rows: list[list[str | None]]


def is_archive(file: Path) -> bool:
    """Return whether a file begins as an archive does, whole or not."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(_NAME_AT + len(_NAME) + 1)
    except OSError:
        return False
    return begin.startswith(_GZIP) and begin[_NAME_AT:] == f"{_NAME}\0".encode()


class Writing:
    """Writes an archive, line by line. Memory does not grow."""

    def __init__(self, packed: gzip.GzipFile, schema: Described) -> None:
        self._packed = packed
        self._digest = sha256()
        self._counts = [0] * len(schema.tables)
        self._line({"snapshot": "postgresql", "version": VERSION, **asdict(schema)})

    def rows(self, table: int, rows: Iterator[Texts]) -> Iterator[int]:
        """Write the rows of one table; yields how many are written, now and then."""
        while lot := _next_lot(rows):
            self._line({"table": table, "rows": lot})
            self._counts[table] += len(lot)
            yield self._counts[table]

    def end(self) -> None:
        """Write the last line."""
        self._line({"counts": self._counts, "sha256": self._digest.hexdigest()})

    def _line(self, document: dict[str, Any]) -> None:
        line = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self._digest.update(line)
        self._packed.write(line)


def _next_lot(rows: Iterator[Texts]) -> list[list[str | None]]:
    lot: list[list[str | None]] = []
    size = 0
    for row in rows:
        lot.append(list(row))
        size += sum(len(text) for text in row if text)
        if size > _LOT_CHARACTERS or len(lot) == _LOT:
            break
    return lot


@contextmanager
def writing(file: Path, schema: Described) -> Iterator[Writing]:
    """Write an archive into an empty file, and end it when the block ends well."""
    with file.open("wb") as opened, gzip.GzipFile(_NAME, "wb", 6, opened, mtime=0) as packed:
        archive = Writing(packed, schema)
        yield archive
        archive.end()


def read(file: Path, tell: Tell) -> Iterator[Described | Lot]:
    """Yield the schema, then every lot of rows; only when it ends without an error is the archive whole and unchanged.

    Raises:
        SnapshotRefused: it is foreign, truncated, damaged or edited.
    """
    digest, last = sha256(), None
    counts: list[int] = []
    for line in lines(file, tell):
        if last is not None:
            break
        document = _document(file, line)
        if "sha256" in document:
            last = document
            continue
        digest.update(line)
        if not counts:
            schema = _schema(file, document)
            counts = [0] * (len(schema.tables) + 1)  # one more, so that it is never empty
            yield schema
        else:
            yield _lot(file, document, counts)
    else:
        if last == {"counts": counts[:-1], "sha256": digest.hexdigest()}:
            return
    raise SnapshotRefused(f"{file} is truncated, or was changed after it was written")


def check(file: Path, tell: Tell) -> Described:
    """Read an archive to its end, so that nothing is begun with one that is not whole; return its schema."""
    parts = read(file, lambda _, done, total: tell("checked bytes", done, total))
    schema = cast("Described", next(parts))
    for _ in parts:
        pass
    return schema


def lines(file: Path, tell: Tell) -> Iterator[bytes]:
    """Yield the lines of an archive as they stand.

    Raises:
        SnapshotRefused: it is none, or does not decompress to its end.
    """
    if not is_archive(file):
        raise SnapshotRefused(f"{file} is no PostgreSQL snapshot of the shim's, or cannot be read")
    total = file.stat().st_size
    try:
        with file.open("rb") as opened, gzip.GzipFile(fileobj=opened) as packed:
            while line := packed.readline(_LONGEST):
                yield line
                tell("bytes", opened.tell(), total)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SnapshotRefused(f"{file} is truncated or damaged: it does not decompress to its end") from error
    except OSError as error:
        raise SnapshotRefused(f"{file} cannot be read: {error.strerror}") from error


def _document(file: Path, line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise SnapshotRefused(f"{file} is truncated or damaged: a line of it is no JSON") from error
    if not isinstance(document, dict):
        raise SnapshotRefused(f"{file} is damaged: a line of it is no document")
    return document


def _schema(file: Path, document: dict[str, Any]) -> Described:
    version = document.get("version")
    if version != VERSION:
        raise SnapshotRefused(
            f"{file} is of format {version}, and this shim reads {VERSION}: use the one that wrote it"
        )
    try:
        return described(document)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise SnapshotRefused(f"{file} is damaged: its first line describes no schema") from error


def _lot(file: Path, document: dict[str, Any], counts: list[int]) -> Lot:
    table, rows = document.get("table"), document.get("rows")
    if not isinstance(table, int) or not 0 <= table < len(counts) - 1 or not isinstance(rows, list):
        raise SnapshotRefused(f"{file} is damaged: a line of it is no lot of rows")
    counts[table] += len(rows)
    return Lot(table, rows)
