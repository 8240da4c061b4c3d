"""What the pages of a database file hold, the runs of its records undone: live, superseded, deleted and freed.

Read from Firebird's ods.h, sqz.cpp and dpm.epp for ODS 12 (Firebird 3). Everything is tolerant: a page that is half
overwritten gives what it gives. A record's old version may be stored as its differences from the newer one only: those
are put together again, as long as the newer one is there.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

_PAGE_SIZE: Final = struct.Struct("<16xH")
_DATA_PAGE: Final = 5
_BLOB_PAGE: Final = 8
_SLOTS_AT: Final = 24
_COUNT: Final = struct.Struct("<22xH")
_SLOT: Final = struct.Struct("<HH")
_RECORD: Final = struct.Struct("<IIHHB")
_FRAGMENT: Final = struct.Struct("<IH")
_BLOB: Final = struct.Struct("<16xIIHH")
_PLAIN_AT, _LONG_AT, _FRAGMENT_AT = 13, 16, 22
_INCOMPLETE, _IS_BLOB, _DELTA, _LONG = 8, 16, 32, 1024
_LEAST: Final = 12
_OVERLAP: Final = 256
_CHAIN: Final = 1000
_MOST: Final = 65_536
_REPEATS: Final = 128  # from here on a length is negative


@dataclass(frozen=True, slots=True)
class Record:
    """A record's head: its older version's page and slot (0 for none), flags, and its bytes without the runs."""

    page: int
    line: int
    flags: int
    data: bytes


@dataclass(slots=True)
class Pages:
    """The pages of a database file, by number; `stream` is at any place."""

    stream: BinaryIO
    size: int

    @classmethod
    def of(cls, stream: BinaryIO) -> "Pages":
        """Read the page size from the first page.

        Raises:
            ValueError: the file does not begin as a database does.
        """
        head = stream.read(_PAGE_SIZE.size)
        if len(head) < _PAGE_SIZE.size or head[0] != 1:
            raise ValueError("no header page")
        (size,) = _PAGE_SIZE.unpack(head)
        if size not in {1024, 2048, 4096, 8192, 16384, 32768}:
            raise ValueError("no page size")
        return cls(stream, size)

    def page(self, number: int) -> bytes:
        """Return a page, empty when there is none of that number."""
        self.stream.seek(number * self.size)
        return self.stream.read(self.size)

    def held(self) -> Iterator[bytes]:
        """Yield what each page holds: the page as it is, then what its records say."""
        number, after = 0, (-1, -1, b"")
        while len(page := self.page(number)) == self.size:
            pieces = [page]
            if page[0] == _DATA_PAGE:
                pieces += self._records(page)
                pieces += _slack(page, self.size)
            elif page[0] == _BLOB_PAGE:
                lead, sequence, length, _ = _BLOB.unpack_from(page)
                body = page[_BLOB.size : _BLOB.size + length]
                if after[:2] == (lead, sequence - 1):  # a value may lie across two pages of one BLOB
                    pieces.append(after[2] + body[:_OVERLAP])
                after = lead, sequence, body[-_OVERLAP:]
            yield b"\0".join(pieces)
            number += 1

    def record(self, page: bytes, line: int) -> Record | None:
        """Return the record in a slot, its fragments joined; None when the slot is empty or holds none."""
        span = _span(page, line, self.size)
        if span is None or span[1] - span[0] < _PLAIN_AT:
            return None
        older, older_line, flags = _record_head(page, span[0])
        if flags & _IS_BLOB:
            return None
        data, steps = bytearray(), 0
        while True:
            data += undone(page, _data_at(page, span[0]), span[1])
            fragment = page[span[0] + 16 : span[0] + 22]
            if not _record_head(page, span[0])[2] & _INCOMPLETE or len(fragment) < _FRAGMENT.size or steps > _CHAIN:
                return Record(older, older_line, flags, bytes(data))
            number, next_line = _FRAGMENT.unpack(fragment)
            page, steps = self.page(number), steps + 1
            if (span := _span(page, next_line, self.size)) is None:
                return Record(older, older_line, flags, bytes(data))

    def _records(self, page: bytes) -> Iterator[bytes]:
        """Yield every record of a page, each followed by its older versions."""
        for line in range(min(_COUNT.unpack_from(page)[0], (self.size - _SLOTS_AT) // _SLOT.size)):
            record, steps = self.record(page, line), 0
            if record is None:
                continue
            yield record.data
            while record.page and steps < _CHAIN:
                older = self.record(self.page(record.page), record.line)
                if older is None:
                    break
                data = applied(record.data, older.data) if record.flags & _DELTA else older.data
                yield data
                record, steps = Record(older.page, older.line, older.flags, data), steps + 1


def undone(page: bytes, at: int, end: int) -> bytes:
    """Undo the runs between two offsets: a positive length is of bytes as they are, a negative one repeats the next."""
    out = bytearray()
    while at < end and len(out) < _MOST:
        length = page[at]
        at += 1
        if length < _REPEATS:
            out += page[at : min(at + length, end)]
            at += length
        else:
            out += page[at : at + 1] * (256 - length)
            at += 1
    return bytes(out)


def applied(newer: bytes, differences: bytes) -> bytes:
    """Return the older version: a positive length is of bytes that replace, a negative one of bytes that stay."""
    out, at = bytearray(), 0
    while at < len(differences) and len(out) < _MOST:
        length = differences[at]
        at += 1
        if length < _REPEATS:
            out += differences[at : at + length]
            at += length
        else:
            length = 256 - length
            out += newer[len(out) : len(out) + length]
    return bytes(out) + newer[len(out) :]


def _record_head(page: bytes, at: int) -> tuple[int, int, int]:
    _, older, line, flags, _ = _RECORD.unpack_from(page.ljust(at + _RECORD.size, b"\0"), at)
    return older, line, flags


def _data_at(page: bytes, at: int) -> int:
    flags = _record_head(page, at)[2]
    return at + (_FRAGMENT_AT if flags & _INCOMPLETE else _LONG_AT if flags & _LONG else _PLAIN_AT)


def _span(page: bytes, line: int, size: int) -> tuple[int, int] | None:
    at = _SLOTS_AT + line * _SLOT.size
    if len(page) < size or page[0] != _DATA_PAGE or at + _SLOT.size > size:
        return None
    offset, length = _SLOT.unpack_from(page, at)
    return (offset, offset + length) if offset and offset + length <= size else None


def _slack(page: bytes, size: int) -> Iterator[bytes]:
    """Yield what the bytes between slots may have been, which a deleted record leaves behind.

    Where a record began is not known there, so the runs are undone from every offset that no earlier try came by.
    """
    count = min(_COUNT.unpack_from(page)[0], (size - _SLOTS_AT) // _SLOT.size)
    spans = sorted(span for line in range(count) if (span := _span(page, line, size)) is not None)
    at = _SLOTS_AT + count * _SLOT.size
    for start, end in [*spans, (size, size)]:
        if start - at >= _LEAST and page[at:start].strip(b"\0"):
            yield from _tries(page, at, start)
        at = max(at, end)


def _tries(page: bytes, start: int, end: int) -> Iterator[bytes]:
    seen = bytearray(end - start)
    for first in range(start, end):
        if seen[first - start] or not page[first]:
            continue
        at, out, left = first, bytearray(), _OVERLAP
        while at < end and left > 0:
            length, was = page[at], len(out)
            known, seen[at - start] = seen[at - start], 1
            out += (
                page[at + 1 : min(at + 1 + length, end)]
                if length < _REPEATS
                else page[at + 1 : at + 2] * (256 - length)
            )
            at += 1 + length if length < _REPEATS else 2
            left -= len(out) - was + 1 if known else 0
        yield bytes(out)
