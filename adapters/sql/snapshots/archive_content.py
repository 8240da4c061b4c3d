"""A PostgreSQL snapshot that is read straight from its archive, without a server, and written anew."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.sql.snapshots.archive import Lot, read, writing
from adapters.sql.snapshots.cells import cell, text
from adapters.sql.snapshots.described import Described
from adapters.sql.snapshots.row_store import RowStore
from adapters.sql.snapshots.whole import appearing, remove
from contracts.snapshots import Column, Origin, Rewrite, Row, SnapshotRefused, Table, Tell

_LOT: Final = 500


class ArchiveContent:
    """An archive whose rows were unpacked; a `contracts.snapshots.Content`.

    Args:
        schema: what the archive describes.
        store: its rows.
        folder: private, where new rows are gathered before they are written.
    """

    def __init__(self, schema: Described, store: RowStore, folder: Path) -> None:
        self._schema = schema
        self._store = store
        self._folder = folder
        self._numbers = {table.name: number for number, table in enumerate(schema.tables)}

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, parents first."""
        return self._schema.tables

    @property
    def shape(self) -> Mapping[str, str]:
        """The whole schema by kind and name."""
        return self._schema.shape

    @property
    def origin(self) -> Origin | None:
        """What the snapshot says of itself."""
        return self._schema.origin

    def rows(self, table: Table) -> Iterator[Row]:
        """Yield the rows in the order of the key: whole numbers by value, all else by its text."""
        kinds = [column.kind for column in table.columns]
        for row in self._store.rows(self._numbers[table.name]):
            yield tuple(cell(kind, value) for kind, value in zip(kinds, row, strict=True))

    def count(self, table: Table) -> int:
        """Return the number of rows."""
        return self._store.count(self._numbers[table.name])

    def write(self, out: Path, rewrite: Rewrite, origin: Origin, tell: Tell) -> None:
        """Write an archive with new rows, in the order of their new keys.

        No server is asked. Here are checked: lengths, missing values, unique values and foreign keys; what only
        PostgreSQL can judge, which is checks and exclusions, and decimal or floating keys, it judges at `restore`.
        """
        with appearing(out) as unnamed, unpacked(self._folder / "anew.sqlite", self.tables) as store:
            for number, table in enumerate(self.tables):
                self._gather(store, number, table, rewrite, tell)
            store.check()
            with writing(unnamed, replace(self._schema, origin=origin)) as archive:
                for number, table in enumerate(self.tables):
                    total = store.count(number)
                    for done in archive.rows(number, store.rows(number)):
                        tell(f"writing {table.name}", done, total)

    def _gather(self, store: RowStore, number: int, table: Table, rewrite: Rewrite, tell: Tell) -> None:
        total, done = self.count(table), 0
        lot: list[list[str | None]] = []
        for row in rewrite(table, self.rows(table)):
            lot.append(
                [_fitting(table, column, value) for column, value in zip(table.columns, map(text, row), strict=True)]
            )
            done += 1
            if not done % _LOT:
                store.add(number, lot)
                lot = []
                tell(f"rows of {table.name}", done, total)
        store.add(number, lot)
        tell(f"rows of {table.name}", done, total)
        if done != total:
            raise SnapshotRefused(f"{table.name} has {total} rows, and {done} were written: nothing is kept")


@contextmanager
def unpacked(file: Path, tables: tuple[Table, ...]) -> Iterator[RowStore]:
    """Yield a store of rows in a file that is removed at the end of the block."""
    remove(file)
    try:
        with closing(RowStore(file, tables)) as store:
            yield store
    finally:
        remove(file)


@contextmanager
def load(file: Path, folder: Path, tell: Tell) -> Iterator[ArchiveContent]:
    """Unpack an archive into a folder, to be read; SnapshotRefused when it is not whole."""
    parts = read(file, tell)
    schema = next(parts)
    if isinstance(schema, Lot):
        raise SnapshotRefused(f"{file} is damaged: it does not begin with its schema")
    with unpacked(folder / "read.sqlite", schema.tables) as store:
        for part in parts:
            if isinstance(part, Lot):
                store.add(part.table, part.rows)
        yield ArchiveContent(schema, store, folder)


def _fitting(table: Table, column: Column, value: str | None) -> str | None:
    if value is None and not column.nullable:
        raise SnapshotRefused(f"a row of {table.name} lacks {column.name}")
    if value is None or column.length is None:
        return value
    if len(value) > column.length:
        raise SnapshotRefused(f"a value of {table.name}.{column.name} is longer than {column.length} characters")
    return value.ljust(column.length) if column.padded else value
