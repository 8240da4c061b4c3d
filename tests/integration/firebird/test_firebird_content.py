"""What a restored snapshot says of itself: tables, rows in every kind of column, the schema's shape."""

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.firebird.snapshots import FirebirdSnapshots
from contracts.snapshots import Account, Column, Origin, Reference, SnapshotRefused
from simulators.intramed.practice import practice_rows
from simulators.intramed.sandbox import SNAPSHOT, owner_connection
from tests.integration.firebird.conftest import quietly

ORIGIN = Origin("0123456789abcdef", "00c0ffee", "odd one")


def test_the_stored_practice_is_what_the_generator_says(
    firebird: FirebirdSnapshots, engine: None, tmp_path: Path
) -> None:
    """Every table in full, padding aside, and each after those that it refers to."""
    del engine
    made = practice_rows()
    with firebird.opened(SNAPSHOT, tmp_path, quietly) as content:
        names = [table.name for table in content.tables]
        assert names.index("VESTIGING") < names.index("PATIENT") < names.index("TELEFOON")
        assert names.index("AGENDA") < names.index("AFSPRAAK")
        for table in content.tables:
            columns, rows = made[table.name]
            places = [[column.name for column in table.columns].index(name) for name in columns]
            stored = [tuple(_bare(row[place]) for place in places) for row in content.rows(table)]
            assert sorted(stored, key=repr) == sorted((tuple(map(_bare, row)) for row in rows), key=repr)
            assert content.count(table) == len(rows)
    assert not [*tmp_path.iterdir()]


def test_every_kind_of_column(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """Texts by their column's own character set, padded to characters; BLOBs whole; bytes as bytes."""
    with firebird.opened(odd, tmp_path, quietly) as content:
        tables = {table.name: table for table in content.tables}
        parent = tables["PARENT"]
        rows = [*content.rows(parent)]
        assert rows[0] == (
            *(1, 5, "René", "aé   ", "Crš", Decimal("12.34"), 9007199254740993, 0.5, date(2014, 2, 28)),
            *(time(23, 59, 59, 123400), datetime(1859, 1, 1, 0, 0, 0, 100), True, b"\x00\xff\x01", "n€"),  # noqa: DTZ001
            *(b"\x00\x01\x02\x03", Decimal("24.68")),
        )
        assert rows[1][2:6] == ("", None, None, None)
        columns = {column.name: column for column in parent.columns}
        assert columns["LABEL"] == Column("LABEL", "text", 10, nullable=False)
        assert columns["PADDED"] == Column("PADDED", "text", 5, padded=True)
        assert columns["NOTE"] == Column("NOTE", "text")
        assert columns["CODE"] == Column("CODE", "bytes")
        assert columns["AMOUNT"].kind == "decimal"
        assert columns["TWICE"].computed
        assert (parent.key, parent.uniques) == (("ID",), (("LABEL",),))
        assert parent.references == (Reference(("CHILD",), "CHILD", ("ID",)),)
        assert tables["CHILD"].references == (Reference(("PARENT",), "PARENT", ("ID",)),)
        assert [*content.rows(tables["NO_KEY"])] == [("b",), ("a",)]


def test_bytes_of_old_programs_come_and_go_as_they_are(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """0x81 was an umlaut under DOS and is no character of WIN1252: it is U+0081 here, and the same byte in the end."""
    firebird.restore(odd, str(tmp_path / "old.fdb"), Account(), quietly)
    with owner_connection(str(tmp_path / "old.fdb")) as connection:
        connection.execute_immediate("alter table NO_KEY add FIXED char(7) character set WIN1252")
        connection.execute_immediate("alter table NO_KEY add NOTE blob sub_type text character set WIN1252")
        connection.commit()
        connection.execute_immediate("update PARENT set OLD = x'4D818D8F909D80' where ID = 1")
        connection.execute_immediate("update NO_KEY set TEXT = x'4D81', FIXED = x'9D', NOTE = x'8D80'")
    firebird.take(str(tmp_path / "old.fdb"), Account(), tmp_path / "old.fbk", quietly)
    rows = {}
    for name, out in (("old", "new"), ("new", "newer")):
        with firebird.opened(tmp_path / f"{name}.fbk", tmp_path, quietly) as content:
            rows[name] = {table.name: [*content.rows(table)] for table in content.tables}
            content.write(tmp_path / f"{out}.fbk", lambda _, rows: rows, ORIGIN, quietly)
    assert rows["old"]["PARENT"][0][4] == "M\x81\x8d\x8f\x90\x9d€"
    assert rows["old"]["NO_KEY"] == [("M\x81", "\x9d".ljust(7), "\x8d€")] * 2
    assert rows["new"] == rows["old"]
    firebird.restore(tmp_path / "new.fbk", str(tmp_path / "new.fdb"), Account(), quietly)
    with owner_connection(str(tmp_path / "new.fdb")) as connection, connection.cursor() as cursor:
        cursor.execute("select cast(OLD as varchar(12) character set OCTETS) from PARENT where ID = 1")
        assert cursor.fetchone() == (bytes.fromhex("4D818D8F909D80"),)
        cursor.execute("select first 1 cast(TEXT as varchar(9) character set OCTETS) from NO_KEY")
        assert cursor.fetchone() == (bytes.fromhex("4D81"),)


def test_bytes_that_are_no_text_name_their_column(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """0xAA is nothing in WIN1253, and no control either."""
    firebird.restore(odd, str(tmp_path / "bad.fdb"), Account(), quietly)
    with owner_connection(str(tmp_path / "bad.fdb")) as connection:
        connection.execute_immediate("alter table NO_KEY add GREEK varchar(9) character set WIN1253")
        connection.commit()
        connection.execute_immediate("update NO_KEY set GREEK = x'81AA'")
    firebird.take(str(tmp_path / "bad.fdb"), Account(), tmp_path / "bad.fbk", quietly)
    with firebird.opened(tmp_path / "bad.fbk", tmp_path, quietly) as content:
        table = next(table for table in content.tables if table.name == "NO_KEY")
        with pytest.raises(SnapshotRefused, match=r"^NO_KEY\.GREEK holds bytes that are no text"):
            _ = [*content.rows(table)]


def test_the_shape_is_the_same_after_any_way_round(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """Written anew, restored and taken: the same text, with what a schema has; a changed column shows at its table."""
    with firebird.opened(odd, tmp_path, quietly) as content:
        shape = dict(content.shape)
        assert content.origin is None
        content.write(tmp_path / "new.fbk", lambda _, rows: rows, ORIGIN, quietly)
    named = ("table PARENT", "view BOTH_OF", "trigger STAMP", "procedure ASKED", "exception REFUSED", "domain NAME_OF")
    assert {*named, "sequence COUNTER", "grants PARENT", "table NO_KEY"} <= shape.keys()
    assert "77" not in "".join(shape.values())
    for part in ("FAVOURITE", "POSITIVE", "LABEL_ONCE", "upper(LABEL)", "scale -2", "char(5) UTF8"):
        assert part in shape["table PARENT"]
    place = tmp_path / "place.fdb"
    firebird.restore(tmp_path / "new.fbk", str(place), Account(), quietly)
    with owner_connection(str(place)) as connection:
        connection.execute_immediate("alter table NO_KEY alter column TEXT type varchar(301)")
    firebird.take(str(place), Account(), tmp_path / "changed.fbk", quietly)
    with firebird.opened(tmp_path / "new.fbk", tmp_path, quietly) as content:
        assert dict(content.shape) == shape
    with firebird.opened(tmp_path / "changed.fbk", tmp_path, quietly) as content:
        assert {name for name, text in content.shape.items() if shape.get(name) != text} == {"table NO_KEY"}


def _bare(cell: object) -> object:
    return cell.rstrip(" ") if isinstance(cell, str) else cell
