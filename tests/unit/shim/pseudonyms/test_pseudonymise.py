"""A whole snapshot: two passes over an invented technology, nothing left behind, nothing in another order."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.snapshots import Column, Origin, Reference, Rewrite, Row, SnapshotRefused, Table, Technology, Tell
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import load_policy
from shim.pseudonyms.protected import protected
from shim.pseudonyms.run import Report, pseudonymise
from shim.snapshots.words import joined, words

POLICY = """
schema = "invented"
[tables.PERSON]
person = "ID"
[tables.PERSON.columns]
ID = "number:person"
NAME = "family_name"
BORN = "birth_date"
TWICE = "keep"
[tables.CALL]
person = "PERSON"
[tables.CALL.columns]
ID = "keep"
PERSON = "number:person"
AT = "timestamp"
NOTE = "text"
"""
PERSON = Table(
    "PERSON",
    (
        Column("ID", "text", 8, padded=True),
        Column("NAME", "text", 30),
        Column("BORN", "date"),
        Column("TWICE", "text", computed=True),
    ),
    ("ID",),
)
CALL = Table(
    "CALL",
    (Column("ID", "integer"), Column("PERSON", "text", 8), Column("AT", "datetime"), Column("NOTE", "text", 250)),
    ("ID",),
    (),
    (Reference(("PERSON",), "PERSON", ("ID",)),),
)
NAMES = ("Jansen", "van der Veen", "Groot", "Peeters", "'t Hart", "Çelik")


def rows(count: int = 60) -> dict[str, list[Row]]:
    people: list[Row] = [
        (f"{at:06d}".ljust(8), NAMES[at % len(NAMES)], date(1950 + at, 3, 4), "x") for at in range(1, count)
    ]
    calls: list[Row] = [
        (
            at,
            f"{at:06d}",
            datetime.combine(date(2026, 1, at % 28 + 1), time(9)),
            f"mevr. {NAMES[at % 6]} belt over {at:06d}",
        )
        for at in range(1, count)
    ]
    return {"PERSON": people, "CALL": calls}


class Invented:
    """A technology whose snapshots are rows in memory."""

    def __init__(self, tables: Mapping[str, list[Row]], fails: Exception | None = None) -> None:
        self.tables = (PERSON, CALL)
        self.shape: dict[str, str] = {}
        self.origin: Origin | None = None
        self.kept = tables
        self.fails = fails
        self.written: dict[str, list[Row]] = {}
        self.seen: list[Path] = []

    @contextmanager
    def opened(self, file: Path, folder: Path, tell: Tell) -> Iterator["Invented"]:  # noqa: ARG002 - the protocol's
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not list(folder.iterdir())
        self.seen.append(folder.parent)
        yield self

    def rows(self, table: Table) -> Iterator[Row]:
        yield from self.kept[table.name]

    def count(self, table: Table) -> int:
        return len(self.kept[table.name])

    def write(self, out: Path, rewrite: Rewrite, origin: Origin, tell: Tell) -> None:  # noqa: ARG002 - likewise
        self.origin = origin
        for table in self.tables:
            self.written[table.name] = list(rewrite(table, self.rows(table)))
            if self.fails:
                raise self.fails
        out.write_text("whole")


def silent(stage: str, done: int, of: int | None) -> None:
    """Nobody looks."""


@pytest.fixture
def place(tmp_path: Path) -> SimpleNamespace:
    for name in ("keys", "snapshots", "work"):
        (tmp_path / name).mkdir()
    PseudonymKey.make(tmp_path / "keys" / "key")
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "snapshots" / "one").write_text("snapshot")
    return SimpleNamespace(
        file=tmp_path / "snapshots" / "one",
        out=tmp_path / "snapshots" / "out",
        policy=tmp_path / "policy.toml",
        key=tmp_path / "keys" / "key",
        folder=tmp_path / "work",
    )


def run(technology: Invented, place: SimpleNamespace, **other: Any) -> Report:
    told = {**vars(place), **other}
    return pseudonymise(cast(Technology, technology), tell=silent, **told)


def test_nobody_is_left_and_everything_fits_together(place: SimpleNamespace) -> None:
    """References hold, what is computed stays, and no protected value is in any cell."""
    technology = Invented(rows())
    report = run(technology, place)
    assert report.rows == {"PERSON": 59, "CALL": 59}
    people, calls = technology.written["PERSON"], technology.written["CALL"]
    assert [str(row[0]).strip() for row in people] == [row[1] for row in calls]
    assert len({row[0] for row in people}) == 59
    assert all(len(str(row[0])) == 8 and row[3] == "x" for row in people)
    told = {joined(each.value) for each in protected(cast(Any, technology), load_policy(place.policy), silent)}
    assert {"jansen", "000001", "vanderveen", "veen"} <= told
    for row in people + calls:
        for cell in row:
            spelled = list(words(str(cell)))
            runs = {"".join(spelled[begin : begin + size]) for begin in range(len(spelled)) for size in (1, 2, 3)}
            assert not runs & told


def test_a_text_names_people_as_their_rows_do(place: SimpleNamespace) -> None:
    """Whoever is named in a note, by name and number, is the person of the row it refers to."""
    technology = Invented(rows())
    run(technology, place)
    for person, call in zip(technology.written["PERSON"], technology.written["CALL"], strict=True):
        assert call[3] == "mevr. " + str(person[1]) + " belt over " + str(person[0]).strip()


def test_everything_of_one_person_moves_alike(place: SimpleNamespace) -> None:
    """As the person column says: calls of one person by as many weeks, of many people by many."""
    days = [datetime.combine(date(2026, 1, at + 1), time(9)) for at in range(20)]
    of_one: list[Row] = [(at, "000001", day, None) for at, day in enumerate(days)]
    of_many: list[Row] = [(at, f"{at:06d}", days[0], None) for at in range(20, 60)]
    technology = Invented({"PERSON": [], "CALL": of_one + of_many})
    run(technology, place)
    moved = [cast(datetime, row[2]) for row in technology.written["CALL"]]
    assert len({old - new for old, new in zip(days, moved[:20], strict=True)}) == 1
    assert len(set(moved[20:])) > 10


def test_the_order_of_rows_changes_nothing(place: SimpleNamespace) -> None:
    """The same key and rows give the same rows, even where values stepped aside; another key gives others."""
    told = rows()
    once, again = (
        Invented(told),
        Invented({name: each[::-1] for name, each in told.items()}),
    )
    first, second = run(once, place), run(again, place)
    assert first == second
    for name in told:
        assert sorted(once.written[name], key=repr) == sorted(again.written[name], key=repr)
    PseudonymKey.make(place.key.with_name("other"))
    other = Invented(told)
    run(other, place, key=place.key.with_name("other"))
    assert not {row[0] for row in other.written["PERSON"]} & {row[0] for row in once.written["PERSON"]}


def test_the_result_says_what_it_is_of(place: SimpleNamespace) -> None:
    """Fingerprint of the policy, id of the key, name of the schema."""
    technology = Invented(rows(3))
    report = run(technology, place)
    assert technology.origin == Origin(
        load_policy(place.policy).fingerprint, PseudonymKey.load(place.key).id, "invented"
    )
    assert (report.policy, report.key) == (technology.origin.policy, technology.origin.key)


@pytest.mark.parametrize(
    "error", [None, SnapshotRefused("no"), OSError(28, "No space left on device"), ValueError("bug")]
)
def test_nothing_of_the_run_is_left(error: Exception | None, place: SimpleNamespace) -> None:
    """The private folder with the ledger is gone, whether it ended well or not."""
    technology = Invented(rows(5), error)
    if error is None:
        run(technology, place)
    else:
        with pytest.raises(SnapshotRefused if isinstance(error, OSError) else type(error)):
            run(technology, place)
        assert not place.out.exists()
    assert technology.seen
    assert list(place.folder.iterdir()) == []
    assert place.file.read_text() == "snapshot"


REFUSED = {
    "key beside": ("snapshots/key", "lies beside"),
    "key below": ("snapshots/below/key", "lies beside"),
    "result beside the key": ("keys/key", "lies beside"),
}


@pytest.mark.parametrize("where", REFUSED)
def test_a_key_beside_a_snapshot_is_refused(where: str, place: SimpleNamespace, tmp_path: Path) -> None:
    """Beside it, below it, or where the result goes: then nothing is read."""
    path, says = REFUSED[where]
    key = tmp_path / path
    key.parent.mkdir(exist_ok=True)
    if not key.exists():
        PseudonymKey.make(key)
    technology = Invented(rows(3))
    out = tmp_path / "keys" / "out" if where.startswith("result") else place.out
    with pytest.raises(SnapshotRefused, match=says):
        run(technology, place, key=key, out=out)
    assert not technology.seen


def test_the_snapshot_itself_is_no_result(place: SimpleNamespace) -> None:
    """Nor a link to it."""
    place.out.symlink_to(place.file)
    with pytest.raises(SnapshotRefused, match="the snapshot itself"):
        run(Invented(rows(3)), place)


def test_a_column_that_nobody_knows_stops_before_a_row_is_read(place: SimpleNamespace) -> None:
    """It is named, and nothing is written."""
    technology = Invented(rows(3))
    technology.tables = (PERSON, Table("DIARY", (Column("ENTRY", "text"),)))
    place.policy.write_text(
        POLICY.replace("[tables.CALL", "[tables.DIARY").replace("ID =", "ID =", 1), encoding="utf-8"
    )
    with pytest.raises(SnapshotRefused, match="DIARY"):
        run(technology, place)
    assert technology.written == {}
    assert list(place.folder.iterdir()) == []
