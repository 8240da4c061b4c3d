"""A comparison tells what differs in numbers and names of columns, and never a value."""

from pathlib import Path
from typing import Any

import pytest

from contracts.snapshots import Column, Row, Table
from shim.snapshots.compare import Difference, Rows, diff
from tests.unit.shim.snapshots.lines import Lines, write

KEYED = Table("PATIENT", (Column("NUMMER", "integer"), Column("NAAM", "text"), Column("PLAATS", "text")), ("NUMMER",))
LOOSE = Table("LOG", (Column("WAT", "text"), Column("HOE", "text")))
SHAPE = {"table PATIENT": "create table PATIENT (\n  NUMMER integer,\n  NAAM char(40)\n)", "procedure P": "begin end"}


def rows(*cells: Row, table: Table = KEYED) -> list[tuple[Table, Row]]:
    return [(table, row) for row in cells]


def compared(folder: Path, first: list[Any], second: list[Any], tables: tuple[Table, ...], **shapes: Any) -> Difference:
    lines = Lines()
    write(folder / "first", tables, first, shapes.get("before", SHAPE))
    write(folder / "second", shapes.get("others", tables), second, shapes.get("after", SHAPE))
    for name in ("a", "b", "c"):
        (folder / name).mkdir()

    def tell(stage: str, done: int, everything: int | None) -> None:
        del stage, done, everything

    with (
        lines.opened(folder / "first", folder / "a", tell) as ours,
        lines.opened(folder / "second", folder / "b", tell) as theirs,
    ):
        return diff(ours, theirs, folder / "c", tell)


def test_the_same_rows_in_another_order_are_the_same(tmp_path: Path) -> None:
    """Which order a database sorts its keys in tells nothing."""
    first = rows((1, "a", None), (-1, "é", "x"), (-2, "", "y"))
    assert not compared(tmp_path, first, first[::-1], (KEYED,))


def test_rows_are_matched_by_their_key(tmp_path: Path) -> None:
    """Removed, added, changed; and in which columns."""
    first = rows((1, "a", "x"), (-1, "b", "x"), (-2, "c", "x"), (5, None, "x"))
    second = rows((1, "a", "z"), (-1, "B", "z"), (-3, "c", "x"), (5, "", "x"))
    found = compared(tmp_path, first, second, (KEYED,))
    # NULL and an empty text are two things, and -1 is not -2, though Python gives both the same hash.
    assert found.rows == (Rows("PATIENT", 1, 1, 3, {"NAAM": 2, "PLAATS": 2}),)
    assert str(found.rows[0]) == "PATIENT: 1 removed, 1 added, 3 changed (NAAM 2, PLAATS 2)"


def test_rows_without_a_key_are_counted(tmp_path: Path) -> None:
    """How often each stands in both; where a cell ends matters."""
    first = rows(("a", "b"), ("a", "b"), ("ab", ""), table=LOOSE)
    second = rows(("a", "b"), ("a", "bb"), ("", "ab"), ("", "ab"), table=LOOSE)
    assert compared(tmp_path, first, second, (LOOSE,)).rows == (Rows("LOG", 2, 3),)


def test_the_schema_is_compared_object_by_object(tmp_path: Path) -> None:
    """What was added, removed, and the lines that changed; rows by the columns that both have."""
    wider = Table("PATIENT", (*KEYED.columns, Column("MAIL", "text")), ("NUMMER",))
    after = {"table PATIENT": SHAPE["table PATIENT"].replace("40", "50"), "view V": "select 1"}
    found = compared(
        tmp_path, rows((1, "a", "x")), rows((1, "a", "x", "m")), (KEYED,), others=(wider,), before=SHAPE, after=after
    )
    assert (found.added, found.removed, found.rows) == (("view V",), ("procedure P",), ())
    assert "-  NAAM char(40)" in found.changed["table PATIENT"]
    assert "+  NAAM char(50)" in found.changed["table PATIENT"]


@pytest.mark.parametrize("table", [KEYED, LOOSE], ids=["keyed", "loose"])
def test_no_value_is_told(tmp_path: Path, table: Table) -> None:
    """Neither in the lines nor in the JSON."""
    width = len(table.columns)
    found = compared(
        tmp_path, rows(("Jansen",) * width, table=table), rows(("Pietersen",) * width, table=table), (table,)
    )
    assert found
    assert "sen" not in f"{found} {found.as_json()}"
