"""A state file of the first release, with entries in every state, goes on working."""

import hashlib
import sqlite3
from importlib.resources import files
from pathlib import Path

import pytest

from contracts.delivery import Checked, Delivered, DeliveryState
from outbox.backoff import Backoff
from outbox.database import open_database
from outbox.ended import Place, ended_of
from outbox.entry import Particulars, to_ms
from outbox.hand import Hand
from outbox.owner import LockedOwners
from outbox.selection import Selection
from outbox.sqlite.database import split_script
from outbox.store import PACKAGE, Outbox
from outbox.verification import Verifications
from outbox.worker import Pace, Worker
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import REPORTED_AT, Clock, Receiver

CIPHER = RestCipher(bytes(32))
BODY = b"<Incident/>"
ENTRY = """\
INSERT INTO entry (id, destination, contract, kind, client, reference, order_key, state, reported_at, reported_offset_s,
                   accepted_at, next_attempt_at, owner, step, sends, unknown_since, unknown_boot, unknown_uptime,
                   backend_id, ended_at)
VALUES (:id, 'planon', 'create_incident', 'incident', 'agent', :reference, :key, :state, :at, 3600,
        :at, :at, :owner, 1, 50, :since, :boot, :uptime, :backend_id, :ended_at)"""


@pytest.fixture
def first_release(tmp_path: Path, clock: Clock) -> Path:
    """A file as the first migration made it: one entry of each state, the one in flight by a process that died."""
    path = tmp_path / "state.db"
    owners = tmp_path / "state.db.owners"
    dead = LockedOwners(owners).take()
    dead.close()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE migration (package TEXT, number INTEGER, PRIMARY KEY (package, number))")
        script = (files("outbox") / "sqlite" / "0001_outbox.sql").read_text(encoding="utf-8")
        for statement in split_script(script):
            connection.execute(statement)
        connection.execute("INSERT INTO migration VALUES ('outbox', 1)")
        for number, state in enumerate(DeliveryState):
            _insert(connection, number, state, dead.name, clock)
    connection.close()
    path.chmod(0o600)
    return path


def _insert(connection: sqlite3.Connection, number: int, state: DeliveryState, owner: str, clock: Clock) -> None:
    entry_id, at = f"dl_{state}", to_ms(REPORTED_AT)
    flying, unknown = state is DeliveryState.IN_FLIGHT, state is DeliveryState.UNKNOWN
    values = {
        "id": entry_id,
        "reference": f"LS-{number}",
        "key": "rejected" if state is DeliveryState.WAITING else state,
        "state": state,
        "at": at,
        "owner": owner if flying else None,
        "since": at if unknown else None,
        "boot": clock.up.boot if unknown else None,
        "uptime": clock.up.ms if unknown else None,
        "backend_id": "INC-000777" if state is DeliveryState.DELIVERED else None,
        "ended_at": at if state.ended else None,
    }
    seq = connection.execute(ENTRY, values).lastrowid
    particulars = Particulars("T-0001", None, ()).dump()
    sealed = (CIPHER.seal(BODY, f"{entry_id}/body"), CIPHER.seal(particulars, f"{entry_id}/particulars"))
    payload = (seq, sealed[0], hashlib.sha256(BODY).hexdigest(), sealed[1])
    connection.execute("INSERT INTO payload (entry_seq, body, sha256, particulars) VALUES (?, ?, ?, ?)", payload)
    connection.execute("INSERT INTO attempt VALUES (?, 1, 'send', ?, ?)", (seq, owner, at))


def test_entries_of_every_state_go_on(first_release: Path, clock: Clock, receiver: Receiver) -> None:
    """Nothing is lost and nothing is sent twice; what was delivered before can be looked at."""
    database = open_database(first_release, [PACKAGE])
    outbox = Outbox(database, CIPHER, clock, lambda: clock.up)
    assert {count.state: count.entries for count in outbox.counts()} == dict.fromkeys(DeliveryState, 1)
    news = ended_of(database, "agent", Place(), 10)
    ended = [state for state in DeliveryState if state.ended]
    assert [(one.place.n, one.state, one.entry.id, one.at) for one in news] == [
        (n, state, f"dl_{state}", REPORTED_AT) for n, state in enumerate(ended, 1)
    ]
    receiver.findings = [Delivered("INC-000001"), Delivered("INC-000002")]
    receiver.answers = [Delivered("INC-000003")]
    worker = Worker(outbox, {"planon": receiver}, clock, Backoff(), Pace(threads=0))
    worker.start()
    while worker.step("planon"):
        pass
    assert [sending.reference for sending in receiver.sent] == ["LS-0"]
    assert sorted(sending.reference for sending in receiver.asked) == ["LS-2", "LS-3"]
    Hand(database, clock).discard("dl_rejected", "entered by hand")
    assert worker.step("planon")
    assert [one.place.n for one in ended_of(database, "agent", news[-1].place, 10)] == [5, 6, 7, 8, 9]
    states = {count.state: count.entries for count in outbox.counts()}
    assert states == {DeliveryState.DELIVERED: 5, DeliveryState.PARKED: 1, DeliveryState.DISCARDED: 2}
    receiver.seen = [Checked({"sla": "missing"}, "sla_missing", "no due time")]
    clock.forward(100)
    assert len(Verifications(outbox, clock).make_due("dl_delivered")) == 1
    assert worker.step("planon")
    (looked_at,) = receiver.looked_at
    assert looked_at[:2] == ("LS-4", "INC-000777")
    assert looked_at[2] == (clock.now - REPORTED_AT).total_seconds()
    assert [entry.id for entry in outbox.wanting_attention(Selection(), 10)] == ["dl_delivered"]
    assert worker.stop(1)
    database.close()


def test_an_upgraded_file_is_as_a_new_one(first_release: Path, tmp_path: Path) -> None:
    """The same tables, columns, indexes and triggers, however the file came to them."""
    schemas = []
    for path in (first_release, tmp_path / "new.db"):
        database = open_database(path, [PACKAGE])
        rows = database.read("SELECT type, name, tbl_name FROM sqlite_master ORDER BY type, name")
        columns = [
            tuple(column)
            for row in rows
            if row["type"] in {"table", "index"}
            for column in database.read("SELECT :name, * FROM pragma_table_xinfo(:name)", name=row["name"])
        ]
        schemas.append(([tuple(row) for row in rows], columns))
        database.close()
    assert schemas[0] == schemas[1]
