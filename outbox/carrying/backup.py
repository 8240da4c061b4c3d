"""A backup of an SQLite state, made while workers go on: one file with everything that was committed when it began."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.errors import StateUnavailable
from outbox.carrying.files import new_file
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import file_snapshot

_PAGES: Final = 1000
"""Pages of one step, 4 MB."""
Report = Callable[[int, int], None]
"""Told how much of how much is done."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was kept: bytes of the file, and the entries in it."""

    bytes: int
    entries: int


def backup(state: Path, file: Path, report: Report = lambda _done, _all: None) -> Backup:
    """Copy a state to a new file, which has its name when it is whole.

    Raises:
        CarryingRefused: the file exists, or cannot be written.
        StateUnavailable: the state cannot be read.
    """
    with new_file(file) as unnamed:
        entries = copy(state, unnamed, report)
        size = unnamed.stat().st_size
    return Backup(size, entries)


def copy(source: Path, target: Path, report: Report = lambda _done, _all: None) -> int:
    """Copy one SQLite file to another by SQLite's own means; return how many entries are in it.

    The copy begins with a read transaction: what others write meanwhile is not in it, and does not begin it anew.

    Raises:
        CarryingRefused: the target cannot be written.
        StateUnavailable: the source cannot be read.
    """
    with file_snapshot(source) as reading, closing(sqlite3.connect(target, isolation_level=None)) as writing:
        try:
            reading.backup(writing, pages=_PAGES, progress=lambda _code, left, pages: report(pages - left, pages))
        except sqlite3.OperationalError as error:
            raise CarryingRefused(f"{source} cannot be copied to {target.parent}: {error}") from error
        alone_in_one_file(writing, target)
        try:
            return int(writing.execute("SELECT COUNT(*) FROM entry").fetchone()[0])
        except sqlite3.OperationalError as error:
            raise CarryingRefused(f"{source} is no state of a shim") from error


def alone_in_one_file(connection: sqlite3.Connection, path: Path) -> None:
    """Leave nothing of a database in a log beside its file."""
    (journal,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    if journal != "delete":
        raise StateUnavailable(f"{path} is still in use")
