"""A snapshot that was restored into a private file: its tables, its rows, and a new snapshot with other rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from adapters.firebird.catalogue import Catalogue, catalogue_of, quoted
from adapters.firebird.marks import origin_of
from adapters.firebird.messages import charsets_of, select
from adapters.firebird.pump import pumped
from adapters.firebird.refusals import refusing
from adapters.firebird.services import Place
from adapters.firebird.shape import shape_of
from contracts.snapshots import Origin, Rewrite, Row, Table, Tell


@dataclass
class FirebirdContent:
    """For one thread; reads in one transaction.

    Attributes:
        place: the private copy.
        connection: to it, with the character set NONE.
        folder: private; a new snapshot is made there.
        name: of the snapshot, for refusals.
    """

    place: Place
    connection: Any = field(repr=False)
    folder: Path
    name: str

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table with rows of its own, parents first."""
        return self.catalogue.tables

    @cached_property
    def catalogue(self) -> Catalogue:
        """Tables, indices and what cannot be carried."""
        with refusing(self.name):
            return catalogue_of(self.connection)

    @cached_property
    def shape(self) -> Mapping[str, str]:
        """Everything of the schema by name, in a canonical text."""
        with refusing(self.name):
            return shape_of(self.connection, self._charsets)

    @cached_property
    def origin(self) -> Origin | None:
        """What the snapshot says of itself."""
        with refusing(self.name):
            return origin_of(self.connection)

    def rows(self, table: Table) -> Iterator[Row]:
        """Yield the rows of a table in the order of its key, or as they are stored."""
        columns = ", ".join(quoted(column.name) for column in table.columns)
        order = f" order by {', '.join(quoted(name) for name in table.key)}" if table.key else ""
        sql = f"select {columns} from {quoted(table.name)}{order}"  # noqa: S608 - names from the catalogue, quoted
        with refusing(self.name):
            yield from select(self.connection, sql, table.name, self._charsets)

    def count(self, table: Table) -> int:
        """Return the number of its rows."""
        sql = f"select count(*) from {quoted(table.name)}"  # noqa: S608 - a name from the catalogue, quoted
        with refusing(self.name):
            return next(int(str(row[0])) for row in [*select(self.connection, sql, table.name, self._charsets)])

    def write(self, out: Path, rewrite: Rewrite, origin: Origin, tell: Tell) -> None:
        """Write a snapshot with the same schema and other rows."""
        pumped(self, out, rewrite, origin, tell)

    @cached_property
    def _charsets(self) -> dict[int, tuple[str, int]]:
        return charsets_of(self.connection)
