"""A bare SQLite loop whose rows are acknowledged, at a durability of its caller's choice: proves that cuts do harm.

Usage: FILE SYNCHRONOUS ROWS, with SYNCHRONOUS off, normal or full; or FILE plain|synced ROWS for a file without SQLite.
"""

import os
import sqlite3
import sys
from pathlib import Path

from tests.reliability.power_receiver import tell

PAYLOAD = bytes(1000)


def rows(file: Path, synchronous: str, count: int) -> None:
    """Insert rows, each in a commit that is told when it has returned."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("CREATE TABLE IF NOT EXISTS told (number INTEGER PRIMARY KEY, payload BLOB)")
    for number in range(count):
        connection.execute("INSERT INTO told VALUES (?, ?)", [number, PAYLOAD])
        tell(row=number)


def lines(file: Path, count: int, *, synced: bool) -> None:
    """Append lines to a plain file, each told when it was written, and synced if asked for."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    folder = os.open(file.parent, os.O_RDONLY)
    for number in range(count):
        os.write(descriptor, b"%08d\n" % number)
        if synced:
            os.fsync(descriptor)
            os.fsync(folder)
        tell(row=number)


if __name__ == "__main__":
    target, kind, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    if kind in {"plain", "synced"}:
        lines(target, number, synced=kind == "synced")
    else:
        rows(target, kind, number)
