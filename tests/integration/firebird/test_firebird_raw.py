"""The raw bytes: what was deleted or overwritten is found in a database file, and is not in a snapshot made anew."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from adapters.firebird.snapshots import FirebirdSnapshots
from contracts.snapshots import Account, Origin, Row, Table
from simulators.intramed.sandbox import SNAPSHOT, owner_connection, restore
from tests.integration.firebird.conftest import quietly

PLANTED = {
    "short, at the row's end": ("OPMERKING", "06-10000001"),
    "a run": ("OPMERKING", "aaaaaaaaaaaaaaaaaaaaaa 11111111"),
    "longer than a literal": ("OPMERKING", "".join(chr(65 + place % 26) for place in range(200))),
    "behind 127 bytes": ("PLAATS", "Oudwijkerdorp"),
    "a change of one letter": ("STRAAT", "Geheime Laan 00000"),
}
ROW = "00000102"


def found(firebird: FirebirdSnapshots, file: Path, folder: Path, texts: Iterable[str]) -> dict[str, bool]:
    """Say of each text whether it stands in the bytes of a file."""
    data = b"".join(firebird.raw(file, folder, quietly))
    codec = firebird.codec(file, folder)
    return {text: text.encode(codec) in data for text in texts}


def run(path: Path, *statements: str) -> None:
    """Execute and commit each; no statement reads what another one left behind."""
    with owner_connection(str(path)) as connection:
        for statement in statements:
            connection.execute_immediate(statement)
            connection.commit()


@pytest.fixture
def live(engine: None, tmp_path: Path) -> Path:
    """A practice that is written to."""
    del engine
    return restore(SNAPSHOT, tmp_path / "live.fdb")


def test_values_that_were_overwritten_in_place(firebird: FirebirdSnapshots, live: Path, tmp_path: Path) -> None:
    """The superseded versions are there until somebody sweeps; a snapshot is not the place for them."""
    before, after = dict[str, bool](), dict[str, bool]()
    for number, (column, value) in enumerate(PLANTED.values(), start=101):
        changed = f"{value[:-1]}X"
        before[value], after[changed] = True, True
        for text in (value, changed):
            run(live, f"update PATIENT set {column} = '{text}' where NUMMER = '{number:08d}'")  # noqa: S608 - planted
    assert found(firebird, live, tmp_path, [*before, *after, "nowhere"]) == before | after | {"nowhere": False}
    firebird.take(str(live), Account(), tmp_path / "taken.fbk", quietly)
    assert found(firebird, tmp_path / "taken.fbk", tmp_path, [*before, *after]) == dict.fromkeys(before, False) | after


def test_rows_that_were_deleted_and_swept(firebird: FirebirdSnapshots, live: Path, tmp_path: Path) -> None:
    """Their bytes stay on the page, in no slot; so do those of a deleted BLOB."""
    number, note = "06-10000001 tante Truus", "Wegblob 06-10000777"
    run(
        live,
        f"insert into TELEFOON values (9000, '{ROW}', 'M', '{number}')",  # noqa: S608 - planted values
        f"insert into JOURNAAL (NUMMER, PATIENT, MELDTIJD, TEKST) values (9000, '{ROW}', '2026-01-01', '{note}')",  # noqa: S608
        "delete from TELEFOON where VOLGNR = 9000",
        "delete from JOURNAAL where NUMMER = 9000",
    )
    with owner_connection(str(live)) as connection:
        cursor = connection.cursor()
        for table in ("TELEFOON", "JOURNAAL"):  # who reads what was deleted frees it
            cursor.execute(f"select count(*) from {table}")  # noqa: S608 - our own names
            cursor.fetchall()
        cursor.close()
    assert found(firebird, live, tmp_path, [number, note]) == {number: True, note: True}


def test_a_blob_that_lies_across_two_pages(firebird: FirebirdSnapshots, live: Path, tmp_path: Path) -> None:
    """A value at any place of a long BLOB is found."""
    marks = [f"merk {place:06d} hier" for place in range(3000)]
    with owner_connection(str(live)) as connection, connection.cursor() as cursor:
        cursor.execute("update JOURNAAL set TEKST = ? where NUMMER = 1", ("".join(marks),))
    data = b"".join(firebird.raw(live, tmp_path, quietly))
    assert {each.decode() for each in re.findall(rb"merk \d{6} hier", data)} == {*marks}


def test_a_backup_with_runs_is_looked_into(firebird: FirebirdSnapshots, engine: None, tmp_path: Path) -> None:
    """In gbak's own form a value may not stand as its bytes: it is restored and its pages are read."""
    del engine
    assert b"06-10001001" not in SNAPSHOT.read_bytes()
    assert found(firebird, SNAPSHOT, tmp_path, ["06-10001001"]) == {"06-10001001": True}
    assert not [*tmp_path.iterdir()]


def test_no_original_is_in_what_was_written_anew(firebird: FirebirdSnapshots, taken: Path, tmp_path: Path) -> None:
    """Every name of the original is found in it, and none in a snapshot whose names are others."""
    out = tmp_path / "out.fbk"
    names = set[str]()

    def rewrite(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        places = [place for place, column in enumerate(table.columns) if column.name == "ACHTERNAAM"]
        for row in rows:
            names.update(str(row[place]) for place in places)
            yield tuple("Anders" if place in places else cell for place, cell in enumerate(row))

    with firebird.opened(taken, tmp_path, quietly) as content:
        content.write(out, rewrite, Origin("0" * 16, "0" * 8, "intramed"), quietly)
    assert len(names) > 20
    assert all(found(firebird, taken, tmp_path, names).values())
    assert not any(found(firebird, out, tmp_path, names).values())
    assert str(tmp_path).encode() not in out.read_bytes()


def test_codec(firebird: FirebirdSnapshots, taken: Path, odd: Path, tmp_path: Path) -> None:
    """Of the database's own character set."""
    assert firebird.codec(taken, tmp_path) == "cp1252"
    assert firebird.codec(odd, tmp_path) == "utf-8"
