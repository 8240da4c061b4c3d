"""A new snapshot with other rows: the database checks them, nothing else changes, and nothing original is in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from firebird.driver import connect_server, create_database

from adapters.firebird.snapshots import FirebirdSnapshots
from contracts.snapshots import Account, Cell, Origin, Row, SnapshotRefused, Table
from simulators.intramed.sandbox import OWNER, owner_connection
from tests.integration.firebird.conftest import quietly

ORIGIN = Origin("0123456789abcdef", "00c0ffee", "odd one")
Change = Callable[[dict[str, Cell]], None]


def changing(name: str, change: Change) -> Callable[[Table, Iterator[Row]], Iterator[Row]]:
    """Change the rows of one table, by column."""

    def rewrite(table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            cells = {column.name: cell for column, cell in zip(table.columns, row, strict=True)}
            if table.name == name:
                change(cells)
            yield tuple(cells.values())

    return rewrite


def test_other_rows_and_everything_else_as_it_was(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """Triggers did not fire, sequences stand where they stood, somebody's description is kept beside the origin."""
    out, told = tmp_path / "new.fbk", set[str]()
    rewrite = changing("PARENT", lambda cells: cells.update(LABEL=str(cells["LABEL"]).swapcase()))
    with firebird.opened(odd, tmp_path, quietly) as content:
        content.write(out, rewrite, ORIGIN, lambda stage, *_: told.add(stage))
        before = {table.name: [*content.rows(table)] for table in content.tables}
    assert {"rows of PARENT", "rows of CHILD", "rows of NO_KEY"} <= told
    assert out.stat().st_mode & 0o777 == 0o600
    with firebird.opened(out, tmp_path, quietly) as content:
        assert content.origin == ORIGIN
        for table in content.tables:
            expected = [(*row[:2], str(row[2]).swapcase(), *row[3:]) for row in before["PARENT"]]
            assert [*content.rows(table)] == (expected if table.name == "PARENT" else before[table.name])
    firebird.restore(out, str(tmp_path / "place.fdb"), Account(), quietly)
    with owner_connection(str(tmp_path / "place.fdb")) as connection, connection.cursor() as cursor:
        cursor.execute("insert into PARENT (LABEL) values ('fresh') returning ID, LARGE")
        assert cursor.fetchone() == (41, 7)
        cursor.execute("select gen_id(COUNTER, 0), RDB$DESCRIPTION from RDB$DATABASE")
        value, description = cursor.fetchone()
        assert value == 77
        assert description.startswith("belongs to the front desk's own\n")
        cursor.execute("select count(*) from RDB$INDICES where RDB$INDEX_INACTIVE = 1")
        assert cursor.fetchone() == (0,)
        cursor.execute("select MON$FORCED_WRITES from MON$DATABASE")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(
    ("change", "table", "said"),
    [
        pytest.param(lambda c: c.update(PARENT=99), "CHILD", r"CHILD break a rule: .*CHILD_OF", id="foreign key"),
        pytest.param(lambda c: c.update(LABEL="Twin77"), "PARENT", r"PARENT break a rule: .*LABEL_ONCE", id="unique"),
        pytest.param(lambda c: c.update(AMOUNT=-77), "PARENT", r"a rule of PARENT: .*POSITIVE", id="check"),
        pytest.param(lambda c: c.update(LABEL=None), "PARENT", r"a rule of PARENT: .*LABEL", id="not null"),
        pytest.param(lambda c: c.update(LABEL="x" * 11), "PARENT", r"does not fit PARENT\.LABEL: it is too", id="long"),
        pytest.param(lambda c: c.update(TEXT="Ω77"), "NO_KEY", r"fit NO_KEY\.TEXT: it has characters", id="character"),
        pytest.param(lambda c: c.update(TEXT="\x8077"), "NO_KEY", r"fit NO_KEY\.TEXT: it has characters", id="control"),
        pytest.param(lambda c: c.update(ID="x77"), "CHILD", r"does not fit CHILD\.ID: it is of another", id="kind"),
    ],
)
def test_rows_that_break_a_rule(
    firebird: FirebirdSnapshots, odd: Path, tmp_path: Path, change: Change, table: str, said: str
) -> None:
    """The rule is named, its values are not, and nothing is left."""
    folder = tmp_path / "private"
    folder.mkdir()
    with (
        firebird.opened(odd, folder, quietly) as content,
        pytest.raises(SnapshotRefused, match=said) as refused,
    ):
        content.write(tmp_path / "out.fbk", changing(table, change), ORIGIN, quietly)
    assert "77" not in str(refused.value)
    assert "99" not in str(refused.value)
    assert [each.name for each in tmp_path.iterdir()] == ["private"]
    assert not [*folder.iterdir()]


def test_as_many_rows_as_before(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """A rewrite that loses a row is a mistake, and no snapshot."""
    with firebird.opened(odd, tmp_path, quietly) as content, pytest.raises(SnapshotRefused, match="has 2 rows and was"):
        content.write(tmp_path / "out.fbk", lambda _, rows: iter([*rows][1:]), ORIGIN, quietly)


def test_array_columns_are_named(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """Nothing here carries them."""
    place = tmp_path / "array.fdb"
    firebird.restore(odd, str(place), Account(), quietly)
    with owner_connection(str(place)) as connection:
        connection.execute_immediate("alter table NO_KEY add MANY integer [3]")
    firebird.take(str(place), Account(), tmp_path / "array.fbk", quietly)
    with (
        firebird.opened(tmp_path / "array.fbk", tmp_path, quietly) as content,
        pytest.raises(SnapshotRefused, match=r"array columns cannot be carried: NO_KEY\.MANY"),
    ):
        content.write(tmp_path / "out.fbk", lambda _, rows: rows, ORIGIN, quietly)


def test_no_trigger_of_the_database_fires(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """One on every connection would add rows to the result, and `verify` would count them."""
    place, out = tmp_path / "place.fdb", tmp_path / "out.fbk"
    firebird.restore(odd, str(place), Account(), quietly)
    with owner_connection(str(place)) as connection:
        connection.execute_immediate(
            "create trigger CAME on connect as begin insert into NO_KEY (TEXT) values ('c'); end"
        )
    firebird.take(str(place), Account(), tmp_path / "taken.fbk", quietly)
    assert rewritten(firebird, tmp_path / "taken.fbk", out) == 2
    with firebird.opened(out, tmp_path, quietly) as content:
        assert "trigger CAME" in content.shape
        assert content.count(next(table for table in content.tables if table.name == "NO_KEY")) == 2


def test_an_old_dialect(firebird: FirebirdSnapshots, engine: None, tmp_path: Path) -> None:
    """Dialect 1 knows no quoted names; the result has it again."""
    del engine
    place, out = tmp_path / "old.fdb", tmp_path / "out.fbk"
    create_database(str(place), user=OWNER, charset="WIN1252").close()
    with owner_connection(str(place)) as connection:
        connection.execute_immediate("create table NO_KEY (TEXT varchar(10) unique, MADE timestamp)")
        connection.commit()
        connection.execute_immediate("insert into NO_KEY values ('a', 'today')")
    with connect_server("", user=OWNER) as server:
        server.database.set_sql_dialect(database=str(place), dialect=1)
    firebird.take(str(place), Account(), tmp_path / "taken.fbk", quietly)
    assert rewritten(firebird, tmp_path / "taken.fbk", out) == 1
    firebird.restore(out, str(tmp_path / "new.fdb"), Account(), quietly)
    with owner_connection(str(tmp_path / "new.fdb")) as connection, connection.cursor() as cursor:
        assert cursor.execute("select MON$SQL_DIALECT, T.TEXT from MON$DATABASE, NO_KEY T").fetchall() == [(1, "a")]


def test_a_check_may_read_what_comes_later(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """By its name, through a view, or in a domain: those tables are filled first."""
    place, out = tmp_path / "place.fdb", tmp_path / "out.fbk"
    firebird.restore(odd, str(place), Account(), quietly)
    with owner_connection(str(place)) as connection:
        for step in (
            "create table ZONE (N integer)",
            "create view ZONES (N) as select N from ZONE",
            "create table AREA (N integer, constraint IN_ZONE check (exists (select 1 from ZONES where N = AREA.N)))",
            "create domain OF_AREA as integer check (exists (select 1 from AREA where N = value))",
            "create table AISLE (N OF_AREA)",
        ):
            connection.execute_immediate(step)
            connection.commit()
        for table in ("ZONE", "AREA", "AISLE"):
            connection.execute_immediate(f"insert into {table} values (1)")  # noqa: S608 - a name from above
            connection.commit()
    firebird.take(str(place), Account(), tmp_path / "taken.fbk", quietly)
    assert rewritten(firebird, tmp_path / "taken.fbk", out) == 2
    with (
        firebird.opened(tmp_path / "taken.fbk", tmp_path, quietly) as content,
        pytest.raises(SnapshotRefused, match=r"a rule of AREA: .*IN_ZONE"),
    ):
        content.write(tmp_path / "bad.fbk", changing("AREA", lambda cells: cells.update(N=2)), ORIGIN, quietly)
    with (
        firebird.opened(tmp_path / "taken.fbk", tmp_path, quietly) as content,
        pytest.raises(SnapshotRefused, match="a rule of AISLE: ") as refused,
    ):
        content.write(tmp_path / "bad.fbk", changing("AISLE", lambda cells: cells.update(N=77)), ORIGIN, quietly)
    assert "77" not in str(refused.value)


def test_a_check_that_no_order_satisfies(firebird: FirebirdSnapshots, odd: Path, tmp_path: Path) -> None:
    """It reads rows of its own table; the refusal says what to do."""
    place = tmp_path / "place.fdb"
    firebird.restore(odd, str(place), Account(), quietly)
    with owner_connection(str(place)) as connection:
        connection.execute_immediate("create table PAIR (N integer, constraint MANY check (N = 0))")
        connection.commit()
        connection.execute_immediate("insert into PAIR values (0)")
        connection.execute_immediate("insert into PAIR values (0)")
        connection.commit()
        connection.execute_immediate("alter table PAIR add constraint TWO check ((select count(*) from PAIR) > 1)")
    firebird.take(str(place), Account(), tmp_path / "taken.fbk", quietly)
    with pytest.raises(SnapshotRefused, match=r"a rule of PAIR: .*TWO.*: it reads rows, .*, drop it in a sandbox"):
        rewritten(firebird, tmp_path / "taken.fbk", tmp_path / "out.fbk")


def rewritten(firebird: FirebirdSnapshots, taken: Path, out: Path) -> int:
    """Write the same rows anew, and return how many NO_KEY had."""
    with firebird.opened(taken, out.parent, quietly) as content:
        content.write(out, lambda _, rows: rows, ORIGIN, quietly)
        return content.count(next(table for table in content.tables if table.name == "NO_KEY"))
