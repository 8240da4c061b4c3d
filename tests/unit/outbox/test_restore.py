"""A restored backup sends nothing twice, loses nothing that it holds, and takes nobody's state away."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from contracts.delivery import DeliveryState, OutcomeUnknown, Rejected
from contracts.errors import StateUnavailable
from outbox.carrying import restore as restoring
from outbox.carrying.backup import backup
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.restore import Restoring, ask_in_place, restore
from outbox.database import Database, NewerSchemaError
from outbox.entry import to_ms
from outbox.hand import Hand
from outbox.owner import LockedOwners
from outbox.sqlite.database import SqliteDatabase
from outbox.store import PACKAGE, Outbox
from shim.keys import RestCipher
from tests.unit.outbox.ledger import REASON, Ledger, anybodys, asking, audit, put_back, work
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, stored


@contextmanager
def opened(path: Path, clock: Clock) -> Iterator[Outbox]:
    database = SqliteDatabase(path, [PACKAGE])
    try:
        yield Outbox(database, RestCipher(bytes(32)), clock, lambda: clock.up)
    finally:
        database.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def kept(tmp_path: Path, state: Path, clock: Clock) -> Path:
    """A backup with an incident, two notes on it that wait for its number, and an incident of its own."""
    with opened(state, clock) as outbox:
        incident = accept(outbox, "1", order_key="a")
        for name in ("2", "3"):
            accept(outbox, name, order_key="a", follows=incident.id, slot=b"@@")
        accept(outbox, "4")
    backup(state, tmp_path / "kept.db")
    return tmp_path / "kept.db"


def states(outbox: Outbox) -> list[str]:
    return [row["state"] for row in outbox.database.read("SELECT state FROM entry ORDER BY seq")]


def test_what_was_delivered_since_is_found_and_not_sent_again(state: Path, kept: Path, clock: Clock) -> None:
    """Whatever the backup knows of it."""
    ledger = Ledger()
    with opened(state, clock) as outbox:
        work(outbox, ledger, clock)
        assert states(outbox) == ["delivered"] * 4
    sent = list(ledger.records)
    put_back(kept, state, clock)
    with opened(state, clock) as outbox:
        assert states(outbox) == ["unknown"] * 4
        work(outbox, ledger, clock, seconds=100)
        assert ledger.records == sent
        assert states(outbox) == ["delivered"] * 4


def test_what_was_not_is_sent_once_in_its_order(state: Path, kept: Path, clock: Clock) -> None:
    """After the backend was asked, and had time to finish what it was doing."""
    ledger = Ledger()
    put_back(kept, state, clock)
    with opened(state, clock) as outbox:
        work(outbox, ledger, clock, seconds=50)
        assert (ledger.records, ledger.questions > 0) == ([], True)
        work(outbox, ledger, clock, seconds=200)
        assert states(outbox) == ["delivered"] * 4
    assert sorted(ledger.records) == ["LS-1", "LS-2", "LS-3", "LS-4"]
    assert [name for name in ledger.records if name != "LS-4"] == ["LS-1", "LS-2", "LS-3"]


def test_what_a_client_sends_again_is_asked_for(state: Path, kept: Path, clock: Clock) -> None:
    """It was accepted and delivered after the backup, of which the state knows nothing any more."""
    ledger = Ledger()
    with opened(state, clock) as outbox:
        accept(outbox, "later")
        work(outbox, ledger, clock)
    sent = list(ledger.records)
    put_back(kept, state, clock)
    with opened(state, clock) as outbox:
        accept(outbox, "later")
        work(outbox, ledger, clock, seconds=100)
        assert ledger.records == sent
        assert states(outbox) == ["delivered"] * 5


def test_an_attempt_under_way_has_ended(state: Path, tmp_path: Path, clock: Clock) -> None:
    """Nobody will write down how."""
    with opened(state, clock) as outbox:
        entry = accept(outbox)
        assert outbox.claim("planon", "somebody")
        backup(state, tmp_path / "kept.db")
    put_back(tmp_path / "kept.db", state, clock)
    with opened(state, clock) as outbox:
        (attempt,) = outbox.attempts(entry)
        assert (attempt.outcome, attempt.evidence) == ("unknown", REASON)
        assert (stored(outbox, entry).state, stored(outbox, entry).owner) == (DeliveryState.UNKNOWN, None)


def test_a_retry_of_what_was_stuck_asks_first(state: Path, tmp_path: Path, clock: Clock) -> None:
    """It may have been taken up and delivered after the backup."""
    receiver = Receiver(answers=[Rejected("the field is wrong")])
    with opened(state, clock) as outbox:
        entry = accept(outbox)
        work(outbox, receiver, clock)  # type: ignore[arg-type]  # a destination as good as the other
        backup(state, tmp_path / "kept.db")
    put_back(tmp_path / "kept.db", state, clock)
    with opened(state, clock) as outbox:
        assert stored(outbox, entry).state is DeliveryState.REJECTED
        ledger = Ledger(records=["LS-1"])
        Hand(outbox.database, clock).retry(entry.id, "mended")
        work(outbox, ledger, clock, seconds=5)
        assert (ledger.records, states(outbox)) == (["LS-1"], ["delivered"])


def test_a_destination_begins_anew(state: Path, tmp_path: Path, clock: Clock) -> None:
    """Neither out of reach nor paused, at its slowest pace; the outage until now counts for the age of entries."""
    receiver = Receiver(answers=[OutcomeUnknown("reset")] * 3)
    with opened(state, clock) as outbox:
        for name in ("1", "2", "3"):
            accept(outbox, name)
        work(outbox, receiver, clock)  # type: ignore[arg-type]
        Hand(outbox.database, clock).pause("planon", "not now")
        backup(state, tmp_path / "kept.db")
    clock.forward(3600)
    put_back(tmp_path / "kept.db", state, clock)
    with opened(state, clock) as outbox:
        (row,) = outbox.database.read("SELECT * FROM destination")
    assert (row["open_since"], row["probe_at"], row["paused_at"], row["failures"]) == (None, None, None, 0)
    assert row["closed_at"] == to_ms(clock())
    assert row["restored_at"] > to_ms(clock())
    assert 3_600_000 <= row["outage_ms"] <= 3_700_000


def test_it_is_on_record(state: Path, kept: Path, clock: Clock) -> None:
    """Who put it in place, and why."""
    done = put_back(kept, state, clock)
    with opened(state, clock) as outbox:
        (row,) = outbox.database.read("SELECT * FROM admin_action")
    assert (row["actor"], row["action"], row["reason"]) == ("beheer", "restore", "the disk is new")
    assert '"unknown":4' in row["detail"]
    assert (done.entries, done.unknown) == (4, 4)


def test_the_state_that_was_there_is_kept_and_refused(state: Path, kept: Path, clock: Clock) -> None:
    """Nobody goes on with it by mistake; restored itself, it is a state again."""
    with opened(state, clock) as outbox:
        accept(outbox, "only there")
    done = put_back(kept, state, clock)
    assert done.kept is not None
    with pytest.raises(NewerSchemaError, match="put away"):
        SqliteDatabase(done.kept, [PACKAGE])
    clock.forward(1)
    put_back(done.kept, state, clock)
    with opened(state, clock) as outbox:
        assert states(outbox) == ["unknown"] * 5


def test_a_restore_that_was_interrupted_is_done_again(
    state: Path, kept: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then nobody goes on with what was there."""

    def switched_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "_put_in_place", switched_off)
        with pytest.raises(KeyboardInterrupt):
            put_back(kept, state, clock)
    with pytest.raises(NewerSchemaError, match="put away"):
        SqliteDatabase(state, [PACKAGE])
    clock.forward(1)
    put_back(kept, state, clock)
    with opened(state, clock) as outbox:
        assert states(outbox) == ["unknown"] * 4


def test_where_there_was_none_it_begins(tmp_path: Path, kept: Path, clock: Clock) -> None:
    """On a new machine; the file is its owner's only, and there is nothing else beside it."""
    folder = tmp_path / "new"
    folder.mkdir()
    done = put_back(kept, folder / "state.db", clock)
    assert done.kept is None
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    with opened(file, clock) as outbox:
        assert states(outbox) == ["unknown"] * 4


# --- refused


def unchanged(state: Path, clock: Clock, entries: int = 4) -> bool:
    with opened(state, clock) as outbox:
        return states(outbox)[0] == "ready" and len(states(outbox)) == entries


def test_not_while_a_worker_lives(state: Path, kept: Path, clock: Clock) -> None:
    """It would go on with a state that is not there any more."""
    owner = LockedOwners(state.with_name("state.db.owners")).take()
    with pytest.raises(CarryingRefused, match="1 workers"):
        put_back(kept, state, clock)
    owner.close()
    assert unchanged(state, clock)
    put_back(kept, state, clock)


HOLDER = """\
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


def test_not_while_a_process_has_it_open(state: Path, kept: Path, clock: Clock) -> None:
    """A service without a worker, which would accept into a file that is gone."""
    arguments = [sys.executable, "-c", HOLDER, str(state)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline()
        with pytest.raises(CarryingRefused, match="another process"):
            put_back(kept, state, clock)
        holder.stdin.close()
    assert unchanged(state, clock)
    with opened(state, clock), pytest.raises(CarryingRefused, match="another process"):
        put_back(kept, state, clock)  # this one, that is


def test_not_a_file_that_is_no_whole_state(state: Path, kept: Path, clock: Clock, tmp_path: Path) -> None:
    """Nothing has changed afterwards, and nothing is left beside it."""
    text, other, damaged = (tmp_path / name for name in ("text", "other.db", "damaged.db"))
    text.write_text("no database " * 1000, encoding="ascii")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE entry (seq INTEGER)")
    with closing(sqlite3.connect(kept)) as connection:  # nothing that is done at a restore would meet this page
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entry_landed'").fetchone()
    content = bytearray(kept.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = bytes(4096)
    damaged.write_bytes(content)
    there = {file for file in tmp_path.iterdir() if not file.name.startswith("state.db-")}
    for file in (text, other, damaged, state, tmp_path / "absent"):
        with pytest.raises((CarryingRefused, StateUnavailable)):
            put_back(file, state, clock)
    assert {file for file in tmp_path.iterdir() if not file.name.startswith("state.db-")} == there
    assert unchanged(state, clock)


def test_neither_a_newer_nor_another_deployments(state: Path, kept: Path, clock: Clock) -> None:
    """Nothing has changed afterwards."""

    def not_ours(database: Database) -> None:
        raise CarryingRefused(f"{database.where} belongs to somebody else")

    with pytest.raises(CarryingRefused, match="somebody else"):
        restore(Restoring(kept, state, [PACKAGE], not_ours), asking(clock), audit(clock))
    with closing(sqlite3.connect(kept, isolation_level=None)) as connection:
        connection.execute("INSERT INTO migration VALUES ('outbox', 99)")
    with pytest.raises(NewerSchemaError, match="newer release"):
        restore(Restoring(kept, state, [PACKAGE], anybodys), asking(clock), audit(clock))
    assert unchanged(state, clock)


def test_a_damaged_state_is_replaced_with_its_log(state: Path, kept: Path, clock: Clock) -> None:
    """That is what a backup is for; what the log of the old one holds is not read into the new one."""
    state.write_bytes(b"no database " * 1000)
    state.with_name("state.db-wal").write_bytes(b"left over")
    done = put_back(kept, state, clock)
    assert done.kept is not None
    assert done.kept.read_bytes().startswith(b"no database")
    assert not state.with_name("state.db-wal").exists()
    with opened(state, clock) as outbox:
        assert states(outbox) == ["unknown"] * 4


def test_a_state_that_came_back_by_other_means_asks_first(state: Path, kept: Path, clock: Clock) -> None:
    """Such as by a copy of the whole machine; not while somebody works on it."""
    del kept
    with opened(state, clock) as outbox:
        owner = outbox.owners.take()
        with pytest.raises(CarryingRefused, match="workers"):
            ask_in_place(outbox.database, asking(clock), audit(clock))
        owner.close()
        assert states(outbox)[0] == "ready"
        assert ask_in_place(outbox.database, asking(clock), audit(clock)).unknown == 4
        assert states(outbox) == ["unknown"] * 4
        ledger = Ledger(records=["LS-1", "LS-2", "LS-3", "LS-4"])
        work(outbox, ledger, clock, seconds=10)
        assert len(ledger.records) == 4


def test_after_a_lost_state_an_empty_one_asks_first(state: Path, clock: Clock) -> None:
    """No backup at all: what clients send again may have been delivered by the state that is gone."""
    ledger = Ledger(records=["LS-1"])
    with opened(state, clock) as outbox:
        assert ask_in_place(outbox.database, asking(clock, "planon"), audit(clock)).unknown == 0
        clock.forward(3600)
        accept(outbox, "1")
        accept(outbox, "2")
        work(outbox, ledger, clock, seconds=100)
        assert ledger.records == ["LS-1", "LS-2"]
        assert states(outbox) == ["delivered"] * 2
