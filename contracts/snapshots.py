"""What the shim and a database technology say to each other about snapshots: take, restore, read, write anew.

A snapshot is one file. A technology knows its files and its databases and nothing of what their columns mean; what a
column is stands in a policy, and what is done with it is the shim's matter. Everything raises `SnapshotRefused` with
one line that says what to do, and then nothing is half-written and the source is untouched.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol

Cell = str | bytes | int | float | Decimal | datetime | date | time | bool | None
"""A text is str, padding included; a text BLOB too. Times have no zone unless the database keeps one."""
Row = tuple[Cell, ...]
Kind = Literal["text", "integer", "decimal", "float", "date", "time", "datetime", "boolean", "bytes"]
Tell = Callable[[str, int, int | None], None]
"""Told of progress: a stage in one or two words (`rows of PATIENT`), how much of it is done, and of how much if that is
known; bytes for whole files, rows for tables."""
Rewrite = Callable[["Table", Iterator[Row]], Iterator[Row]]
"""Takes a table and its rows, gives as many rows of the same columns."""


class SnapshotRefused(Exception):
    """Raised when something cannot be done with a snapshot or a database, in one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who connects; both empty for a file of this machine."""

    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: as the database spells it.
        kind: what its values are.
        length: longest text in characters, None for any.
        padded: whether texts come padded with spaces to `length`.
        nullable: whether it takes NULL.
        computed: whether the database computes it; it is read and never written.
    """

    name: str
    kind: Kind
    length: int | None = None
    padded: bool = False
    nullable: bool = True
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: `columns` refer to `targets` of `table`."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with rows of its own; views are none.

    Attributes:
        name: as the database spells it.
        columns: in the order of its rows.
        key: columns of the primary key, empty when there is none.
        uniques: columns of each other unique constraint or index.
        references: its foreign keys.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """What a pseudonymised snapshot says of itself, kept inside it.

    Attributes:
        policy: fingerprint of the policy, 16 hexadecimal digits.
        key: id of the key, 8 hexadecimal digits; tells nothing of the key.
        schema: name of the schema that the policy is for.
    """

    policy: str
    key: str
    schema: str


class Content(Protocol):
    """A snapshot that was restored into a private copy, to be read; for one thread."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, those referred to before those that refer, as far as that is possible."""

    @property
    def shape(self) -> Mapping[str, str]:
        """Everything of the schema by name, such as `procedure WEB_CONFIRM` or `table PATIENT`, in a canonical text."""

    @property
    def origin(self) -> Origin | None:
        """What the snapshot says of itself; None when it was never pseudonymised."""

    def rows(self, table: Table) -> Iterator[Row]:
        """Yield the rows of a table, in the order of its key; without one in any order that a second call repeats.

        Memory does not grow with their number.
        """

    def count(self, table: Table) -> int:
        """Return the number of its rows."""

    def write(self, out: Path, rewrite: Rewrite, origin: Origin, tell: Tell) -> None:
        """Write a snapshot with the same schema and other rows: into a new, empty database, which is then backed up.

        No page of `out` ever held an original. Sequences stand where they stood. Constraints are checked by the
        database itself after the last row. `out` appears whole, by a rename, or not at all.
        """


class Technology(Protocol):
    """Snapshots of one kind of database."""

    @property
    def name(self) -> str:
        """Such as `firebird`."""

    def is_snapshot(self, file: Path) -> bool:
        """Return whether a file's first bytes are of a snapshot of this kind, whole or not."""

    def is_place(self, place: str) -> bool:
        """Return whether a notation or URL names a database of this kind, there or not."""

    def take(self, place: str, account: Account, file: Path, tell: Tell) -> None:
        """Write a consistent snapshot of a database that may be in use; `file` appears whole or not at all."""

    def restore(self, file: Path, place: str, account: Account, tell: Tell) -> None:
        """Make a sandbox of a snapshot, and mark it as one.

        Replaces only a sandbox that is marked for this very place and that nobody else is attached to.
        """

    def opened(self, file: Path, folder: Path, tell: Tell) -> AbstractContextManager[Content]:
        """Restore a snapshot into `folder`, which is private and empty, and open it for reading."""

    def raw(self, file: Path, folder: Path, tell: Tell) -> Iterator[bytes]:
        """Yield everything that the file holds, decompressed: live, deleted and freed, in chunks of about a megabyte.

        `file` is a snapshot, or a database file of this kind that nobody has open. A value of the database stands in a
        chunk, or across two that follow each other, as the bytes of its text.
        """

    def codec(self, file: Path, folder: Path) -> str:
        """Return the Python codec of the texts in those bytes."""
