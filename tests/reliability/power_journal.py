"""What a program did to its files, in order, as the preloaded library wrote it down."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

_RECORD = struct.Struct("=IIQII")


class Kind(IntEnum):
    """The kinds of a record; the numbers are those of power_disk.c."""

    CREATED = 1
    WRITTEN = 2
    TRUNCATED = 3
    SYNCED = 4
    SYNCED_FOLDER = 5
    RENAMED = 6
    REMOVED = 7
    MADE_FOLDER = 8
    LINKED = 9


@dataclass(frozen=True, slots=True)
class Record:
    """One change or sync; `data` is what was written, or the new name. Sizes and offsets are in bytes."""

    kind: Kind
    path: str
    offset: int
    data: bytes


def read_journal(journal: Path) -> Iterator[Record]:
    """Return the records in the order in which they happened."""
    stored = memoryview(journal.read_bytes()) if journal.exists() else memoryview(b"")
    at = 0
    while at < len(stored):
        kind, path_bytes, offset, data_bytes, _ = _RECORD.unpack_from(stored, at)
        begin = at + _RECORD.size
        at = begin + path_bytes + data_bytes
        path = bytes(stored[begin : begin + path_bytes]).decode()
        yield Record(Kind(kind), path, offset, bytes(stored[begin + path_bytes : at]))
