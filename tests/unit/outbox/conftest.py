"""A real SQLite file for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from outbox.backoff import Backoff
from outbox.database import Database
from outbox.hand import Hand
from outbox.sqlite.database import SqliteDatabase
from outbox.store import PACKAGE, Outbox
from outbox.verification import Verifications
from outbox.worker import Pace, Worker
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock, Receiver


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "state.db", [PACKAGE])
    yield opened
    opened.close()


@pytest.fixture
def outbox(database: Database, clock: Clock) -> Outbox:
    return Outbox(database, RestCipher(bytes(32)), clock, lambda: clock.up)


@pytest.fixture
def hand(database: Database, clock: Clock) -> Hand:
    return Hand(database, clock)


@pytest.fixture
def verifications(outbox: Outbox, clock: Clock) -> Verifications:
    return Verifications(outbox, clock)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def worker(outbox: Outbox, receiver: Receiver, clock: Clock) -> Iterator[Worker]:
    """A worker without threads of its own: tests make its steps, one at a time."""
    made = Worker(outbox, {"planon": receiver}, clock, Backoff(first_s=1, cap_s=8), Pace(threads=0))
    made.start()
    yield made
    assert made.stop(1)
