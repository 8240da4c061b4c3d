"""Checkpoints are made by themselves, and put where the configuration says."""

import logging
import threading
from datetime import datetime
from pathlib import Path

from outbox.carrying.tables import snapshot
from outbox.database import Database
from shim.audit.events import Event, new_access
from shim.audit.files import lines_of
from shim.audit.log import AuditLog
from shim.audit.regularly import checkpointing
from shim.audit.signing import Trusted
from shim.audit.verifying import verify
from shim.settings import AuditSection, Settings
from tests.unit.shim.calling import RING, clock


def settings(folder: Path, target: str, every_s: float = 1) -> Settings:
    return Settings(
        deployment="tilburg",
        state=str(folder / "shim.db"),
        master_key=folder / "master.key",
        audit=AuditSection(checkpoints_to=(target,), checkpoint_every_s=every_s),
    )


def test_checkpoints_come_again_and_again_and_can_be_verified(state: Database, tmp_path: Path) -> None:
    """Each has what was written since the one before; the file alone shows that nothing is missing."""
    file, twice = tmp_path / "checkpoints.jsonl", threading.Event()
    log, times = AuditLog(state, clock), 0

    def now() -> datetime:
        nonlocal times
        times += 1
        log.write(Event(action="test", phase="outcome", access=new_access(), outcome="ok"))
        if times > 2:
            twice.set()
        return clock()

    chore = checkpointing(settings(tmp_path, str(file)), state, RING, now, first_s=0.001)
    chore.start()
    assert twice.wait(60)
    assert chore.stop(60)
    with snapshot(state) as tx:
        assert not verify(tx, Trusted.of_ring(RING), list(lines_of(file))).found
    assert len(list(lines_of(file))) >= 2
    log.close()


def test_a_place_that_takes_nothing_is_told(state: Database, tmp_path: Path) -> None:
    """The checkpoint stands in the state all the same, and the next one tries again."""
    folder = tmp_path / "absent" / "checkpoints.jsonl"
    failed = threading.Event()

    class Telling(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "is not at" in record.getMessage():
                failed.set()

    handler = Telling()
    logging.getLogger("shim.audit.regularly").addHandler(handler)
    try:
        chore = checkpointing(settings(tmp_path, str(folder)), state, RING, clock, first_s=0.001)
        chore.start()
        assert failed.wait(60)
        assert chore.stop(60)
    finally:
        logging.getLogger("shim.audit.regularly").removeHandler(handler)
    assert state.read("SELECT COUNT(*) AS n FROM audit_checkpoint")[0]["n"] >= 1
