"""The stored practice, pseudonymised by the real engine: nobody of it is left, and everything fits together."""

from datetime import date
from pathlib import Path

import pytest

from adapters.firebird.snapshots import FirebirdSnapshots
from adapters.intramed import adapter
from contracts.snapshots import Column, Row
from contracts.telephone import telephones_in
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import load_policy
from shim.pseudonyms.protected import protected
from shim.pseudonyms.run import Report, pseudonymise
from shim.snapshots.words import joined, words
from simulators.intramed.names import BSN, INSURANCE
from simulators.intramed.sandbox import SNAPSHOT

_LONGEST = 6


def silent(stage: str, done: int, of: int | None) -> None:
    """Nobody looks."""


class Pseudonymised:
    """The practice before and after."""

    def __init__(self, folder: Path) -> None:
        for name in ("keys", "out", "work", "before", "after"):
            (folder / name).mkdir(mode=0o700)
        key = folder / "keys" / "key"
        PseudonymKey.make(key)
        assert adapter.personal is not None
        out = folder / "out" / "practice.fbk"
        technology = FirebirdSnapshots()
        self.report: Report = pseudonymise(technology, SNAPSHOT, out, adapter.personal, key, folder / "work", silent)
        self.left = list((folder / "work").iterdir())
        with technology.opened(SNAPSHOT, folder / "before", silent) as content:
            self.columns = {table.name: table.columns for table in content.tables}
            self.before = {table.name: list(content.rows(table)) for table in content.tables}
            policy = load_policy(adapter.personal)
            self.protected = {joined(each.value) for each in protected(content, policy, silent)}
        with technology.opened(out, folder / "after", silent) as content:
            self.origin = content.origin
            self.after = {table.name: list(content.rows(table)) for table in content.tables}

    def at(self, table: str, name: str) -> int:
        return [column.name for column in self.columns[table]].index(name)

    def of(self, rows: dict[str, list[Row]], table: str, name: str) -> list[object]:
        return [row[self.at(table, name)] for row in rows[table]]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Pseudonymised:
    return Pseudonymised(tmp_path_factory.mktemp("pseudonymised"))


def runs(text: str) -> set[str]:
    spelled = list(words(text))
    return {
        "".join(spelled[begin:end])
        for begin in range(len(spelled))
        for end in range(begin + 1, min(begin + _LONGEST, len(spelled)) + 1)
    }


def test_no_protected_value_is_in_any_row(practice: Pseudonymised) -> None:
    """The same search finds them in the original."""
    assert {joined(BSN), joined(INSURANCE), "jansen", "veen", "0610001001"} <= practice.protected
    found = {
        name: {run for table in rows.values() for row in table for cell in row for run in runs(str(cell))}
        for name, rows in (("before", practice.before), ("after", practice.after))
    }
    assert len(practice.protected & found["before"]) > 900
    assert practice.protected & found["after"] == set()


def test_the_rows_are_as_many_and_the_kept_ones_the_same(practice: Pseudonymised) -> None:
    """Only what the policy says is another, and texts are as long as they may be."""
    assert practice.report.rows == {name: len(rows) for name, rows in practice.before.items()}
    assert practice.left == []
    assert practice.origin is not None
    assert practice.origin.schema == "intramed"
    for name in ("NUMMER", "BEGIN_TIJD", "STATUS"):
        assert practice.of(practice.after, "AGENDA", name) == practice.of(practice.before, "AGENDA", name)
    for table, columns in practice.columns.items():
        for at, column in enumerate(columns):
            assert all(fits(row[at], column) for row in practice.after[table]), f"{table}.{column.name}"


def fits(cell: object, column: Column) -> bool:
    if not isinstance(cell, str) or column.length is None:
        return True
    return len(cell) == column.length if column.padded else len(cell) <= column.length


def test_who_shares_a_telephone_still_does(practice: Pseudonymised) -> None:
    """Families stay families: the same groups of rows have one number."""
    groups = []
    for rows in (practice.before, practice.after):
        told: dict[str, list[object]] = {}
        for row in rows["TELEFOON"]:
            for number in telephones_in(str(row[practice.at("TELEFOON", "NUMMER")])):
                told.setdefault(number, []).append(row[practice.at("TELEFOON", "VOLGNR")])
        groups.append(sorted(told.values(), key=str))
    assert groups[0] == groups[1]


def test_years_and_weekdays_of_birth_stay(practice: Pseudonymised) -> None:
    """By the number of people who have each, since the rows are in another order."""
    told = []
    for rows in (practice.before, practice.after):
        born = [day for day in practice.of(rows, "PATIENT", "GEBOORTEDATUM") if isinstance(day, date)]
        told.append(sorted((day.year, day.weekday()) for day in born))
    assert told[0] == told[1]
