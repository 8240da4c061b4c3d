"""Snapshots of SQLite: a snapshot is a database file that VACUUM INTO has made."""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from adapters.files.whole import reserve, sync
from adapters.sql.snapshots.sqlite_content import SqliteContent, check_pages, copy
from adapters.sql.snapshots.sqlite_files import (
    codec_of,
    file_of,
    is_sandbox,
    is_sqlite,
    is_url,
    mark_sandbox,
    reading,
    refused,
)
from adapters.sql.snapshots.sqlite_raw import raw
from adapters.sql.snapshots.whole import appearing, remove
from contracts.snapshots import Account, SnapshotRefused, Tell

_STEPS: Final = 20_000
"""Instructions of SQLite between two looks at how far it is."""


class SqliteSnapshots:
    """A `contracts.snapshots.Technology`. No account is needed: who may read the file may read the database."""

    name = "sqlite"

    def is_snapshot(self, file: Path) -> bool:
        """Return whether a file begins as SQLite's do."""
        return is_sqlite(file)

    def is_place(self, place: str) -> bool:
        """Return whether this is a URL of SQLite, or the path of a SQLite file."""
        return is_url(place) or is_sqlite(Path(place))

    def take(self, place: str, account: Account, file: Path, tell: Tell) -> None:
        """Copy what is live, in one read transaction; others may write meanwhile where the file's mode lets them."""
        del account
        source = file_of(place)
        if not source.is_file():
            raise SnapshotRefused(f"there is no database {source}")
        with appearing(file) as unnamed, reading(source) as connection:
            _copy(connection, unnamed, tell)

    def restore(self, file: Path, place: str, account: Account, tell: Tell) -> None:
        """Make the sandbox beside its place, look at the whole of it, and let it take the place by a rename."""
        del account
        target = file_of(place)
        if not is_sqlite(file):
            raise SnapshotRefused(f"{file} is no SQLite snapshot, or cannot be read")
        _only_a_sandbox(target)
        unnamed = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            os.close(os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with reading(file) as connection:
                check_pages(connection)
                _copy(connection, unnamed, tell)
            with closing(sqlite3.connect(unnamed, isolation_level=None)) as new:
                mark_sandbox(new, target)
            sync(unnamed)
            with _alone(target):
                unnamed.rename(target)
            sync(target.parent)
        except sqlite3.Error as error:
            raise refused(target, error) from error
        except OSError as error:
            raise SnapshotRefused(f"{target} cannot be written: {error.strerror}") from error
        finally:
            remove(unnamed)

    @contextmanager
    def opened(self, file: Path, folder: Path, tell: Tell) -> Iterator[SqliteContent]:
        """Copy a snapshot into `folder`, look at the whole of it, and open it."""
        if not is_sqlite(file):
            raise SnapshotRefused(f"{file} is no SQLite snapshot, or cannot be read")
        copy = folder / "read.sqlite"
        with appearing(copy) as unnamed, reading(file) as connection:
            _copy(connection, unnamed, tell)
        try:
            with reading(copy, immutable=True) as connection:
                check_pages(connection)
                yield SqliteContent(connection, folder)
        finally:
            remove(copy)

    def raw(self, file: Path, folder: Path, tell: Tell) -> Iterator[bytes]:
        """Yield everything that the file holds."""
        del folder
        if not is_sqlite(file):
            raise SnapshotRefused(f"{file} is no SQLite database, or cannot be read")
        yield from raw(file, tell)

    def codec(self, file: Path, folder: Path) -> str:
        """Return the encoding that the file was made with."""
        del folder
        return codec_of(file)


def _copy(connection: sqlite3.Connection, unnamed: Path, tell: Tell) -> None:
    total = _pages(connection)

    def look() -> int:
        with suppress(OSError):
            tell("bytes", unnamed.stat().st_size, total)
        return 0

    connection.set_progress_handler(look, _STEPS)
    try:
        copy(connection, unnamed)
    finally:
        connection.set_progress_handler(None, 0)
    written = unnamed.stat().st_size
    tell("bytes", written, written)


def _pages(connection: sqlite3.Connection) -> int:
    (pages,), (size,) = (connection.execute(f"pragma {name}").fetchone() for name in ("page_count", "page_size"))
    return int(pages) * int(size)


def _only_a_sandbox(target: Path) -> None:
    if os.path.lexists(target) and not is_sandbox(target):
        raise SnapshotRefused(
            f"{target} is there and is no sandbox that was made at this place: it is left as it is; name another place"
        )


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep everybody out of a sandbox that is replaced; take the name where none is yet, with an empty file."""
    _only_a_sandbox(target)
    if not target.exists():
        reserve(target)
        yield
        return
    with closing(sqlite3.connect(target, timeout=0, isolation_level=None)) as connection:
        try:
            # A write-ahead log lets one reader and one writer be here together, so it has to end first.
            connection.execute("pragma journal_mode = delete")
            connection.execute("begin exclusive")
        except sqlite3.OperationalError as error:
            raise SnapshotRefused(f"somebody is attached to the sandbox {target}: end that first") from error
        yield
