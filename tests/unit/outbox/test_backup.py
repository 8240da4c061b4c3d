"""A backup is one whole file, made while others write."""

import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from outbox.carrying.backup import backup
from outbox.carrying.refusal import CarryingRefused
from outbox.sqlite.database import SqliteDatabase
from outbox.store import PACKAGE, Outbox
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, accept


def test_it_has_all_that_was_committed_before_it_began(
    database: SqliteDatabase, outbox: Outbox, tmp_path: Path
) -> None:
    """Also what is only in the log beside the file, and while somebody else goes on writing."""
    before = [accept(outbox, f"before-{number}", body=b"<Incident/>" * 300) for number in range(200)]
    stop, writing = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            accept(outbox, f"during-{number}", body=b"<Incident/>" * 300)
            number += 1
            writing.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert writing.wait(30)
    try:
        kept = backup(database.path, tmp_path / "kept.db")
    finally:
        stop.set()
        thread.join()
    assert kept.entries > len(before)
    copied = SqliteDatabase(tmp_path / "kept.db", [PACKAGE])
    try:
        found = Outbox(copied, RestCipher(bytes(32)), Clock())
        for entry in before:
            assert found.payload(entry).body == b"<Incident/>" * 300
        assert copied.read("PRAGMA integrity_check")[0][0] == "ok"
        assert copied.read("SELECT COUNT(*) FROM entry")[0][0] == kept.entries
    finally:
        copied.close()


def test_it_is_one_file_for_its_owner_only(database: SqliteDatabase, outbox: Outbox, tmp_path: Path) -> None:
    """Nothing of it is in a log beside it, and nothing unfinished is left."""
    accept(outbox)
    folder = tmp_path / "kept"
    folder.mkdir()
    kept = backup(database.path, folder / "state.db")
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (file.stat().st_size, kept.entries) == (kept.bytes, 1)
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


def test_nothing_is_written_over(database: SqliteDatabase, tmp_path: Path) -> None:
    """An older backup stays, and so does the state itself."""
    older = tmp_path / "older.db"
    older.write_bytes(b"older")
    for file in (older, database.path):
        with pytest.raises(CarryingRefused, match="exists"):
            backup(database.path, file)
    assert older.read_bytes() == b"older"
    with pytest.raises(CarryingRefused, match="cannot be written"):
        backup(database.path, tmp_path / "nowhere" / "state.db")
