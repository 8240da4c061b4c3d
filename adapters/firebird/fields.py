"""How a field's bytes in a message of the client library become a cell, and a cell such bytes."""

from collections.abc import Callable
from ctypes import byref, create_string_buffer
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any, Final

from adapters.firebird.charset import read as read_old
from adapters.firebird.charset import written as write_old
from contracts.snapshots import Cell, SnapshotRefused

UNDECLARED: Final = "cp1252"
_OCTETS: Final = 1
_TEXT_BLOB: Final = 1
_DAY_ZERO: Final = date(1858, 11, 17).toordinal()
_TICKS: Final = 10_000  # of a second
_SEGMENT: Final = 32_768
_EXACT: Final = {500: "h", 496: "i", 580: "q"}  # SMALLINT, INTEGER, BIGINT
_PLAIN: Final = {482: "f", 480: "d", 32764: "?"}  # FLOAT, DOUBLE, BOOLEAN
_CHAR: Final = 452
_VARCHAR: Final = 448
_DATE: Final = 570
_TIME: Final = 560
_TIMESTAMP: Final = 510
_BLOB: Final = 520
Read = Callable[[tuple[Any, ...]], Cell]
Write = Callable[[Any], tuple[Any, ...]]
Decode = Callable[[bytes], str]
Encode = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: where it lies, and how its bytes become a cell and back.

    Attributes:
        name: column.
        offset, null_offset: in bytes.
        form: of its bytes, as module struct writes it.
        parts: how many values `form` has.
        read: makes a cell of those values.
        write: makes those values of a cell.
        empty: values that stand there for NULL.
    """

    name: str
    offset: int
    null_offset: int
    form: str
    parts: int
    read: Read
    write: Write
    empty: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Blobs:
    """Reads and writes the BLOBs of one connection, in its running transaction."""

    connection: Any

    def load(self, parts: tuple[bytes]) -> bytes:
        """Return the whole of a BLOB, by its eight bytes in a message."""
        from firebird.driver import fbapi  # noqa: PLC0415

        blob = self.connection._att.open_blob(self._transaction, fbapi.ISC_QUAD.from_buffer_copy(parts[0]))  # noqa: SLF001
        try:
            buffer, size, pieces = create_string_buffer(_SEGMENT), fbapi.Cardinal(0), []
            while blob.get_segment(_SEGMENT, byref(buffer), size).value != _NO_MORE:
                pieces.append(buffer.raw[: size.value])
            return b"".join(pieces)
        finally:
            blob.close()

    def store(self, data: bytes) -> tuple[bytes]:
        """Make a BLOB and return the eight bytes that stand for it in a message."""
        from firebird.driver import fbapi  # noqa: PLC0415

        identity = fbapi.ISC_QUAD(0, 0)
        blob = self.connection._att.create_blob(self._transaction, identity)  # noqa: SLF001
        try:
            for at in range(0, len(data), _SEGMENT):
                piece = data[at : at + _SEGMENT]
                blob.put_segment(len(piece), piece)
        finally:
            blob.close()
        return (bytes(identity),)

    @property
    def _transaction(self) -> Any:
        return self.connection.main_transaction._tra  # noqa: SLF001


_NO_MORE: Final = 1


def field_of(metadata: Any, index: int, charsets: dict[int, tuple[str, int]], blobs: Blobs) -> Field:
    """Return a field of a message, by the library's description of it.

    Args:
        metadata: description of the whole message.
        index: which field.
        charsets: codec and bytes of a character, by the number of the character set.
        blobs: reads and writes those of the connection.

    Raises:
        SnapshotRefused: its type cannot be carried, such as an array.
    """
    kind, length = metadata.get_type(index).value & ~1, metadata.get_length(index)
    charset = metadata.get_charset(index) & 0xFF
    codec, size = charsets.get(charset, (UNDECLARED, 1))
    name = metadata.get_field(index) or metadata.get_alias(index)
    made = partial(Field, name, metadata.get_offset(index), metadata.get_null_offset(index))
    scale = metadata.get_scale(index)
    if kind in _EXACT:
        return made(_EXACT[kind], 1, *(_scaled(scale) if scale else (_first, _whole)), (0,))
    if kind in _PLAIN:
        return made(_PLAIN[kind], 1, _first, _alone, (0,))
    if kind in {_CHAR, _VARCHAR}:
        return made(*_texts(kind, length, charset, codec, size))
    if kind == _BLOB:
        is_text = metadata.get_subtype(index) == _TEXT_BLOB and charset != _OCTETS
        return made("8s", 1, *_whole_blobs(blobs, *_coding(codec, size), is_text=is_text), (bytes(8),))
    if kind in _CLOCKS:
        return made(*_CLOCKS[kind])
    raise SnapshotRefused(f"column {name} is of a type that snapshots cannot carry (type {kind})")


def _texts(kind: int, length: int, charset: int, codec: str, size: int) -> tuple[Any, ...]:
    octets, most = charset == _OCTETS, length // size
    decode, encode = _coding(codec, size)
    pad = b"\0" if octets else b" "

    def encoded(cell: Any) -> bytes:
        data: bytes = bytes(cell) if octets else encode(cell)
        if len(data) > length or (len(data) > most and len(cell) > most):
            raise OverflowError
        return data

    if kind == _CHAR:
        read: Read = _first if octets else lambda parts: decode(parts[0])[:most]
        return f"{length}s", 1, read, lambda cell: (encoded(cell).ljust(length, pad),), (b"",)

    def read_varying(parts: tuple[Any, ...]) -> Cell:
        data: bytes = parts[1][: parts[0]]
        return data if octets else decode(data)

    def write_varying(cell: Any) -> tuple[int, bytes]:
        data = encoded(cell)
        return len(data), data

    return f"H{length}s", 2, read_varying, write_varying, (0, b"")


def _whole_blobs(blobs: Blobs, decode: Decode, encode: Encode, *, is_text: bool) -> tuple[Read, Write]:
    if not is_text:
        return blobs.load, blobs.store
    return lambda parts: decode(blobs.load(parts)), lambda cell: blobs.store(encode(cell))


def _coding(codec: str, size: int) -> tuple[Decode, Encode]:
    """Return how texts of a character set are read and written; `size` is how many bytes a character takes at most."""
    if size == 1:
        return partial(read_old, codec=codec), partial(write_old, codec=codec)
    return lambda data: data.decode(codec), lambda text: text.encode(codec)


def _scaled(scale: int) -> tuple[Read, Write]:
    def read(parts: tuple[Any, ...]) -> Decimal:
        return Decimal(parts[0]).scaleb(scale)

    def write(cell: Any) -> tuple[int]:
        return (int(Decimal(cell).scaleb(-scale).to_integral_exact()),)

    return read, write


def _first(parts: tuple[Any, ...]) -> Cell:
    cell: Cell = parts[0]
    return cell


def _alone(cell: Any) -> tuple[Any]:
    return (cell,)


def _whole(cell: Any) -> tuple[int]:
    return (int(cell),)


def _read_date(parts: tuple[Any, ...]) -> date:
    return date.fromordinal(parts[0] + _DAY_ZERO)


def _read_time(parts: tuple[Any, ...]) -> time:
    seconds, ticks = divmod(parts[-1], _TICKS)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, ticks * 100)


def _write_time(cell: Any) -> tuple[int]:
    return (((cell.hour * 60 + cell.minute) * 60 + cell.second) * _TICKS + cell.microsecond // 100,)


_CLOCKS: Final[dict[int, tuple[str, int, Read, Write, tuple[Any, ...]]]] = {
    _DATE: ("i", 1, _read_date, lambda cell: (cell.toordinal() - _DAY_ZERO,), (0,)),
    _TIME: ("I", 1, _read_time, _write_time, (0,)),
    _TIMESTAMP: (
        *("iI", 2, lambda parts: datetime.combine(_read_date(parts), _read_time(parts))),
        *(lambda cell: (cell.toordinal() - _DAY_ZERO, *_write_time(cell)), (0, 0)),
    ),
}
