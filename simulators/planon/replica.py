"""The read replica: an SQLite file that gets committed incidents only after a lag, and can vanish or stay locked."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from heapq import heappop, heappush
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

from simulators.planon.entries import Change
from simulators.planon.ledger import Ledger
from simulators.planon.reference import Reference
from simulators.planon.replica_rows import PUT_INCIDENT, incident_row, reference_rows

_POLL_S: Final = 0.05
_DDL: Final = Path(__file__).with_name("replica.sql")
_LOCK_WITHIN_S: Final = 10.0
"""A reader holds the file for milliseconds."""


class Replica:
    """Copies the ledger into a file, late.

    Args:
        path: the file; an older one there is replaced.
        ledger: what is copied.
        now: the ledger's clock.
        lag_s: seconds between a change and its copy; may be changed at any time.
    """

    def __init__(self, path: Path, ledger: Ledger, now: Callable[[], datetime], lag_s: float) -> None:
        self.path = path
        self.lag_s = lag_s
        self._ledger = ledger
        self._now = now
        self._away = path.with_name(path.name + ".away")
        self._down = False
        self._holding: sqlite3.Connection | None = None
        self._seen = 0
        self._waiting: list[tuple[datetime, int, Change]] = []  # a heap; the order of the ledger breaks ties
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
            for statement, rows in reference_rows(reference):
                database.executemany(statement, rows)
            database.commit()
        self._thread.start()

    def stop(self) -> None:
        """Stop copying and let go of the file, which stays."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.set_stalled(False)

    def set_down(self, down: bool) -> None:
        """Move the file away, or back with everything it would have missed."""
        with self._lock:
            if down != self._down:
                source, target = (self.path, self._away) if down else (self._away, self.path)
                source.rename(target)
                self._down = down

    def set_stalled(self, stalled: bool) -> None:
        """Lock the file against every reader, or unlock it.

        Raises:
            sqlite3.OperationalError: if somebody else keeps it locked.
        """
        with self._lock:
            if stalled and self._holding is None:
                self._holding = _locked(self._away if self._down else self.path)
            elif not stalled and self._holding is not None:
                self._holding.close()
                self._holding = None

    def _copy_until_stopped(self) -> None:
        while not self._stop.wait(_POLL_S):
            for change in self._ledger.changes(self._seen):
                self._seen += 1
                heappush(self._waiting, (change.at, self._seen, change))
            before = self._now() - timedelta(seconds=self.lag_s)
            if self._waiting and self._waiting[0][0] <= before:
                self._copy(before)

    def _copy(self, before: datetime) -> None:
        with self._lock:
            if self._down or self._holding is not None:
                return
            due = []
            while self._waiting and self._waiting[0][0] <= before:
                due.append(heappop(self._waiting))
            try:
                with closing(sqlite3.connect(self.path, timeout=1)) as database:
                    database.executemany(PUT_INCIDENT, [incident_row(change.incident) for *_, change in due])
                    database.commit()
            except sqlite3.OperationalError:  # a reader holds the file: next round
                for entry in due:
                    heappush(self._waiting, entry)


def _locked(path: Path) -> sqlite3.Connection:
    # Switched on in one thread of the control port and off in another.
    connection = sqlite3.connect(path, timeout=_LOCK_WITHIN_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        connection.close()
        raise
    return connection
