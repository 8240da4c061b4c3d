"""PostgreSQL is stopped under load: writers are told, and go on when it is back; nothing acknowledged is lost."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest

from contracts.errors import StateUnavailable
from outbox.database import Transaction
from outbox.postgresql.database import PostgresqlDatabase
from simulators.postgresql.bench import PostgresBench

WRITERS = 6
STOPS = 2
PATIENCE_S = 60
INSERT = "INSERT INTO kept (n) VALUES (:n)"


class Writer:
    """Writes one number after the other, each until it is acknowledged or in doubt."""

    def __init__(self, state: PostgresqlDatabase, first: int, over: threading.Event) -> None:
        self._state = state
        self._numbers = itertools.count(first, WRITERS)
        self._over = over
        self.acknowledged: list[int] = []
        self.doubtful: list[int] = []
        self.refused = 0

    def run(self) -> None:
        for number in self._numbers:
            if self._over.is_set():
                return
            self._one(number)

    def _one(self, number: int) -> None:
        write = self._by_job if number % 2 else self._in_block
        try:
            write(number)
            self.acknowledged.append(number)
        except StateUnavailable as error:
            if "nobody knows" in str(error):
                self.doubtful.append(number)
            self.refused += 1
            time.sleep(0.01)

    def _by_job(self, number: int) -> None:
        def job(tx: Transaction) -> None:
            tx.execute(INSERT, {"n": number})

        self._state.write(job)

    def _in_block(self, number: int) -> None:
        with self._state.transaction() as tx:
            tx.execute(INSERT, {"n": number})


def have_written(writers: list[Writer], before: list[int]) -> bool:
    return all(len(writer.acknowledged) > number for writer, number in zip(writers, before, strict=True))


def were_refused(writers: list[Writer], before: int) -> bool:
    return sum(writer.refused for writer in writers) > before


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def url(mortal_postgresql: PostgresBench) -> Iterator[str]:
    with mortal_postgresql.database() as made:
        with psycopg.connect(made, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n BIGINT PRIMARY KEY)")
        yield made


def test_nothing_acknowledged_is_lost_when_it_is_stopped_under_load(mortal_postgresql: PostgresBench, url: str) -> None:
    """Stopped at once and started again, and again: the same writers go on, by themselves, on the same object."""
    state = PostgresqlDatabase(url, [])
    over = threading.Event()
    writers = [Writer(state, first, over) for first in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as threads:
        running = [threads.submit(writer.run) for writer in writers]
        try:
            for _ in range(STOPS):
                before = [len(writer.acknowledged) for writer in writers]
                # All of them have written since it came back, before it goes again.
                until(partial(have_written, writers, [number + 5 for number in before]))
                refused = sum(writer.refused for writer in writers)
                mortal_postgresql.stop_immediate()
                until(partial(were_refused, writers, refused))
                mortal_postgresql.start(wait=False)
            before = [len(writer.acknowledged) for writer in writers]
            until(partial(have_written, writers, before))
        finally:
            over.set()
        for writer in running:
            writer.result()
    stored = {row["n"] for row in state.read("SELECT n FROM kept")}
    state.close()
    acknowledged = {number for writer in writers for number in writer.acknowledged}
    doubtful = {number for writer in writers for number in writer.doubtful}
    assert acknowledged <= stored <= acknowledged | doubtful
