import errno
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.delivery import Delivered, DeliveryState
from contracts.errors import StateUnavailable
from outbox.database import ConstraintViolated, NewerSchemaError, open_database
from outbox.endings import Fenced
from outbox.owner import LockedOwners
from outbox.selection import Selection
from outbox.sqlite.database import SqliteDatabase
from outbox.store import PACKAGE, Outbox
from outbox.stored import PayloadDamaged
from outbox.worker import Worker
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, Receiver, accept, writer


def test_a_crash_in_flight_is_an_unknown_outcome(outbox: Outbox, worker: Worker, receiver: Receiver) -> None:
    """After a crash between intent and outcome the backend is asked before anything is resent."""
    entry = accept(outbox)
    dead = outbox.owners.take()
    assert outbox.claim("planon", dead.name) is not None
    dead.close()
    assert not worker.step("planon")
    assert outbox.recover() == 1
    receiver.findings = [Delivered("INC-000009")]
    worker.step("planon")
    assert (len(receiver.sent), len(receiver.asked)) == (0, 1)
    recovered = outbox.get(entry.id)
    assert recovered is not None
    assert (recovered.state, recovered.backend_id) == (DeliveryState.DELIVERED, "INC-000009")


def test_what_a_living_owner_works_on_is_left_alone(outbox: Outbox) -> None:
    """Opening the file a second time resets nothing."""
    accept(outbox)
    alive = outbox.owners.take()
    assert outbox.claim("planon", alive.name) is not None
    assert outbox.recover() == 0
    alive.close()


def test_a_killed_process_is_a_dead_owner(tmp_path: Path) -> None:
    """The kernel tells: alive until SIGKILL, dead after it."""
    program = (
        "import pathlib, sys, time; from outbox.owner import LockedOwners\n"
        "owner = LockedOwners(pathlib.Path(sys.argv[1])).take(); print(owner.name, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        LockedOwners(tmp_path).sweep()
        assert LockedOwners(tmp_path).is_alive(name)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not LockedOwners(tmp_path).is_alive(name)
    LockedOwners(tmp_path).sweep()
    assert list(tmp_path.iterdir()) == []


def test_an_identity_is_given_up_on_a_disk_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is when it is given up; what it held would never be recovered while its lock stays."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    owners = LockedOwners(tmp_path)
    owner = owners.take()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        owner.close()
    assert not owners.is_alive(owner.name)
    owners.sweep()
    assert list(tmp_path.iterdir()) == []


def test_a_late_outcome_is_fenced(outbox: Outbox, worker: Worker, receiver: Receiver) -> None:
    """An attempt that was given up cannot write its outcome over a newer one."""
    entry = accept(outbox)
    stale = outbox.owners.take()
    claim = outbox.claim("planon", stale.name)
    assert claim is not None
    stale.close()
    outbox.recover()
    receiver.findings = [Delivered("INC-000001")]
    worker.step("planon")
    with pytest.raises(Fenced):
        outbox.write(outbox.endings.delivered(claim, Delivered("INC-000002"), "late"))
    kept = outbox.get(entry.id)
    assert kept is not None
    assert kept.backend_id == "INC-000001"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payload SET body = x'00'",
        "UPDATE attempt SET started_at = 0",
        "UPDATE attempt_outcome SET outcome = 'delivered'",
        "UPDATE entry SET reported_at = 0",
        "UPDATE entry SET reference = 'LS-2'",
        "UPDATE entry SET state = 'lost'",
        "UPDATE entry SET state = 'delivered', backend_id = NULL",
    ],
)
def test_the_database_itself_keeps_what_was_accepted(
    outbox: Outbox, worker: Worker, database: SqliteDatabase, statement: str
) -> None:
    """Payload, attempts and identity cannot be changed, nor a state invented, by any code."""
    accept(outbox)
    worker.step("planon")
    with pytest.raises(ConstraintViolated), database.transaction() as tx:
        tx.execute(statement)


@pytest.mark.parametrize("damage", ["UPDATE payload SET body = particulars", "DELETE FROM payload"])
def test_damaged_bytes_are_not_sent(
    outbox: Outbox, worker: Worker, receiver: Receiver, database: SqliteDatabase, damage: str
) -> None:
    """Bytes that are not those that were validated, or are no more, park the entry."""
    entry = accept(outbox)
    with database.transaction() as tx:
        tx.execute("DROP TRIGGER payload_is_frozen")
        tx.execute(damage)
    with pytest.raises(PayloadDamaged):
        outbox.payload(entry)
    worker.step("planon")
    parked = outbox.get(entry.id)
    assert parked is not None
    assert (parked.state, receiver.sent) == (DeliveryState.PARKED, [])


def test_payloads_are_sealed(outbox: Outbox, database: SqliteDatabase) -> None:
    """Neither the document nor the person's key can be read in the file."""
    accept(outbox, body=b"<Incident>kraan lekt</Incident>")
    database.close()
    raw = b"".join(path.read_bytes() for path in database.path.parent.glob("state.db*") if path.is_file())
    assert b"LS-1" in raw
    assert b"kraan lekt" not in raw
    assert b"T-0001" not in raw


def test_a_full_disk_refuses_and_recovers(outbox: Outbox, database: SqliteDatabase, worker: Worker) -> None:
    """A write that the disk refuses is a clear error with nothing half-written; with room again it goes on."""
    accept(outbox, "1")
    with database.transaction() as tx:
        (pages,) = tx.execute("PRAGMA page_count").fetchone()
    writer(database).execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StateUnavailable, match="full"):
        accept(outbox, "2", body=b"x" * 200_000)
    writer(database).execute("PRAGMA max_page_count = 1000000")
    assert [entry.reference for entry in outbox.chosen(Selection(), 10)] == ["LS-1"]
    accept(outbox, "2", body=b"x" * 200_000)
    assert worker.step("planon")
    assert worker.step("planon")


def test_the_file_is_durable_and_its_owner_s_alone(database: SqliteDatabase) -> None:
    """WAL, synchronous=FULL, mode 600."""
    assert writer(database).execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert writer(database).execute("PRAGMA synchronous").fetchone()[0] == 2
    assert stat.S_IMODE(database.path.stat().st_mode) == 0o600


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """An older release does not work on a newer file."""
    path = tmp_path / "state.db"
    first = open_database(path, [PACKAGE])
    with first.transaction() as tx:
        tx.execute("INSERT INTO migration VALUES ('outbox', 9999)")
    first.close()
    with pytest.raises(NewerSchemaError, match="9999"):
        open_database(path, [PACKAGE])


def test_a_path_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A missing folder is one clear line."""
    with pytest.raises(StateUnavailable, match="No such file"):
        open_database(tmp_path / "missing" / "state.db", [PACKAGE])


def test_two_processes_share_the_work(tmp_path: Path, clock: Clock) -> None:
    """Two stores on one file never claim the same entry."""
    stores = [Outbox(open_database(tmp_path / "state.db", [PACKAGE]), RestCipher(bytes(32)), clock) for _ in range(2)]
    owners = [store.owners.take() for store in stores]
    for number in range(20):
        accept(stores[0], str(number))
    claimed = [stores[i % 2].claim("planon", owners[i % 2].name) for i in range(21)]
    names = [claim.entry.id for claim in claimed if claim is not None]
    assert len(names) == len(set(names)) == 20
    for owner, store in zip(owners, stores, strict=True):
        owner.close()
        store.database.close()
