"""The stored snapshot itself: its rows are what the generator says. Not run on another one, of which it is not true."""

import hashlib
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from contracts.telephone import TelephoneError, normalise_telephone
from simulators.intramed.dump import Rows, dump_rows
from simulators.intramed.generate import build_practice
from simulators.intramed.sandbox import SNAPSHOT, monday_after, owner_connection, restore


def rows_of(path: Path) -> Rows:
    """All rows of a sandbox file."""
    with owner_connection(str(path)) as connection:
        return dump_rows(connection)


@pytest.fixture(scope="module")
def stored(stored_snapshot: Path, engine: None, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The stored snapshot's rows, and the proof that reading them left the file as it was."""
    del stored_snapshot, engine
    before = hashlib.sha256(SNAPSHOT.read_bytes()).hexdigest()
    rows = rows_of(restore(SNAPSHOT, tmp_path_factory.mktemp("snapshot") / "practice.fdb"))
    assert hashlib.sha256(SNAPSHOT.read_bytes()).hexdigest() == before
    return rows


def test_the_generator_makes_the_stored_rows(stored: Rows, tmp_path: Path) -> None:
    """What is in the repository as a backup is what the code says, row for row, padding included."""
    build_practice(tmp_path / "again.fdb")
    assert rows_of(tmp_path / "again.fdb") == stored


def test_the_practice_is_as_large_and_as_messy_as_promised(stored: Rows) -> None:
    """Counts, padding, NULLs, and one contact number in seven that several patients share."""
    assert len(stored["PATIENT"]) >= 400
    assert (len(stored["VESTIGING"]), len(stored["MEDEWERKER"])) == (4, 24)
    assert {len(row[1]) for row in stored["PATIENT"]} == {40}
    assert {row[3] is None for row in stored["PATIENT"]} == {True, False}
    holders: dict[str, set[str]] = {}
    unreadable = []
    for _, patient, _, number in stored["TELEFOON"]:
        try:
            holders.setdefault(normalise_telephone(number), set()).add(patient)
        except TelephoneError:
            unreadable.append(number.strip())
    assert sorted(unreadable) == ["-", "geheim"]
    shared = sum(len(patients) > 1 for patients in holders.values())
    assert 0.125 < shared / len(holders) < 0.16


def test_moving_the_agenda_keeps_weekday_and_time(stored: Rows, tmp_path: Path) -> None:
    """Every slot moves by the same whole weeks; a day that is no Monday is refused."""
    monday = monday_after(date(2030, 12, 30))
    moved = rows_of(restore(SNAPSHOT, tmp_path / "moved.fdb", monday))["AGENDA"]
    gaps = {new[3] - old[3] for old, new in zip(stored["AGENDA"], moved, strict=True)}
    assert monday == date(2031, 1, 6)
    assert len(gaps) == 1
    assert min(row[3] for row in moved).date() == monday
    with pytest.raises(ValueError, match="must be a Monday"):
        restore(SNAPSHOT, tmp_path / "refused.fdb", date(2031, 1, 7))


def test_thursday_half_past_two_is_free_in_every_week(stored: Rows) -> None:
    """The demo's two people need a slot to fight for, in every clinic."""
    free = {
        (row[3].isocalendar().week, row[2])
        for row in stored["AGENDA"]
        if row[3].strftime("%a %H:%M") == "Thu 14:30" and row[5] == "F"
    }
    assert len({week for week, _ in free}) == 8
    assert len(free) == 8 * 4


def test_some_hours_lie_over_half_hours_of_the_same_therapist(stored: Rows) -> None:
    """Forty, numbered after all others and free; some over free half hours, some over booked ones."""
    slots = stored["AGENDA"]
    halves = {(row[1], row[3]): row[5] for row in slots if row[4] == 30}
    hours = [row for row in slots if row[4] == 60]
    assert hours == slots[-40:]
    assert {row[5] for row in hours} == {"F"}
    under = {halves[row[1], row[3]] + halves[row[1], row[3] + timedelta(minutes=30)] for row in hours}
    assert under == {"FF", "FB", "BF", "BB"}


def test_the_backup_names_no_folder_of_the_machine_that_made_it(stored_snapshot: Path) -> None:
    """The engine writes the database's path into a backup, as it was given."""
    backup = stored_snapshot.read_bytes()
    assert b"practice.fdb" in backup
    assert re.search(rb"[/\\:]practice\.fdb", backup) is None
