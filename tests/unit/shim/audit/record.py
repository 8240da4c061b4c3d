"""An audit on the tests' stage: rows in several chains, checkpoints in a file, and somebody who tampers."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from outbox.carrying.tables import snapshot
from outbox.database import Database, open_database
from outbox.entry import to_ms
from shim.audit import checkpoints
from shim.audit.events import Event, new_access
from shim.audit.files import add, lines_of
from shim.audit.findings import Verified
from shim.audit.log import AuditLog
from shim.audit.signing import Signer, Trusted
from shim.audit.verifying import verify
from shim.keys import KeyRing

PACKAGES = ("outbox", "shim", "shim.audit")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def asked(**values: Any) -> Event:
    """An intent such as a search for a patient."""
    known: dict[str, Any] = {
        "client": "agent",
        "on_behalf_of": "m.devries",
        "system": "intramed",
        "contract": "find_patient",
        "subject": "ab" * 16,
        "subject_key": "cd" * 4,
        "purpose": "a caller at the desk",
        "correlation": "00-11-22-33",
        "detail": {"fields": ["telephone"], "number": 1},
    }
    return Event("practice_find_patient", "intent", new_access(), **{**known, **values})


@dataclass
class Record:
    """A state with an audit, and the file of its checkpoints."""

    database: Database
    folder: Path
    clock: Clock = field(default_factory=Clock)
    ring: KeyRing = field(default_factory=lambda: KeyRing(bytes(32)))
    where: str = ""

    @property
    def file(self) -> Path:
        return self.folder / "checkpoints.jsonl"

    @property
    def trusted(self) -> Trusted:
        return Trusted.of_ring(self.ring)

    @property
    def signer(self) -> Signer:
        return Signer(self.ring)

    def log(self) -> AuditLog:
        """Another process's log, with chains of its own."""
        return AuditLog(self.database, self.clock)

    def write(self, rows: int, log: AuditLog | None = None) -> AuditLog:
        """Write some rows, a second apart; return the log, to write more to the same chain."""
        log = log or self.log()
        for _ in range(rows):
            log.write(asked())
            self.clock.forward(seconds=1)
        return log

    def checkpoint(self, *, kept: bool = True) -> checkpoints.Checkpoint:
        made = checkpoints.make(self.database, self.signer, "tilburg", to_ms(self.clock()))
        if kept:
            add(self.file, [made])
        return made

    def retire(self) -> None:
        """Sign with another key; the old one is in the ring for one checkpoint more, and then gone."""
        self.ring = KeyRing(bytes([1]) * 32, bytes(32))
        self.checkpoint()
        self.ring = KeyRing(bytes([1]) * 32)

    def verify(self, *, with_file: bool = True, trusted: Trusted | None = None) -> Verified:
        with snapshot(self.database) as tx:
            return verify(tx, trusted or self.trusted, lines_of(self.file) if with_file else None)

    def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.database.read("SELECT * FROM audit_event ORDER BY chain, n")]

    def tamper(self, statement: str, *values: Any) -> int:
        """Change the file as somebody does who may write it: no trigger and no rule stands in the way."""
        with tampering(Path(self.database.where)) as connection:
            return connection.execute(statement, values).rowcount


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a state past the shim, without its triggers and rules; they are back in the end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for trigger in triggers:
            connection.execute(f"DROP TRIGGER {trigger['name']}")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        yield connection
        for trigger in triggers:
            connection.execute(trigger["sql"])
        connection.execute("COMMIT")


@contextmanager
def record(folder: Path) -> Iterator[Record]:
    """An empty audit in a folder."""
    database = open_database(folder / "state.db", PACKAGES)
    try:
        yield Record(database, folder)
    finally:
        database.close()
