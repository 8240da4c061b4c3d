"""SQLite's files: which is one, how it is opened without being changed, and which is a sandbox of ours.

What a file says of itself stands in `sqlite_stat1`, in rows about tables that are not there: the planner passes over
them, SQLite allows programs to write them, no schema shows them, and VACUUM INTO carries them along. The application's
own `application_id` and `user_version` stay as they are; they would also be too small.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from contracts.snapshots import SnapshotRefused

MAGIC: Final = b"SQLite format 3\x00"
_SANDBOX: Final = "legacy-shim sandbox"
_WAIT_S: Final = 30.0
_ENCODING_AT: Final = 56
_CODECS: Final = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}


def is_sqlite(file: Path) -> bool:
    """Return whether a file begins as SQLite's do; an empty or unreadable one does not."""
    try:
        with file.open("rb") as opened:
            return opened.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def is_url(place: str) -> bool:
    """Return whether a place is a URL of SQLite."""
    return place.partition(":")[0].partition("+")[0] == "sqlite"


def file_of(place: str) -> Path:
    """Return the file of a URL or a path, absolute and without links.

    Raises:
        SnapshotRefused: it names none.
    """
    if not is_url(place):
        return _resolved(place)
    try:
        database = make_url(place).database or ""
    except (SQLAlchemyError, ValueError) as error:
        raise SnapshotRefused("this is no URL of SQLite; write sqlite:////absolute/path.db") from error
    database = database.removeprefix("file:").partition("?")[0]
    if database in {"", ":memory:"}:
        raise SnapshotRefused("this URL names no file; write sqlite:////absolute/path.db")
    return _resolved(database)


def _resolved(path: str) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise SnapshotRefused(f"{path} is no path: {error}") from error


def codec_of(file: Path) -> str:
    """Return the codec of a file's texts."""
    with file.open("rb") as opened:
        header = opened.read(100)
    return _CODECS.get(int.from_bytes(header[_ENCODING_AT : _ENCODING_AT + 4], "big"), "utf-8")


@contextmanager
def reading(file: Path, *, immutable: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a file for reading only.

    Args:
        file: a SQLite database.
        immutable: touch nothing, not even a lock or a file beside it; for a file that nobody writes, or where a wrong
            answer only refuses.

    Raises:
        SnapshotRefused: it is none, is damaged, or is locked for long.
    """
    how = "immutable=1" if immutable else "mode=ro"
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(file))}?{how}", uri=True, timeout=_WAIT_S, isolation_level=None, cached_statements=0
        )
        with closing(connection):
            connection.text_factory = _decoded
            yield connection
    except sqlite3.Error as error:
        raise refused(file, error) from error


def refused(file: Path, error: sqlite3.Error) -> SnapshotRefused:
    """Return what SQLite says of a file in one line; its texts name tables and columns, and no values."""
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    if name.startswith("SQLITE_BUSY"):
        return SnapshotRefused(f"{file} is locked: somebody is writing to it; try again when that is done")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return SnapshotRefused(f"{file} is damaged or truncated, or no SQLite database ({name})")
    if name.startswith("SQLITE_CANTOPEN"):
        return SnapshotRefused(f"{file} cannot be opened: it is not there, or this account may not read it")
    if name.startswith("SQLITE_CONSTRAINT"):
        return SnapshotRefused(f"the rows break the schema: {error}")
    return SnapshotRefused(f"SQLite cannot go on with {file}: {error} ({name})")


def mark_sandbox(connection: sqlite3.Connection, place: Path) -> None:
    """Mark a database as the sandbox of one place."""
    say(connection, _SANDBOX, _digest(place))


def is_sandbox(file: Path) -> bool:
    """Return whether a file is marked for the place where it lies; a moved or copied one is not. Touches nothing."""
    try:
        with reading(file, immutable=True) as connection:
            return said(connection, _SANDBOX) == _digest(file)
    except SnapshotRefused:
        return False


def say(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a line in the file, in place of an earlier one of the same name."""
    connection.execute("analyze sqlite_master")  # makes the table, and gathers nothing
    connection.execute("delete from sqlite_stat1 where tbl = ?", (name,))
    connection.execute("insert into sqlite_stat1 (tbl, idx, stat) values (?, null, ?)", (name, value))


def said(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a line that was kept, or None."""
    if not connection.execute("select 1 from sqlite_master where name = 'sqlite_stat1'").fetchone():
        return None
    row = connection.execute("select stat from sqlite_stat1 where tbl = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def _digest(place: Path) -> str:
    return sha256(str(place.resolve()).encode("utf-8", "surrogateescape")).hexdigest()


def _decoded(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")
