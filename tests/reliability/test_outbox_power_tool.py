"""The tool behind the power cuts: it sees every change, it drops what was not synced, and it keeps what was."""

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.reliability.power_journal import Kind, Record, read_journal
from tests.reliability.power_library import CUT, CompilerMissing, build_library, environment
from tests.reliability.power_lives import running_lives
from tests.reliability.power_rebuild import SECTOR, Disk, write_folder
from tests.services import unavailable

ROWS = 100


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build_library(tmp_path_factory.mktemp("library"))
    except CompilerMissing as missing:
        unavailable(missing)
        raise


def cut_rows(library: Path, folder: Path, kind: str, cut_at: int) -> tuple[Disk, int]:
    """Run the bare loop until its power is cut; return its disk and how many rows it told."""
    disk = Disk(folder)
    journal = folder.with_name("journal")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.reliability.power_rows", str(folder / "rows"), kind, str(ROWS)],
        env=environment(library, prefix=f"{folder}/", journal=journal, cut_at=cut_at),
        stdout=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert ran.returncode == (CUT if cut_at else 0)
    disk.replay(read_journal(journal))
    return disk, len([json.loads(line) for line in ran.stdout.splitlines()])


def rows_left(folder: Path) -> int:
    """How many rows SQLite finds; a file or a table that is not there has none."""
    with closing(sqlite3.connect(folder / "rows")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return int(connection.execute("SELECT count(*) FROM told").fetchone()[0]) if tables else 0


def lines_left(folder: Path) -> int:
    """How many whole lines are at the beginning of the plain file."""
    file = folder / "rows"
    found = file.read_bytes().splitlines() if file.exists() else []
    return next((n for n, line in enumerate(found) if line != b"%08d" % n), len(found))


@pytest.mark.parametrize(
    ("kind", "survives"), [("off", False), ("normal", False), ("full", True), ("plain", False), ("synced", True)]
)
def test_what_was_not_synced_is_lost(library: Path, tmp_path: Path, kind: str, survives: bool) -> None:
    """Acknowledged rows are lost at OFF, at NORMAL and without a sync, and never at FULL or with one."""
    lost = []
    left = lines_left if kind in {"plain", "synced"} else rows_left
    for number, cut_at in enumerate((60, 150, 290)):
        folder = tmp_path / str(number) / "was"
        folder.mkdir(parents=True)
        disk, told = cut_rows(library, folder, kind, cut_at if left is rows_left else cut_at // 3)
        assert told > 3
        for seed in range(8):
            again = folder.with_name(f"is-{seed}")
            write_folder(again, disk.cut(random.Random(seed)), folder)  # noqa: S311 - what survives, no secret
            lost.append(max(0, told - left(again)))
    assert (sum(lost) == 0) is survives, lost


def test_the_journal_sees_every_change(library: Path, tmp_path: Path) -> None:
    """Replayed from nothing, the journal of a shim's whole life gives its files, byte for byte."""
    folder = tmp_path / "folder"
    folder.mkdir()
    disk = Disk(folder)
    with running_lives(library, tmp_path / "lives.log") as lives:
        settings: dict[str, str | int] = {"prefix": f"{folder}/", "journal": str(tmp_path / "journal"), "cut_at": 0}
        lines = lives.live("work", folder, settings, life="whole", has=[], count=60)
    assert (lines[-1]["ended"], sum("accepted" in line for line in lines)) == (0, 60)
    disk.replay(read_journal(tmp_path / "journal"))
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    assert disk.everything() == {str(path): path.read_bytes() for path in files}


def test_a_change_that_cannot_be_seen_ends_the_program(library: Path, tmp_path: Path) -> None:
    """A writable mapping would change a file behind the journal's back, so it is not allowed."""
    program = "import mmap,sys; f = open(sys.argv[1], 'w+b'); f.truncate(4096); mmap.mmap(f.fileno(), 4096)"
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "mapped")],
        env=environment(library, prefix=f"{tmp_path}/", journal=tmp_path.with_name("journal")),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"a writable mapping" in ran.stderr
    assert ran.returncode < 0


def written(folder: Path, *records: tuple[Kind, str, int, bytes]) -> Disk:
    disk = Disk(folder)
    disk.replay(Record(kind, str(folder / name) if name else str(folder), at, data) for kind, name, at, data in records)
    return disk


def test_a_write_tears_at_sectors_and_nowhere_else(tmp_path: Path) -> None:
    """Of a write over synced bytes, every sector is the old one or the new one, and both happen."""
    old, new = b"o" * 4 * SECTOR, b"n" * (3 * SECTOR)
    disk = written(
        tmp_path,
        (Kind.CREATED, "a", 0, b""),
        (Kind.WRITTEN, "a", 0, old),
        (Kind.SYNCED, "a", 0, b""),
        (Kind.SYNCED_FOLDER, "", 0, b""),
        (Kind.WRITTEN, "a", 100, new),
    )
    torn = set()
    for seed in range(200):
        content = disk.cut(random.Random(seed))[str(tmp_path / "a")]  # noqa: S311 - what survives, no secret
        assert content is not None
        assert len(content) == len(old)
        assert content[:100] == old[:100]
        sectors = [content[max(100, at) : min(at + SECTOR, 100 + len(new))] for at in range(0, len(old), SECTOR)]
        assert all(len(set(sector)) == 1 for sector in sectors)
        torn.add(bytes(sector[0] for sector in sectors))
    assert len(torn) > 8


def test_a_name_is_certain_when_its_folder_was_synced(tmp_path: Path) -> None:
    """A synced file is missing while its folder is not; a rename is done or not done, and never in between."""
    new = [(Kind.CREATED, "new", 0, b""), (Kind.WRITTEN, "new", 0, b"new"), (Kind.SYNCED, "new", 0, b"")]
    (tmp_path / "name").write_bytes(b"old")
    rename = (Kind.RENAMED, "new", 0, str(tmp_path / "name").encode())
    unsynced, synced = (
        written(tmp_path, *new, rename),
        written(tmp_path, *new, rename, (Kind.SYNCED_FOLDER, "", 0, b"")),
    )
    seen = {disk.cut(random.Random(seed))[str(tmp_path / "name")] for seed in range(50) for disk in [unsynced]}  # noqa: S311
    assert seen == {b"old", b"new"}
    assert all(synced.cut(random.Random(seed)) == {str(tmp_path / "name"): b"new"} for seed in range(50))  # noqa: S311
