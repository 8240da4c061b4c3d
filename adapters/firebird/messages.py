"""Rows straight from and into the client library's message buffers: the driver's own way takes 1 ms a row to insert.

The connection's character set is NONE, so texts travel as they are stored and each is decoded by its column's own
character set. What a NONE column holds is read as WIN1252: that is what old Windows software wrote there.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from adapters.firebird.charset import codec_of
from adapters.firebird.fields import UNDECLARED, Blobs, Field, field_of
from contracts.snapshots import Row, SnapshotRefused


@dataclass(frozen=True, slots=True)
class Layout:
    """A message: its fields in order, its form as a whole, and where each one's values stand among all."""

    fields: tuple[Field, ...]
    whole: struct.Struct
    places: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, metadata: Any, charsets: dict[int, tuple[str, int]], blobs: Blobs) -> "Layout":
        """Read the library's description of a message."""
        fields = tuple(field_of(metadata, index, charsets, blobs) for index in range(metadata.get_count()))
        spans = [(field.offset, field.form, field.parts, index * 2) for index, field in enumerate(fields)]
        spans += [(field.null_offset, "h", 1, index * 2 + 1) for index, field in enumerate(fields)]
        form, at, seen, places = "<", 0, 0, [0] * (len(fields) * 2)
        for offset, part, parts, which in sorted(spans):
            form += f"{offset - at}x{part}"
            at = offset + struct.calcsize(f"<{part}")
            places[which] = seen
            seen += parts
        form += f"{metadata.get_message_length() - at}x"
        pairs = tuple((places[index * 2], places[index * 2 + 1]) for index in range(len(fields)))
        return cls(fields, struct.Struct(form), pairs)

    def named(self, names: Iterable[str]) -> "Layout":
        """Return it with other names: those of parameters are empty."""
        pairs = zip(self.fields, names, strict=True)
        return replace(self, fields=tuple(replace(field, name=name) for field, name in pairs))

    def row(self, message: Any, table: str) -> Row:
        """Return the cells of a message.

        Raises:
            SnapshotRefused: a value is none of its column's; names the column and not the value.
        """
        values = self.whole.unpack_from(message)
        cells = []
        for field, (at, null) in zip(self.fields, self.places, strict=True):
            try:
                cells.append(None if values[null] else field.read(values[at : at + field.parts]))
            except (ValueError, OverflowError) as error:
                raise SnapshotRefused(_unreadable(table, field.name, error)) from None
        return tuple(cells)

    def fill(self, message: Any, row: Row, table: str) -> None:
        """Put cells into a message.

        Raises:
            SnapshotRefused: a cell does not fit its column; names the column and not the cell.
        """
        values: list[Any] = [0] * (sum(field.parts for field in self.fields) + len(self.fields))
        for field, (at, null), cell in zip(self.fields, self.places, row, strict=True):
            try:
                values[at : at + field.parts] = field.empty if cell is None else field.write(cell)
            except (ValueError, TypeError, AttributeError, OverflowError, ArithmeticError) as error:
                raise SnapshotRefused(f"a value does not fit {table}.{field.name}: {_kind_of(error)}") from None
            values[null] = -1 if cell is None else 0
        try:
            self.whole.pack_into(message, 0, *values)
        except struct.error:
            raise SnapshotRefused(f"a number does not fit its column in {table}") from None


def select(connection: Any, sql: str, table: str, charsets: dict[int, tuple[str, int]]) -> Iterator[Row]:
    """Yield the rows of a query; memory does not grow with their number. The transaction stays open."""
    cursor = connection.cursor()
    try:
        cursor.open(sql)
        statement, result = cursor._stmt, cursor._result  # noqa: SLF001
        layout = Layout.of(statement._out_meta, charsets, Blobs(connection))  # noqa: SLF001
        message = statement._out_buffer  # noqa: SLF001
        while result.fetch_next(message).value == 0:
            yield layout.row(message, table)
    finally:
        cursor.close()


def charsets_of(connection: Any) -> dict[int, tuple[str, int]]:
    """Return the codec and the bytes of a character of every character set of the database, by its number."""
    cursor = connection.cursor()
    try:
        cursor.execute(
            "select RDB$CHARACTER_SET_ID, cast(RDB$CHARACTER_SET_NAME as char(31) character set OCTETS), "
            "RDB$BYTES_PER_CHARACTER from RDB$CHARACTER_SETS"
        )
        rows = cursor.fetchall()
    finally:
        cursor.close()
    found = {}
    for number, name, size in rows:
        try:
            found[number] = (codec_of(name.rstrip(b"\0 ").decode("ascii")), size)
        except (ValueError, TypeError):
            found[number] = (UNDECLARED, size)
    found[0] = (UNDECLARED, 1)
    return found


def _unreadable(table: str, column: str, error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"{table}.{column} holds bytes that are no text in its character set: mend the data or the column first"
    return f"{table}.{column} holds a value that cannot be read"


def _kind_of(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "it has characters that the column's character set has not"
    return "it is too long" if isinstance(error, OverflowError) else "it is of another kind"
