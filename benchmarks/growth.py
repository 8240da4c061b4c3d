"""What the state grows by with each delivery, and how fast one process fills and empties it.

`python -m benchmarks.growth` takes a minute.
Each entry is a document of 3 kB with the sources of its elements, the request that it was composed from, and its
idempotency record, as `shim serve` stores them. The last line is JSON; bytes are of tables and indexes together.
"""

import json
import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

from benchmarks.entries import AT_A_TIME, DESTINATION, OWNER, US, Ours, open_outbox
from contracts.delivery import Source
from outbox.actions import Audit
from outbox.carrying.prune import Pruning, prune
from outbox.database import Database, Transaction, open_database
from outbox.entry import NewEntry, to_ms
from shim.keys import Blind, RestCipher
from shim.writing.idempotency import Idempotency, Write
from simulators.choice import NotThere
from simulators.postgresql.choice import choose, running_bench

COUNT: Final = 500
ASKED: Final = 50
QUESTIONS: Final = 20
"""Further attempts of each entry that is asked for."""
PACKAGES: Final = ("outbox", "shim")
REQUEST: Final = b"x" * 700
"""As long as a request with a tenant's token, a summary and a message of some sentences."""
SOURCES: Final = tuple(
    Source(
        f"BO_ELEMENT_{number:02}",
        f"VALUE-{number:04}",
        "matrix_of_the_contract",
        "contract row CTR-WBV-01, read at 22:14",
    )
    for number in range(16)
)
"""As many as a report has, and of their length."""


@dataclass(frozen=True, slots=True)
class Growth:
    """One store's figures.

    Attributes:
        entry_bytes: of an entry that was delivered at its first attempt.
        attempt_bytes: of each further attempt.
        pruned_bytes: of an entry whose payload and request were pruned.
        log_bytes: written to the server's log for such an entry; None for a file.
        enqueue_per_s: from one thread; `enqueue_16_per_s` from sixteen.
        drain_per_s: claim, read and acknowledge, from one thread and without a backend.
    """

    entry_bytes: int
    attempt_bytes: int
    pruned_bytes: int
    log_bytes: int | None
    enqueue_per_s: int
    enqueue_16_per_s: int
    drain_per_s: int


class Host(Ours):
    """The outbox with what a service stores beside each entry, in the same commit."""

    def __init__(self, database: Database) -> None:
        super().__init__(open_outbox(database))
        self._idempotency = Idempotency(database, RestCipher(bytes(32)), Blind(bytes(32)), lambda: datetime.now(UTC))

    def store(self, entry: NewEntry) -> None:
        """Store an entry as the service does."""
        document = replace(entry.document, provenance=SOURCES)
        sealed = self.outbox.seal(replace(entry, document=document, request=REQUEST))
        write = Write("bench", entry.id, entry.reference)

        def job(tx: Transaction) -> None:
            self.outbox.enqueue(tx, sealed)
            self._idempotency.insert(tx, write, entry.id)

        self.outbox.database.write(job)

    def prune(self) -> None:
        """Prune every payload."""
        now = to_ms(datetime.now(UTC)) + 1
        audit = Audit("bench", "measured", now)
        prune(self.outbox.database, RestCipher(bytes(32)), Pruning("payloads", now, now), audit, pause=lambda _: None)

    def ask(self) -> None:
        """Send the next entry without an answer, and ask for it until it is found."""
        claim = self.claim()
        for _ in range(QUESTIONS):
            self.outbox.write(self.outbox.endings.unknown(claim, "time-out", 0, reached=None))
            found = self.outbox.claim(DESTINATION, OWNER, "find", AT_A_TIME)
            assert found is not None  # noqa: S101 - it is due at once
            claim = found
        self.acknowledge(claim)


class File:
    """An SQLite file."""

    def __init__(self, folder: Path) -> None:
        self.where = folder / "shim.db"

    def size(self) -> int:
        """Bytes without what is free; every row is written back first."""
        with closing(sqlite3.connect(self.where, isolation_level=None)) as file:
            file.execute("VACUUM")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self.where.stat().st_size

    def logged(self) -> int | None:
        """A file has no server that logs."""
        return None


class Server:
    """A PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self.where = url

    def size(self) -> int:
        """Bytes without what is free."""
        return self._one("VACUUM FULL", "SELECT pg_database_size(current_database())")

    def logged(self) -> int | None:
        """Bytes written to the log since the server began."""
        return self._one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")

    def _one(self, *statements: str) -> int:
        with psycopg.connect(self.where, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            (value,) = cursor.fetchone() or (0,)
        return int(value)


def measure(store: File | Server) -> Growth:
    """Fill and empty one store that is new."""
    with closing(open_database(store.where, PACKAGES)) as database:
        host = Host(database)
        empty, logged = store.size(), store.logged()
        enqueue_us, drain_us = host.enqueue(COUNT), host.drain(COUNT)
        log = store.logged()
        together_us = host.enqueue_together(COUNT)
        host.drain(COUNT)
        entry = (store.size() - empty) / (2 * COUNT)
        host.prune()
        pruned = store.size()
        host.enqueue(ASKED)
        for _ in range(ASKED):
            host.ask()
        asked = store.size() - pruned - ASKED * entry
    return Growth(
        entry_bytes=round(entry),
        attempt_bytes=round(asked / (ASKED * QUESTIONS)),
        pruned_bytes=(pruned - empty) // (2 * COUNT),
        log_bytes=None if log is None or logged is None else (log - logged) // COUNT,
        enqueue_per_s=round(US / enqueue_us),
        enqueue_16_per_s=round(US / together_us),
        drain_per_s=round(US / drain_us),
    )


def main() -> None:
    """Measure both stores, PostgreSQL where one is to be had."""
    with TemporaryDirectory(prefix="legacy-shim-growth-") as folder:
        figures = {"sqlite": asdict(measure(File(Path(folder))))}
    try:
        with running_bench(choose(os.environ), os.environ) as bench, bench.database("growth") as url:
            figures["postgresql"] = asdict(measure(Server(url)))
    except NotThere as missing:
        print(f"benchmark: no figures of PostgreSQL: {missing}", file=sys.stderr)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
