"""Nothing that an adapter, a backend or an administrator said is stored in plain before the host's guard saw it."""

import sqlite3
from contextlib import closing

import pytest

from contracts.delivery import Checked, Conflicting, Delivered, NotSent, Outcome, OutcomeUnknown, Rejected
from contracts.errors import BackendUnavailable, StateUnavailable
from outbox.backoff import Backoff
from outbox.destinations import Breaker
from outbox.hand import Hand
from outbox.sqlite.database import SqliteDatabase
from outbox.store import Outbox
from outbox.verification import Verifications
from outbox.worker import Pace, Worker
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, Receiver, accept

SECRET = "NL91ABNA0417164300"
TEXT = f"refused: {SECRET} is not known"


def guard(text: str) -> str:
    return text.replace(SECRET, "[IBAN]")


@pytest.fixture
def guarded(database: SqliteDatabase, clock: Clock) -> Outbox:
    breaker = Breaker(after=1, probe_s=0, ramp_s=0)
    return Outbox(database, RestCipher(bytes(32)), clock, lambda: clock.up, breaker, guard)


@pytest.mark.parametrize(
    "answer",
    [
        Rejected(TEXT),
        Rejected(TEXT, not_found=True),
        NotSent(TEXT),
        NotSent(TEXT, about_entry=True),
        OutcomeUnknown(TEXT),
        BackendUnavailable(TEXT),
        StateUnavailable(TEXT),
        ValueError(TEXT),
        Delivered("INC-000001", attention=TEXT),
        Delivered("INC-000001", {"note": TEXT}, check_again_s=0),
    ],
)
def test_no_answer_is_stored_as_it_came(
    database: SqliteDatabase, guarded: Outbox, clock: Clock, receiver: Receiver, answer: Outcome | Exception
) -> None:
    """In no column of any table, nor in the bytes of the file: reason, cause, evidence, attention, alert."""
    receiver.answers = [answer]
    receiver.findings = [Conflicting(TEXT)]
    receiver.seen = [Checked(None, TEXT, TEXT, 0), BackendUnavailable(TEXT), ValueError(TEXT)]
    worker = Worker(guarded, {"planon": receiver}, clock, Backoff(first_s=1, cap_s=1), Pace(threads=0))
    worker.start()
    accept(guarded)
    for _ in range(4):
        worker.step("planon")
        clock.forward(10)
    assert worker.stop(1)
    assert receiver.sent
    assert_nowhere(database)


def test_no_reason_of_an_administrator_is_stored_as_it_was_typed(
    database: SqliteDatabase, guarded: Outbox, clock: Clock, receiver: Receiver
) -> None:
    """Of a pause, an action on an entry, and what somebody has seen."""
    hand = Hand(database, clock, guard=guard)
    worker = Worker(guarded, {"planon": receiver}, clock, Backoff(), Pace(threads=0))
    receiver.answers = [Rejected("no"), Delivered("INC-000002", attention="sla_missing")]
    entries = [accept(guarded, name) for name in ("1", "2")]
    worker.start()
    assert worker.step("planon")
    assert worker.step("planon")
    assert worker.stop(1)
    assert hand.discard(entries[0].id, TEXT)
    assert Verifications(guarded, clock).seen(entries[1].id, TEXT, hand.audit(TEXT))
    hand.pause("planon", TEXT)
    assert_nowhere(database)


def assert_nowhere(database: SqliteDatabase) -> None:
    with closing(sqlite3.connect(database.path)) as connection:
        dump = "\n".join(connection.iterdump())
    assert SECRET not in dump
    files = [each for each in database.path.parent.iterdir() if each.is_file()]
    assert len(files) > 1
    assert not any(SECRET.encode() in each.read_bytes() for each in files)
