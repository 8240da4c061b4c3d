"""Outcomes that may wait are stored together, soon, and those that are lost are counted."""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from contracts.errors import StateUnavailable
from outbox.database import Database, Transaction
from shim.audit.later import LOST, Later, Pending
from shim.audit.log import AuditLog
from tests.unit.shim.audit.record import Record, asked


class Writes:
    """What is stored; nothing while the disk is full."""

    def __init__(self) -> None:
        self.batches: list[list[Pending]] = []
        self.full = False
        self.refused: set[str] = set()
        self.tried = threading.Event()

    def __call__(self, batch: Sequence[Pending]) -> None:
        self.tried.set()
        if self.full:
            raise StateUnavailable("the disk is full")
        if any(event.action in self.refused for _, event in batch):
            raise ValueError("it cannot be stored")
        self.batches.append(list(batch))

    @property
    def actions(self) -> list[str]:
        return [event.action for batch in self.batches for _, event in batch]


def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_is_stored_without_being_asked(audit: Record) -> None:
    """By a thread, with the time when it happened."""
    log = audit.log()
    at = int(audit.clock().timestamp() * 1000)
    log.later(asked())
    audit.clock.forward(seconds=60)
    until(lambda: bool(audit.rows()))
    assert audit.rows()[0]["at"] == at
    log.close()


def test_what_waited_through_an_outage_is_dated_when_it_is_stored(audit: Record) -> None:
    """Another process made checkpoints meanwhile: it is no row that was dated back, and says how long it waited."""

    class Cut:
        """The connection of one of two processes."""

        down = False
        tried = threading.Event()

        def write(self, job: Callable[[Transaction], object]) -> object:
            if self.down:
                self.tried.set()
                raise StateUnavailable("cut off")
            return audit.database.write(job)

    cut = Cut()
    database: Database = cut  # type: ignore[assignment]
    log, other = AuditLog(database, audit.clock), audit.log()
    asked_at = int(audit.clock().timestamp() * 1000)
    log.write(asked())
    cut.down = True
    log.later(replace(asked(), phase="outcome", outcome="ok"))
    assert cut.tried.wait(30)
    audit.clock.forward(hours=2, milliseconds=999)
    other.write(asked())
    audit.checkpoint()
    cut.down = False
    log.close()
    (row,) = [row for row in audit.rows() if row["phase"] == "outcome"]
    assert row["at"] == asked_at + 7_200_999
    assert json.loads(row["detail"]) == {"fields": ["telephone"], "number": 1, "waited_s": 7200}
    assert not audit.verify().found


def test_closing_stores_what_waits(audit: Record) -> None:
    """All of it, in as few commits as it fits."""
    commits: list[int] = []

    class Counting:
        def write(self, job: object) -> object:
            commits.append(1)
            return audit.database.write(job)  # type: ignore[arg-type]

    database: Database = Counting()  # type: ignore[assignment]
    log = AuditLog(database, audit.clock)
    for _ in range(300):
        log.later(asked())
    log.close()
    assert len(audit.rows()) == 300
    assert len(commits) < 100
    assert not audit.verify(with_file=False).found


def test_a_log_that_had_nothing_to_do_has_no_thread(audit: Record) -> None:
    """A command that is done at once does not wait for one."""
    before = threading.active_count()
    log = audit.log()
    log.write(asked())
    assert threading.active_count() == before
    log.close()


def test_what_is_too_much_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """While the disk is full the oldest are kept; when it is not, a row says how many are missing, and since when."""
    writes, now = Writes(), iter(range(1_000, 9_000))
    writes.full = True
    later = Later(writes, lambda: next(now), most=10)
    with caplog.at_level(logging.WARNING):
        for number in range(25):
            later.put(asked(contract=str(number)))
        assert writes.tried.wait(30)
        writes.full = False
        later.close()
    kept = [event.contract for batch in writes.batches for _, event in batch if event.action != LOST]
    assert kept == [str(number) for number in range(10)]
    ((_, told),) = [one for batch in writes.batches for one in batch if one[1].action == LOST]
    assert (told.outcome, told.detail) == ("lost", {"events": 15, "first_at": 1_010})
    assert "outcomes of the audit are lost" in caplog.text


def test_what_is_left_in_the_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """If the state cannot be written to the last."""
    writes = Writes()
    writes.full = True
    later = Later(writes, lambda: 0, most=10)
    for _ in range(12):
        later.put(asked())
    later.close()
    assert "12 outcomes of the audit were not stored" in caplog.text


def test_one_that_cannot_be_stored_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the others of its commit are stored."""
    writes = Writes()
    writes.refused = {"damaged"}
    later = Later(writes, lambda: 0, most=10)
    for event in (asked(), replace(asked(), action="damaged"), asked()):
        later.put(event)
    later.close()
    assert writes.actions == ["practice_find_patient"] * 2
    assert "an outcome of damaged could not be stored" in caplog.text
