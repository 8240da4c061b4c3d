"""On PostgreSQL a key is retired while retention runs: what is sealed anew is let go all the same."""

import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import psycopg
import pytest

from outbox.actions import Audit
from outbox.carrying.prune import Pruned, Pruning, prune
from outbox.database import Cursor, Database, Transaction
from outbox.entry import to_ms
from outbox.statements import Statement
from outbox.store import Outbox
from shim.keeping.resealing import reseal
from shim.keys import KeyRing, RestCipher
from shim.state import open_state
from tests.unit.outbox.stand_ins import Clock, accept

OLD, NEW = bytes(32), bytes([1]) * 32
LONG_S = 60
TABLES = ("payload", "request")


class Halting:
    """A database whose job waits, in the middle of a commit, once a row of some table is deleted."""

    def __init__(self, database: Database, table: str) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._database = database
        self._name = f"delete_{table}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def write(self, job: Callable[[Transaction], Any]) -> Any:
        return self._database.write(lambda tx: job(_Halting(tx, self)))

    def look(self, statement: Statement | str) -> None:
        if isinstance(statement, Statement) and statement.name.endswith(self._name) and not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(LONG_S)


class _Halting:
    def __init__(self, tx: Transaction, halting: Halting) -> None:
        self._tx = tx
        self._halting = halting
        self.lock = tx.lock

    def execute(self, statement: Statement | str, parameters: Mapping[str, Any] = MappingProxyType({}), /) -> Cursor:
        cursor = self._tx.execute(statement, parameters)
        self._halting.look(statement)
        return cursor


def waits(watching: psycopg.Connection) -> bool:
    """Whether a connection to this database waits for another one."""
    looked = watching.execute(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return bool(looked and looked[0])


def started(job: Callable[[], Any], results: list[Any]) -> threading.Thread:
    thread = threading.Thread(target=lambda: results.append(job()))
    thread.start()
    return thread


@pytest.mark.parametrize("first", ["reseal", "prune"])
@pytest.mark.parametrize("table", TABLES)
def test_a_persons_words_do_not_stay(create_database: Callable[[], str], table: str, first: str) -> None:
    """Whichever of the two comes first, and whichever row it has in its hands."""
    url, clock = create_database(), Clock()
    database, _ = open_state(url, lambda _create: KeyRing(OLD), "tilburg")
    cipher, results = RestCipher(KeyRing(NEW, OLD)), list[Any]()
    try:
        entry = accept(Outbox(database, RestCipher(KeyRing(OLD)), clock, lambda: clock.up))
        with database.transaction() as tx:
            sealed = RestCipher(KeyRing(OLD)).seal(b"{}", f"{entry.id}/request")
            tx.execute("INSERT INTO request (entry_seq, body) VALUES (:seq, :body)", {"seq": entry.seq, "body": sealed})
            tx.execute("UPDATE entry SET state = 'discarded', ended_at = 1")
        halting = Halting(database, table)

        def sealing(on: Any) -> Any:
            return reseal(on, cipher, {KeyRing(NEW).current})

        def pruning(on: Any) -> Pruned:
            now = to_ms(clock())
            return prune(on, cipher, Pruning("payloads", now, now), Audit("beheer", "old", now), pause=lambda _s: None)

        jobs = (sealing, pruning) if first == "reseal" else (pruning, sealing)
        one = started(lambda: jobs[0](halting), results)
        assert halting.reached.wait(LONG_S)
        other = started(lambda: jobs[1](database), results)
        with psycopg.connect(url, autocommit=True) as watching:
            deadline = time.monotonic() + LONG_S
            while not waits(watching):
                assert time.monotonic() < deadline
                time.sleep(0.005)
        halting.go_on.set()
        for thread in (one, other):
            thread.join(LONG_S)
            assert not thread.is_alive()
        assert len(results) == 2
        assert [len(database.read(f"SELECT * FROM {name}")) for name in (*TABLES, "pruned")] == [0, 0, 1]  # noqa: S608
        assert next(done for done in results if isinstance(done, Pruned)).entries == 1
    finally:
        database.close()
