"""Who lives: told by the kernel on one host at once, and by a lease in the database on another."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contracts.delivery import Delivered
from contracts.errors import StateUnavailable
from outbox.owner import LEASE_S
from outbox.postgresql import owners as module
from outbox.postgresql.database import PostgresqlDatabase
from outbox.postgresql.owners import LeasedOwners
from outbox.postgresql.processes import runs, this_process
from outbox.store import PACKAGE, Outbox
from shim.keys import RestCipher
from tests.integration.outbox.conftest import Superuser, with_settings
from tests.unit.outbox.stand_ins import Clock, accept, stored

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60
ELSEWHERE = "0d4d9c0e-another-boot pid:[4026531836] 4711 123456"
TAKING = """
import sys, time
from outbox.postgresql.database import PostgresqlDatabase
from outbox.postgresql.owners import LeasedOwners
print(LeasedOwners(PostgresqlDatabase(sys.argv[1], [])).take().name, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def place(url: str) -> str:
    """The URL of a schema with the outbox's tables."""
    there = PostgresqlDatabase(url, [])
    there.write(lambda tx: tx.execute("CREATE SCHEMA owners"))
    there.close()
    made = with_settings(url, {"search_path": "owners"})
    PostgresqlDatabase(made, [PACKAGE]).close()
    return made


@pytest.fixture
def database(place: str) -> Iterator[PostgresqlDatabase]:
    opened = PostgresqlDatabase(place, [])
    opened.write(lambda tx: tx.execute("DELETE FROM owner"))
    yield opened
    opened.close()


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def lease(database: PostgresqlDatabase, name: str) -> int | None:
    rows = database.read("SELECT lease_until FROM owner WHERE name = :name", name=name)
    return rows[0]["lease_until"] if rows else None


def leased_beyond(database: PostgresqlDatabase, name: str, moment: int) -> bool:
    return (lease(database, name) or 0) > moment


def shift(database: PostgresqlDatabase, column: str, seconds: float) -> None:
    """Move everybody's lease or suspicion: the database's clock cannot be set."""
    statement = f"UPDATE owner SET {column} = {column} + :ms"  # noqa: S608 - one of two names
    database.write(lambda tx: tx.execute(statement, {"ms": round(seconds * 1000)}))


def move_elsewhere(database: PostgresqlDatabase) -> None:
    """Have all owners be of another host."""
    database.write(lambda tx: tx.execute("UPDATE owner SET process = :elsewhere", {"elsewhere": ELSEWHERE}))


def insert_owner(database: PostgresqlDatabase, name: str, lease_s: float) -> None:
    """Have an owner of another host, whose lease ends so many seconds from now, and renew one that is there."""
    statement = (
        "INSERT INTO owner VALUES (:name, :process, CAST(extract(epoch FROM now()) * 1000 AS bigint) + :lease_ms) "
        "ON CONFLICT (name) DO UPDATE SET lease_until = excluded.lease_until, suspected_at = NULL"
    )
    values = {"name": name, "process": ELSEWHERE, "lease_ms": round(lease_s * 1000)}
    database.write(lambda tx: tx.execute(statement, values))


@pytest.fixture
def outbox(database: PostgresqlDatabase) -> Outbox:
    """A store in which nobody owns anything, and in which the owners of other hosts are dead after a second."""
    database.write(lambda tx: tx.execute("UPDATE entry SET state = 'discarded', owner = NULL WHERE owner IS NOT NULL"))
    made = Outbox(database, RestCipher(bytes(32)), Clock())
    made.owners = LeasedOwners(database, lease_s=0.03)
    return made


def test_a_killed_process_of_this_host_is_dead_at_once(place: str, database: PostgresqlDatabase) -> None:
    """Its lease runs on for a while; nobody waits for that."""
    owners = LeasedOwners(database)
    with subprocess.Popen(
        [sys.executable, "-c", TAKING, place], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        owners.sweep()
        assert owners.is_alive(name)
        shift(database, "lease_until", -3600)
        assert owners.is_alive(name)  # a lease is for who cannot look
        process.send_signal(signal.SIGKILL)
        until(lambda: not owners.is_alive(name))  # also before its parent has asked how it ended
        assert process.returncode is None
        process.wait()
    assert not owners.is_alive(name)
    owners.sweep()
    assert lease(database, name) is None


def test_an_owner_of_another_host_is_dead_some_time_after_its_lease(database: PostgresqlDatabase) -> None:
    """First suspected, so that it can still renew; then dead, for everybody."""
    taken = LeasedOwners(database).take()
    owners = LeasedOwners(database)
    move_elsewhere(database)
    assert owners.is_alive(taken.name)
    shift(database, "lease_until", -2 * LEASE_S)
    assert owners.is_alive(taken.name)
    assert owners.is_alive(taken.name)
    shift(database, "suspected_at", -(LEASE_S / 3 + 1))
    assert owners.is_alive(taken.name) is the_server_has_just_started(database)
    taken.close()


def the_server_has_just_started(database: PostgresqlDatabase) -> bool:
    """Whether everybody still has time to renew."""
    ((fresh,),) = database.read(
        "SELECT clock_timestamp() < pg_postmaster_start_time() + make_interval(secs => :s) AS fresh", s=LEASE_S / 3 + 1
    )
    return bool(fresh)


def test_a_lease_is_renewed_while_its_process_lives(database: PostgresqlDatabase) -> None:
    """Again and again, for every owner of the process; and no more when all are closed."""
    owners = LeasedOwners(database, lease_s=0.3)
    taken = [owners.take() for _ in range(2)]
    for _ in range(3):
        before = [lease(database, owner.name) or 0 for owner in taken]
        for owner, was in zip(taken, before, strict=True):
            until(partial(leased_beyond, database, owner.name, was))
    taken[0].close()
    until(lambda: lease(database, taken[0].name) is None)
    assert not owners.is_alive(taken[0].name)
    before = [lease(database, taken[1].name) or 0]
    until(lambda: (lease(database, taken[1].name) or 0) > before[0])
    taken[1].close()
    until(lambda: lease(database, taken[1].name) is None)
    until(lambda: owners._renewing is None)
    again = owners.take()
    before = [lease(database, again.name) or 0]
    until(lambda: (lease(database, again.name) or 0) > before[0])
    again.close()


def test_whoever_renews_in_time_is_suspected_no_more(database: PostgresqlDatabase) -> None:
    """After an outage everybody's lease has ended, and the living renew theirs within a third of it."""
    living = LeasedOwners(database, lease_s=0.3)
    taken = living.take()
    others = LeasedOwners(database)
    shift(database, "lease_until", -3600)
    assert others.is_alive(taken.name)
    until(lambda: database.read("SELECT 1 FROM owner WHERE suspected_at IS NULL AND lease_until > 0"))
    taken.close()


def test_a_lease_of_a_clock_that_was_ahead_counts_no_more(database: PostgresqlDatabase) -> None:
    """The database's clock was set back by an hour: a dead owner does not live for an hour more."""
    taken = LeasedOwners(database).take()
    owners = LeasedOwners(database)
    move_elsewhere(database)
    shift(database, "lease_until", 3600)
    assert owners.is_alive(taken.name)
    assert database.read("SELECT suspected_at FROM owner")[0]["suspected_at"] is not None
    taken.close()


@pytest.mark.parametrize("column", ["suspected_at", "the server's start"])
def test_a_suspicion_of_a_clock_that_was_ahead_is_formed_anew(
    database: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    """The database's clock was set back by an hour: what a dead owner left is not recovered an hour later."""
    owners = LeasedOwners(database, lease_s=0.3)
    insert_owner(database, "elsewhere", lease_s=-1)
    assert owners.is_alive("elsewhere")
    if column == "suspected_at":
        shift(database, column, 3600)
    else:
        ahead = module.SQL["look"].replace("pg_postmaster_start_time()", "(now() + interval '1 hour')")
        monkeypatch.setattr(module, "SQL", {**module.SQL, "look": ahead})
    until(lambda: not owners.is_alive("elsewhere"))


def test_a_database_that_is_away_costs_no_living_owner_its_life(
    database: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renewals fail for longer than a lease; when they succeed again the owner has never been dead."""
    monkeypatch.setattr(module, "_AGAIN_S", 0.01)
    owners = LeasedOwners(database, lease_s=0.3)
    taken = owners.take()
    move_elsewhere(database)
    failed = threading.Semaphore(0)
    renew = owners._renew

    def fail(_names: list[str]) -> None:
        failed.release()
        raise StateUnavailable("away")

    monkeypatch.setattr(owners, "_renew", fail)
    for _ in range(5):
        assert failed.acquire(timeout=PATIENCE_S)
    shift(database, "lease_until", -3600)
    assert LeasedOwners(database).is_alive(taken.name)
    before = lease(database, taken.name) or 0
    monkeypatch.setattr(owners, "_renew", renew)
    until(lambda: (lease(database, taken.name) or 0) > before)
    assert LeasedOwners(database).is_alive(taken.name)
    taken.close()


def test_who_was_forgotten_by_mistake_lives_again(database: PostgresqlDatabase) -> None:
    """What it began before is fenced; what it begins now counts."""
    owners = LeasedOwners(database, lease_s=0.3)
    taken = owners.take()
    LeasedOwners(database).forget(taken.name)
    until(lambda: lease(database, taken.name))
    taken.close()


def test_an_owner_that_could_not_be_written_down_is_given_up(
    database: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch, superuser: Superuser
) -> None:
    """Its row may exist all the same, and goes."""
    owners = LeasedOwners(database, lease_s=0.3)
    renew = owners._renew

    def doubt(names: list[str]) -> None:
        renew(names)
        raise StateUnavailable("nobody knows")

    monkeypatch.setattr(owners, "_renew", doubt)
    with pytest.raises(StateUnavailable):
        owners.take()
    until(lambda: superuser("SELECT COUNT(*) FROM owners.owner") == [(0,)])


def test_whoever_lives_again_before_it_is_buried_keeps_what_it_claimed(
    outbox: Outbox, database: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found dead, then it renews and claims, then what it had is to be recovered: it is about to send that."""
    first, second = (accept(outbox, f"again {number}", destination="again") for number in range(2))
    insert_owner(database, "elsewhere", lease_s=15)
    assert outbox.claim("again", "elsewhere")
    insert_owner(database, "elsewhere", lease_s=-1)
    until(lambda: not outbox.owners.is_alive("elsewhere"))
    is_alive = outbox.owners.is_alive

    def found_dead(name: str) -> bool:
        alive = is_alive(name)
        if name == "elsewhere":
            insert_owner(database, name, lease_s=15)
            assert outbox.claim("again", name)
        return alive

    monkeypatch.setattr(outbox.owners, "is_alive", found_dead)
    assert outbox.recover() == 0
    assert [stored(outbox, entry).owner for entry in (first, second)] == ["elsewhere"] * 2
    monkeypatch.undo()
    insert_owner(database, "elsewhere", lease_s=-1)
    until(lambda: outbox.recover() == 2)
    assert [stored(outbox, entry).state for entry in (first, second)] == ["unknown"] * 2


def test_whoever_was_buried_claims_nothing_before_it_lives_again(outbox: Outbox, database: PostgresqlDatabase) -> None:
    """Its lease has ended: whatever it claimed would be recovered while it sends."""
    entry = accept(outbox, "ended", destination="ended")
    insert_owner(database, "elsewhere", lease_s=-1)
    with pytest.raises(StateUnavailable, match="lease"):
        outbox.claim("ended", "elsewhere")
    assert stored(outbox, entry).state == "ready"
    insert_owner(database, "elsewhere", lease_s=15)
    first = outbox.claim("ended", "elsewhere")
    assert first
    insert_owner(database, "elsewhere", lease_s=-1)
    other = accept(outbox, "ended 2", destination="ended")
    with pytest.raises(StateUnavailable, match="lease"):
        outbox.write_and_claim(outbox.endings.delivered(first, Delivered("INC-1"), "answered"), "ended", "elsewhere")
    assert stored(outbox, entry).state == "in_flight"
    until(lambda: outbox.recover() == 1)
    with pytest.raises(StateUnavailable, match="lease"):
        outbox.claim("ended", "elsewhere", "send")
    assert stored(outbox, other).state == "ready"
    insert_owner(database, "elsewhere", lease_s=15)
    assert outbox.claim("ended", "elsewhere", "send")


def test_an_owner_of_another_host_is_swept_long_after_it_was_buried(database: PostgresqlDatabase) -> None:
    """Until then it may come back, and must find that its lease has ended."""
    owners = LeasedOwners(database, lease_s=0.03)
    insert_owner(database, "long gone", lease_s=-1)
    until(lambda: not owners.is_alive("long gone"))
    owners.sweep()
    owners.forget("long gone")
    assert lease(database, "long gone") is not None
    shift(database, "suspected_at", -90_000)
    owners.sweep()
    assert lease(database, "long gone") is None


def test_sweeping_leaves_whoever_lives_or_owns(database: PostgresqlDatabase) -> None:
    """A dead owner's row goes with its last entry, and never before."""
    taken = LeasedOwners(database).take()
    dead = {"process": " ".join((*this_process().split()[:2], "4194304", "1"))}
    for name in ("dead", "owning"):
        values = {**dead, "name": name}
        with database.transaction() as tx:
            tx.execute("INSERT INTO owner VALUES (:name, :process, 0)", values)
    database.write(
        lambda tx: tx.execute(
            "INSERT INTO entry (id, destination, contract, kind, client, reference, order_key, position, state, "
            "reported_at, reported_offset_s, accepted_at, next_attempt_at, owner) "
            "VALUES ('dl_1', 'planon', 'c', 'k', 'agent', 'LS-1', 'a', 1, 'in_flight', 0, 0, 0, 0, 'owning')"
        )
    )
    owners = LeasedOwners(database)
    owners.sweep()
    assert {row["name"] for row in database.read("SELECT name FROM owner")} == {taken.name, "owning"}
    assert not owners.is_alive("owning")
    owners.forget("owning")
    owners.forget("owning")
    assert not owners.is_alive("owning")
    taken.close()


def test_a_number_that_another_process_has_now_is_not_the_one(database: PostgresqlDatabase) -> None:
    """Process numbers come back; a boot, a container and a start do not."""
    del database
    boot, space, number, start = this_process().split()
    assert runs(this_process()) is True
    assert runs(f"{boot} {space} {number} {int(start) - 1}") is False
    assert runs(f"{boot} {space} 4194304 {start}") is False
    assert runs(f"{boot} pid:[1] {number} {start}") is None
    assert runs(ELSEWHERE) is None
