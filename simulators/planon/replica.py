"""The read replica: an SQLite file that gets committed incidents only after a lag, and can vanish."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import astuple
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

from simulators.planon.ledger import Incident, Ledger
from simulators.planon.reference import PRIORITY_CODES, Reference

_POLL_S: Final = 0.05
_DDL: Final = Path(__file__).with_name("replica.sql")


class Replica:
    """Copies the ledger into a file, late.

    Args:
        path: the file; an older one there is replaced.
        ledger: what is copied.
        now: the ledger's clock.
        lag_s: seconds between a commit and its copy; may be changed at any time.
    """

    def __init__(self, path: Path, ledger: Ledger, now: Callable[[], datetime], lag_s: float) -> None:
        self.path = path
        self.lag_s = lag_s
        self._ledger = ledger
        self._now = now
        self._away = path.with_name(path.name + ".away")
        self._down = False
        self._copied = 0
        self._lock = Lock()
        self._stop = Event()
        self._thread = Thread(target=self._copy_until_stopped, name="planon-replica", daemon=True)

    def start(self, reference: Reference) -> None:
        """Create the file with its reference rows and begin to copy."""
        for old in (self.path, self._away, self.path.with_name(self.path.name + "-journal")):
            old.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("PRAGMA synchronous = OFF")  # a stand-in need not survive a power cut
            database.executescript(_DDL.read_text(encoding="utf-8"))
            for statement, rows in _reference_rows(reference):
                database.executemany(statement, rows)
            database.commit()
        self._thread.start()

    def stop(self) -> None:
        """Stop copying; the file stays."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def set_down(self, down: bool) -> None:
        """Move the file away, or back with everything it would have missed."""
        with self._lock:
            if down != self._down:
                source, target = (self.path, self._away) if down else (self._away, self.path)
                source.rename(target)
                self._down = down

    def _copy_until_stopped(self) -> None:
        while not self._stop.wait(_POLL_S):
            before = self._now() - timedelta(seconds=self.lag_s)
            fresh = self._ledger.incidents()[self._copied :]
            due = [incident for incident in fresh if incident.committed_at <= before]
            if due:
                self._copy(due)

    def _copy(self, due: list[Incident]) -> None:
        with self._lock:
            if self._down:
                return
            try:
                with closing(sqlite3.connect(self.path, timeout=1)) as database:
                    database.executemany(_INSERT_INCIDENT, map(_incident_row, due))
                    database.commit()
            except sqlite3.OperationalError:  # a reader holds the file: next round
                return
            self._copied += len(due)


_INSERT_INCIDENT: Final = "INSERT INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _incident_row(incident: Incident) -> tuple[object, ...]:
    fields = incident.fields
    return (
        incident.syscode,
        incident.number,
        fields.get("BO_EXTERNAL_REF"),
        fields.get("BO_TENANT_ID"),
        fields.get("BO_MANDANT"),
        fields.get("BO_CONTRACT"),
        incident.status,
        incident.priority,
        fields.get("BO_REPORT_DATE"),
        fields.get("BO_DESCRIPTION"),
        incident.sla_start,
        incident.sla_due,
        incident.committed_at.isoformat(),
    )


def _reference_rows(reference: Reference) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    contracts = reference.contracts
    yield (
        "INSERT INTO contract VALUES (?, ?, ?, ?, ?)",
        [(c.contract_id, c.mandant, c.sla_id, c.cost_centre, c.category) for c in contracts],
    )
    yield (
        "INSERT INTO tenant VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [astuple(tenant) for tenant in reference.tenants],
    )
    yield (
        "INSERT INTO priority_matrix VALUES (?, ?, ?)",
        [(c.contract_id, severity, priority) for c in contracts for severity, priority in c.priorities.items()],
    )
    yield (
        "INSERT INTO priority_code VALUES (?, ?, ?)",
        [(mandant, *pair) for mandant, codes in PRIORITY_CODES.items() for pair in codes.items()],
    )
    yield (
        "INSERT INTO sla_window VALUES (?, ?, ?, ?)",
        [(*key, minutes) for key, minutes in reference.window_minutes.items()],
    )
    yield "INSERT INTO asset VALUES (?, ?, ?)", list(reference.assets())
