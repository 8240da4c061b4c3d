"""Snapshots of SQLite: whole or not at all, sandboxes only, and nothing of an original in what was written anew."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

import simulators.planon
from adapters.sql.snapshots import SqliteSnapshots
from contracts.snapshots import Account, Column, Origin, Reference, Row, SnapshotRefused, Table, Technology
from tests.integration.sql.limits import limited_files

NOBODY = Account()
ORIGIN = Origin("0123456789abcdef", "89abcdef", "planon")
SQLITE: Technology = SqliteSnapshots()
_DDL = """
create table parent (id integer primary key autoincrement, code char(4) not null unique, name varchar(20));
create table child (parent_id integer not null references parent, note text, loud text as (upper(note)),
                    kind text check (kind in ('a', 'b')), primary key (parent_id, kind));
create table flat (id text primary key, n int) without rowid;
create table loose ("Odd Name" text, picture blob, amount decimal(8, 2));
create index by_name on parent (name) where name is not null;
create view named as select name from parent;
create trigger told after insert on loose begin update parent set name = name; end;
"""


def quiet(_: str, __: int, ___: int | None) -> None:
    """Tell nobody."""


def digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def same(_: Table, rows: Iterator[Row]) -> Iterator[Row]:
    return rows


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """A database with one of everything, whose last number was given out and taken back."""
    file = tmp_path / "live.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(_DDL)
        connection.execute("pragma user_version = 7")
        connection.executemany("insert into parent values (?, ?, ?)", [(2, "B2  ", "Bé"), (1, "A1  ", None)])
        connection.executemany(
            "insert into child (parent_id, note, kind) values (?, ?, ?)", [(2, "n", "b"), (1, "m" * 9000, "a")]
        )
        connection.execute("insert into loose values (?, ?, ?)", ("x", b"\x00\xff", 1.5))
        connection.execute("insert into parent values (9, 'Z9  ', 'gone')")
        connection.execute("delete from parent where id = 9")
        connection.commit()
    return file


@pytest.fixture
def taken(live: Path, tmp_path: Path) -> Path:
    file = tmp_path / "taken.snapshot"
    SQLITE.take(f"sqlite:///{live}", NOBODY, file, quiet)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "private"
    made.mkdir()
    return made


def test_a_snapshot_is_a_private_file_with_everything_but_freed_pages(live: Path, taken: Path, folder: Path) -> None:
    """What is taken has every row and the whole schema, and belongs to its owner alone."""
    assert taken.stat().st_mode & 0o777 == 0o600
    assert SQLITE.is_snapshot(taken)
    assert SQLITE.is_place(str(live))
    assert SQLITE.is_place("sqlite:///x.db")
    assert not SQLITE.is_place("host/3050:x")
    assert not SQLITE.is_place("postgresql://h/x")
    with SQLITE.opened(taken, folder, quiet) as content:
        assert [table.name for table in content.tables] == ["flat", "loose", "parent", "child"]
        _, loose, parent, child = content.tables
        assert parent.columns[1] == Column("code", "text", 4, padded=True, nullable=False)
        assert parent.columns[2] == Column("name", "text", 20)
        assert parent.key == ("id",)
        assert parent.uniques == (("code",),)
        assert child.references == (Reference(("parent_id",), "parent", ("id",)),)
        assert [column.computed for column in child.columns] == [False, False, True, False]
        assert list(content.rows(parent)) == [(1, "A1  ", None), (2, "B2  ", "Bé")]
        assert list(content.rows(child)) == [(1, "m" * 9000, "M" * 9000, "a"), (2, "n", "N", "b")]
        assert list(content.rows(loose)) == [("x", b"\x00\xff", 1.5)]
        assert content.count(child) == 2
        assert content.origin is None
        assert sorted(content.shape) == [
            "index by_name", "table child", "table flat", "table loose", "table parent", "trigger told", "view named",
        ]  # fmt: skip
    assert list(folder.iterdir()) == []


def test_the_replica_of_planon_is_taken_and_written_anew(tmp_path: Path, folder: Path) -> None:
    """The schema that this is for goes through all of it, comments in its tables included."""
    file = tmp_path / "replica.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(Path(simulators.planon.__file__).with_name("replica.sql").read_text(encoding="utf-8"))
        connection.execute("insert into contract values ('C1', 'WBV', 'S1', 'K1', 'HOME')")
        connection.commit()
    SQLITE.take(str(file), NOBODY, tmp_path / "taken", quiet)
    with SQLITE.opened(tmp_path / "taken", folder, quiet) as content:
        names = [table.name for table in content.tables]
        assert names.index("contract") < names.index("tenant")
        assert names.index("contract") < names.index("priority_matrix")
        code = next(table for table in content.tables if table.name == "priority_code")
        assert code.uniques == (("mandant_code", "appsuite_code"),)
        content.write(tmp_path / "anew", same, ORIGIN, quiet)
        shape = content.shape
    with SQLITE.opened(tmp_path / "anew", folder, quiet) as anew:
        assert anew.shape == shape
        assert anew.origin == ORIGIN


def test_a_snapshot_is_of_one_moment(live: Path, tmp_path: Path, folder: Path) -> None:
    """While somebody writes parents with their children, a snapshot never has one without the other."""
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(live, timeout=30)) as connection:
            connection.execute("pragma journal_mode = wal")
            for number in range(100, 100_000):
                connection.execute("insert into parent values (?, ?, ?)", (number, f"{number}", "p"))
                connection.execute("insert into child (parent_id, kind) values (?, 'a')", (number,))
                connection.commit()
                begun.set()
                if stop.is_set():
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        for number in range(5):
            SQLITE.take(str(live), NOBODY, tmp_path / f"taken{number}", quiet)
            with SQLITE.opened(tmp_path / f"taken{number}", folder, quiet) as content:
                *_, parent, child = content.tables
                assert content.count(parent) == content.count(child) > 2
    finally:
        stop.set()
        writer.join()


def test_restore_makes_a_sandbox_and_replaces_only_that(live: Path, taken: Path, tmp_path: Path) -> None:
    """A sandbox is replaced at its place; moved or copied it is none, and a live database is left byte by byte."""
    sandbox = tmp_path / "sandbox.db"
    SQLITE.restore(taken, str(sandbox), NOBODY, quiet)
    with closing(sqlite3.connect(sandbox)) as connection:
        connection.execute("pragma foreign_keys = off")
        connection.execute("pragma journal_mode = wal")
        connection.execute("delete from parent")
        connection.commit()
        assert connection.execute("pragma user_version").fetchone() == (7,)
    SQLITE.restore(taken, f"sqlite:///{sandbox}", NOBODY, quiet)
    with closing(sqlite3.connect(sandbox)) as connection:
        assert connection.execute("select count(*) from parent").fetchone() == (2,)
        assert connection.execute("select seq from sqlite_sequence").fetchone() == (9,)
    copy = tmp_path / "copy.db"
    shutil.copy(sandbox, copy)
    before = {file: digest(file) for file in (copy, live, taken)}
    for target in (copy, live, taken):
        with pytest.raises(SnapshotRefused, match="no sandbox that was made at this place"):
            SQLITE.restore(taken, str(target), NOBODY, quiet)
    assert {file: digest(file) for file in before} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "copy.db", "live.db", "sandbox.db", "taken.snapshot",
    ]  # fmt: skip


def test_a_file_that_appears_meanwhile_stays(taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody makes it between the last look at a free place and the rename."""
    place, real = tmp_path / "new.db", Path.exists

    def late(file: Path) -> bool:
        there = real(file)
        if file == place:
            place.write_bytes(b"live")
        return there

    monkeypatch.setattr(Path, "exists", late)
    with pytest.raises(SnapshotRefused):
        SQLITE.restore(taken, str(place), NOBODY, quiet)
    assert place.read_bytes() == b"live"
    assert not [*tmp_path.glob(".new.db.*")]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_sandbox_that_somebody_reads_stays(taken: Path, tmp_path: Path, mode: str) -> None:
    """An open transaction of somebody else keeps the sandbox as it is."""
    sandbox = tmp_path / "sandbox.db"
    SQLITE.restore(taken, str(sandbox), NOBODY, quiet)
    with closing(sqlite3.connect(sandbox, isolation_level=None)) as connection:
        connection.execute(f"pragma journal_mode = {mode}")
        connection.execute("begin")
        connection.execute("select * from parent").fetchall()
        with pytest.raises(SnapshotRefused, match="somebody is attached"):
            SQLITE.restore(taken, str(sandbox), NOBODY, quiet)
        assert connection.execute("select count(*) from parent").fetchone() == (2,)
        connection.execute("commit")
    SQLITE.restore(taken, str(sandbox), NOBODY, quiet)


def test_what_is_no_snapshot_leaves_the_sandbox(taken: Path, tmp_path: Path, folder: Path) -> None:
    """Truncated, damaged and foreign files are refused, and the old sandbox stays."""
    sandbox = tmp_path / "sandbox.db"
    SQLITE.restore(taken, str(sandbox), NOBODY, quiet)
    before, whole = digest(sandbox), taken.read_bytes()
    damaged = whole[:4096] + bytes(255 - byte for byte in whole[4096:8192]) + whole[8192:]
    crooked = whole.replace(b"A1  ", b"Q1  ", 1)  # an index does not agree with its table
    for number, content in enumerate((b"", b"no database", whole[: len(whole) // 2], whole[:60], damaged, crooked)):
        bad = tmp_path / f"bad{number}"
        bad.write_bytes(content)
        with pytest.raises(SnapshotRefused, match=r"damaged|truncated|no SQLite snapshot"):
            SQLITE.restore(bad, str(sandbox), NOBODY, quiet)
        with pytest.raises(SnapshotRefused), SQLITE.opened(bad, folder, quiet):
            pass
    assert digest(sandbox) == before
    assert list(folder.iterdir()) == []


def test_a_full_disk_leaves_nothing(live: Path, taken: Path, tmp_path: Path, folder: Path) -> None:
    """Neither a snapshot nor a sandbox is half there, and what was there stays."""
    with closing(sqlite3.connect(live)) as connection:
        connection.executemany("insert into loose values (?, ?, ?)", [("y", bytes(100_000), 1)] * 20)
        connection.commit()
    SQLITE.take(str(live), NOBODY, tmp_path / "large", quiet)
    sandbox = tmp_path / "sandbox.db"
    SQLITE.restore(taken, str(sandbox), NOBODY, quiet)
    before = {path: digest(path) for path in tmp_path.iterdir() if path.is_file()}
    with SQLITE.opened(tmp_path / "large", folder, quiet) as content, limited_files(1_000_000):
        with pytest.raises(SnapshotRefused):
            SQLITE.take(str(live), NOBODY, tmp_path / "out", quiet)
        with pytest.raises(SnapshotRefused):
            SQLITE.restore(tmp_path / "large", str(sandbox), NOBODY, quiet)
        with pytest.raises(SnapshotRefused):
            content.write(tmp_path / "out", same, ORIGIN, quiet)
    assert {path: digest(path) for path in tmp_path.iterdir() if path.is_file()} == before
    assert list(folder.iterdir()) == []


def test_take_refuses_in_one_line(live: Path, taken: Path, tmp_path: Path) -> None:
    """A database that is missing, a file that is there, and a URL without a file are told."""
    before = digest(taken)
    for place, file, told in (
        (str(tmp_path / "none.db"), tmp_path / "out", "there is no database"),
        (str(live), taken, "is there already"),
        ("sqlite://", tmp_path / "out", "names no file"),
        (str(live), tmp_path / "none" / "out", "cannot be written"),
    ):
        with pytest.raises(SnapshotRefused, match=told) as refused:
            SQLITE.take(place, NOBODY, file, quiet)
        assert "\n" not in str(refused.value)
    assert digest(taken) == before
    assert not (tmp_path / "none.db").exists()


def test_written_anew_holds_new_rows_and_no_old_byte(taken: Path, tmp_path: Path, folder: Path) -> None:
    """Rows are the new ones, the schema and the sequence are the old ones, and no page holds what was there."""

    def rewrite(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            yield (*row[:1], "w" * len(str(row[1])), *row[2:]) if table.name == "child" else row

    out = tmp_path / "anew"
    with SQLITE.opened(taken, folder, quiet) as content:
        content.write(out, rewrite, ORIGIN, quiet)
        shape = content.shape
    with SQLITE.opened(out, folder, quiet) as anew:
        assert anew.shape == shape
        assert anew.origin == ORIGIN
        assert [row[1:3] for row in anew.rows(anew.tables[3])] == [("w" * 9000, "W" * 9000), ("w", "W")]
    with closing(sqlite3.connect(out)) as connection:
        assert connection.execute("select seq from sqlite_sequence").fetchone() == (9,)
        assert connection.execute("pragma user_version").fetchone() == (7,)
    assert out.stat().st_mode & 0o777 == 0o600
    assert b"mmmm" not in b"".join(SQLITE.raw(out, folder, quiet))
    assert b"mmmm" in b"".join(SQLITE.raw(taken, folder, quiet))


@pytest.mark.parametrize(
    ("name", "place", "value"), [("parent", 1, "same"), ("child", 0, 77), ("child", 3, "z"), ("parent", 1, None)]
)
def test_rows_that_break_the_schema_are_not_written(
    taken: Path, tmp_path: Path, folder: Path, name: str, place: int, value: str | int | None
) -> None:
    """A value twice, an orphan, a failed check and a missing value stop the writing; none is quoted."""

    def rewrite(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            yield (*row[:place], value, *row[place + 1 :]) if table.name == name else row

    with SQLITE.opened(taken, folder, quiet) as content:
        with pytest.raises(SnapshotRefused):
            content.write(tmp_path / "out", rewrite, ORIGIN, quiet)
        assert [path.name for path in folder.iterdir()] == ["read.sqlite"]
    assert not (tmp_path / "out").exists()


def test_freed_pages_and_long_texts_are_searched(tmp_path: Path, folder: Path) -> None:
    """What an edited file deleted is still found in it, also where it was cut by the end of a page."""
    file = tmp_path / "edited.db"
    markers = [f"<{number:06d}-Van der Veen>" for number in range(3000)]
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("pragma secure_delete = off")
        connection.execute("create table note (id integer primary key, body text)")
        connection.execute("insert into note values (1, ?)", ("".join(markers),))
        connection.execute("insert into note values (2, 'Short Deleted')")
        connection.commit()
        found = b"".join(SQLITE.raw(file, folder, quiet))
        assert all(marker.encode() in found for marker in markers)
        connection.execute("delete from note")
        connection.commit()
    found = b"".join(SQLITE.raw(file, folder, quiet))
    assert b"Short Deleted" in found
    missing = sum(marker.encode() not in found for marker in markers)
    # Sixteen pages end within a marker. Lost are those under the list of free pages, and where the row's own page ends.
    assert missing <= 6
    assert SQLITE.codec(file, folder) == "utf-8"


def test_texts_of_two_bytes_are_searched_as_such(tmp_path: Path, folder: Path) -> None:
    """The codec is the one that the file was made with."""
    file = tmp_path / "wide.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("pragma encoding = 'UTF-16le'")
        connection.execute("create table note (body text)")
        connection.execute("insert into note values ('Crêpe')")
        connection.commit()
    assert "Crêpe".encode(SQLITE.codec(file, folder)) in b"".join(SQLITE.raw(file, folder, quiet))


def test_a_snapshot_that_appeared_meanwhile_is_left_alone(taken: Path, tmp_path: Path, folder: Path) -> None:
    """Somebody took the name while rows were written: that file stays, and nothing else remains."""
    out = tmp_path / "out"

    def rewrite(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        del table
        out.write_text("somebody's")
        return rows

    with (
        SQLITE.opened(taken, folder, quiet) as content,
        pytest.raises(SnapshotRefused, match="out was made by somebody else meanwhile"),
    ):
        content.write(out, rewrite, ORIGIN, quiet)
    assert out.read_text() == "somebody's"
    assert not [*tmp_path.glob(".out*")]
