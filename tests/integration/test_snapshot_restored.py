"""A snapshot from anywhere: what restoring demands of it, where its agenda goes, and that it is only ever read."""

import os
import threading
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from firebird.driver import create_database

from simulators.intramed.fitness import SnapshotUnfit
from simulators.intramed.generate import back_up
from simulators.intramed.sandbox import CHARSET, OWNER, copy_sandbox, monday_of, owner_connection, restore
from tests.integration.conftest import FIRST_MONDAY
from tests.practice_cast import Uncast, cast_of
from tests.snapshot import Seal, SnapshotChanged

Changed = Callable[..., Path]


@pytest.fixture
def changed(restored: Path, tmp_path: Path) -> Changed:
    """Back up a copy of the practice in which some statements were executed."""

    def make(*statements: str) -> Path:
        copy = copy_sandbox(restored, tmp_path / "changed.fdb")
        with owner_connection(str(copy)) as connection:
            for statement in statements:
                connection.execute_immediate(statement)
                connection.commit()
        back_up(copy, tmp_path / "changed.fbk")
        return tmp_path / "changed.fbk"

    return make


def agenda_of(database: Path) -> list[datetime]:
    """Return when the places begin, by number."""
    with owner_connection(str(database)) as connection, connection.cursor() as cursor:
        return [begins for (begins,) in cursor.execute("select BEGIN_TIJD from AGENDA order by NUMMER").fetchall()]


def test_restoring_needs_no_more_than_to_read_once(engine: None, snapshot: Path, tmp_path: Path) -> None:
    """From a pipe, which can be read from begin to end and neither opened for writing nor gone back in."""
    del engine
    pipe = tmp_path / "snapshot.fbk"
    os.mkfifo(pipe)
    told: list[Any] = []

    def restoring() -> None:
        try:
            told.append(restore(pipe, tmp_path / "practice.fdb", FIRST_MONDAY))
        except Exception as error:  # noqa: BLE001 - compared by the test, which must see it
            told.append(error)

    reader = threading.Thread(target=restoring, daemon=True)
    writer = threading.Thread(target=pour, args=(snapshot.read_bytes(), pipe), daemon=True)
    reader.start()
    writer.start()
    reader.join(120)
    assert told == [tmp_path / "practice.fdb"]


def pour(data: bytes, pipe: Path) -> None:
    """Write everything into a pipe; who reads it may have gone."""
    try:
        pipe.write_bytes(data)
    except BrokenPipeError:
        return


@pytest.mark.parametrize("how", ["one byte", "the same bytes again"])
def test_a_snapshot_that_is_written_during_the_run_is_noticed(tmp_path: Path, how: str) -> None:
    """By its bytes, and by the time of the last change where the bytes are the same."""
    file = tmp_path / "practice.fbk"
    file.write_bytes(b"snapshot")
    os.utime(file, ns=(1, 1))
    seal = Seal.of(file)
    seal.check()
    with file.open("r+b") as stream:
        stream.write(b"S" if how == "one byte" else b"s")
    if how == "one byte":
        os.utime(file, ns=(1, 1))
    with pytest.raises(SnapshotChanged, match="was written during the run"):
        seal.check()


def test_a_file_that_is_no_backup_is_refused(engine: None, snapshot: Path, tmp_path: Path) -> None:
    """In one sentence that names it: something else, and one that was cut off."""
    del engine
    for name, data in (("something", b"not a backup" * 1000), ("half", snapshot.read_bytes()[:400_000])):
        file = tmp_path / f"{name}.fbk"
        file.write_bytes(data)
        with pytest.raises(SnapshotUnfit, match=rf"{name}\.fbk is no whole Firebird backup"):
            restore(file, tmp_path / "refused.fdb")


def test_what_a_foreign_snapshot_lacks_is_named(changed: Changed, tmp_path: Path) -> None:
    """Procedures and rights, all in one message; an empty database lacks everything."""
    lacking = changed("drop procedure WEB_BOOK", "revoke select on JOURNAAL from SHIM_READ")
    with pytest.raises(SnapshotUnfit) as told:
        restore(lacking, tmp_path / "lacking.fdb", FIRST_MONDAY)
    assert str(told.value).endswith("were lost: SHIM_READ may not select JOURNAAL, no WEB_BOOK")
    create_database(str(tmp_path / "empty.fdb"), user=OWNER, charset=CHARSET).close()
    back_up(tmp_path / "empty.fdb", tmp_path / "empty.fbk")
    with pytest.raises(SnapshotUnfit, match=r"another schema.* no PATIENT, .* no WEB_LOG_NOTE_TEXT"):
        restore(tmp_path / "empty.fbk", tmp_path / "foreign.fdb", FIRST_MONDAY)


def test_an_old_agenda_comes_to_the_first_week(changed: Changed, restored: Path, tmp_path: Path) -> None:
    """However long ago it began, on whatever day: weekday and time of day stay, the first week is the asked one."""
    days = -365 * 30
    old = changed(f"update AGENDA set BEGIN_TIJD = dateadd({days} day to BEGIN_TIJD)")  # noqa: S608 - a number
    before = agenda_of(copy_sandbox(restored, tmp_path / "before.fdb"))
    moved = agenda_of(restore(old, tmp_path / "moved.fdb", FIRST_MONDAY))
    assert monday_of(min(moved).date()) == FIRST_MONDAY
    (gap,) = {new - begin for new, begin in zip(moved, before, strict=True)}
    assert gap.seconds == 0
    assert (gap.days - days) % 7 == 0


def test_an_empty_agenda_stays_empty(changed: Changed, tmp_path: Path) -> None:
    """Such a snapshot can be restored; who needs a free place is told that there is none, with the query."""
    empty = changed("delete from AFSPRAAK", "delete from AGENDA", "update PATIENT set BETALINGSACHTERSTAND = 'N'")
    database = restore(empty, tmp_path / "emptied.fdb", FIRST_MONDAY)
    assert agenda_of(database) == []
    with owner_connection(str(database)) as connection:
        cast = cast_of(connection)
    assert cast.alone.first_name
    for role, table in (("thursday", "AGENDA"), ("hours", "AGENDA"), ("debtor", "PATIENT")):
        with pytest.raises(Uncast, match=rf"this snapshot has no {role} \(.*\) among: select .* from {table}"):  # noqa: S608 - a message
            getattr(cast, role)
    with pytest.raises(Uncast, match="this snapshot has no halves"):
        cast.halves(1)


def test_only_a_monday_begins_a_week(snapshot: Path, engine: None, tmp_path: Path) -> None:
    """Any other day is refused, whatever the agenda holds."""
    del engine
    with pytest.raises(ValueError, match="must be a Monday, not Tuesday"):
        restore(snapshot, tmp_path / "refused.fdb", date(2031, 1, 7))
