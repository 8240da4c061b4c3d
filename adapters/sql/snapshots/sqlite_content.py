"""A SQLite snapshot that is read row by row, and written anew."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

from adapters.sql.snapshots import sqlite_schema
from adapters.sql.snapshots.sqlite_files import refused, said, say
from adapters.sql.snapshots.sqlite_schema import quoted
from adapters.sql.snapshots.whole import appearing, remove
from contracts.snapshots import Origin, Rewrite, Row, SnapshotRefused, Table, Tell

_ORIGIN: Final = "legacy-shim origin"
_LOT: Final = 500
_BROKEN_ROWS: Final = ("NULL value in", "CHECK constraint failed", "TEXT value in", "NUMERIC value in")
"""Of what the integrity check says, that which is about rows and not about pages."""


class SqliteContent:
    """A snapshot that is open for reading; a `contracts.snapshots.Content`.

    Args:
        connection: to the snapshot, for reading only.
        folder: private, where a new database is made before it is copied.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self._tables = sqlite_schema.tables(connection)
        self._shape = sqlite_schema.shape(connection)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, parents first."""
        return self._tables

    @property
    def shape(self) -> Mapping[str, str]:
        """The whole schema by kind and name."""
        return self._shape

    @property
    def origin(self) -> Origin | None:
        """What the snapshot says of itself."""
        line = said(self._connection, _ORIGIN)
        return Origin(*line.split(" ", 2)) if line else None

    def rows(self, table: Table) -> Iterator[Row]:
        """Yield the rows in the order of the key, or of the row's number."""
        columns = ", ".join(quoted(column.name) for column in table.columns)
        order = ", ".join(map(quoted, table.key)) or sqlite_schema.rowid(table)
        cursor = self._connection.cursor()
        try:
            yield from cursor.execute(f"select {columns} from {quoted(table.name)} order by {order}")  # noqa: S608 - quoted names of the schema
        finally:
            cursor.close()

    def count(self, table: Table) -> int:
        """Return the number of rows."""
        return int(self._connection.execute(f"select count(*) from {quoted(table.name)}").fetchone()[0])  # noqa: S608 - likewise

    def write(self, out: Path, rewrite: Rewrite, origin: Origin, tell: Tell) -> None:
        """Fill a new database, let SQLite check every constraint of it, and copy its live pages to `out`."""
        made = self._folder / "anew.sqlite"
        remove(made)
        try:
            with appearing(out) as unnamed, closing(sqlite3.connect(made, isolation_level=None)) as new:
                self._settings(new)
                new.execute("begin")
                for statement in sqlite_schema.statements(self._connection, "table"):
                    new.execute(statement)
                for table in self._tables:
                    self._fill(new, table, rewrite, tell)
                self._sequences(new)
                for statement in sqlite_schema.statements(self._connection, "index", "view", "trigger"):
                    new.execute(statement)
                say(new, _ORIGIN, f"{origin.policy} {origin.key} {origin.schema}")
                new.execute("commit")
                check(new)
                copy(new, unnamed)
        except sqlite3.Error as error:
            raise refused(out, error) from error
        finally:
            remove(made)

    def _settings(self, new: sqlite3.Connection) -> None:
        # What a file is made with, and the numbers that belong to the application. No row is on disk durably before
        # the whole is, so nothing here has to survive a power cut.
        for name in ("page_size", "auto_vacuum", "application_id", "user_version"):
            value = int(self._connection.execute(f"pragma {name}").fetchone()[0])
            new.execute(f"pragma {name} = {value}")
        new.execute(f"pragma encoding = '{self._connection.execute('pragma encoding').fetchone()[0]}'")
        for setting in (
            "synchronous = off",
            "journal_mode = off",
            "foreign_keys = off",
            "ignore_check_constraints = 0",
        ):
            new.execute(f"pragma {setting}")

    def _fill(self, new: sqlite3.Connection, table: Table, rewrite: Rewrite, tell: Tell) -> None:
        places = [number for number, column in enumerate(table.columns) if not column.computed]
        columns = ", ".join(quoted(table.columns[place].name) for place in places)
        marks = ", ".join("?" for _ in places)
        insert = f"insert into {quoted(table.name)} ({columns}) values ({marks})"  # noqa: S608 - quoted names of the schema
        total, done = self.count(table), 0
        rows = iter(rewrite(table, self.rows(table)))
        while lot := [[_stored(row[place]) for place in places] for row in islice(rows, _LOT)]:
            new.executemany(insert, lot)
            done += len(lot)
            tell(f"rows of {table.name}", done, total)
        if done != total:
            raise SnapshotRefused(f"{table.name} has {total} rows, and {done} were written: nothing is kept")

    def _sequences(self, new: sqlite3.Connection) -> None:
        if not self._connection.execute("select 1 from sqlite_master where name = 'sqlite_sequence'").fetchone():
            return
        new.execute("delete from sqlite_sequence")
        for row in self._connection.execute("select name, seq from sqlite_sequence"):
            new.execute("insert into sqlite_sequence (name, seq) values (?, ?)", row)


def copy(connection: sqlite3.Connection, into: Path) -> None:
    """Copy what is live into an empty file, in one read transaction.

    VACUUM of some versions fails on some tables with a computed column (seen with 3.40.1: "has 3 columns but 4").
    Such a database is copied page by page; one that was just written has no page that ever held anything else.
    """
    try:
        connection.execute("vacuum into ?", (str(into),))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        with closing(sqlite3.connect(into)) as empty:
            connection.backup(empty)


def check_pages(connection: sqlite3.Connection) -> None:
    """Let SQLite look at every page; rows that break a constraint which the application never enforced may stay.

    Raises:
        SnapshotRefused: the file is damaged.
    """
    for (found,) in connection.execute("pragma integrity_check(100)"):
        if found != "ok" and not found.startswith(_BROKEN_ROWS):
            raise SnapshotRefused("the file is damaged or truncated: SQLite finds pages that do not fit together")


def check(connection: sqlite3.Connection) -> None:
    """Let SQLite look at every page, every constraint and every foreign key.

    Raises:
        SnapshotRefused: naming the table, never a value.
    """
    broken = connection.execute("pragma foreign_key_check").fetchone()
    if broken:
        raise SnapshotRefused(f"a row of {broken[0]} refers to a row of {broken[2]} that is not there")
    found = connection.execute("pragma integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise SnapshotRefused(f"the rows break the schema, or the file is damaged: {found}")


def _stored(cell: Any) -> Any:
    # Kinds of other databases, which a rewrite may give.
    return cell if cell is None or isinstance(cell, str | bytes | int | float) else str(cell)
