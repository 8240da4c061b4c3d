"""The audit is carried elsewhere as it is, and verifies there; the rows of the new place stay beside it."""

from pathlib import Path

from outbox.carrying.backup import backup
from outbox.carrying.tables import file_snapshot, reading, snapshot
from shim.audit.log import AuditLog
from shim.audit.signing import Trusted
from shim.audit.verifying import verify
from shim.keys import KeyRing
from tests.unit.outbox.stand_ins import Clock
from tests.unit.shim.audit.record import asked
from tests.unit.shim.filled import Filled, fill, ours

TRUSTED = Trusted.of_ring(KeyRing(bytes(32)))


def verified(state: Filled) -> tuple[int, int, int]:
    with snapshot(state.database) as tx:
        found = verify(tx, TRUSTED)
    return found.rows, found.checkpoints, found.found


def test_an_import_verifies(tmp_path: Path) -> None:
    """With its checkpoints and anchors; that somebody asked to load it is there as well."""
    clock = Clock()
    source, target = fill(ours(tmp_path / "source.db", clock)), ours(tmp_path / "target.db", clock)
    assert verified(source) == (1, 2, 0)
    log = AuditLog(target.database, clock)
    log.write_shared(asked())
    target.load(source.export())
    log.write_shared(asked())
    assert verified(target) == (3, 2, 0)
    for state in (source, target):
        state.database.close()


def test_a_backup_verifies_without_the_state(tmp_path: Path) -> None:
    """Read-only, with the public key alone."""
    source = fill(ours(tmp_path / "source.db", Clock()))
    backup(tmp_path / "source.db", tmp_path / "kept.db")
    source.database.close()
    before = (tmp_path / "kept.db").read_bytes()
    with file_snapshot(tmp_path / "kept.db") as connection:
        assert verify(reading(connection), TRUSTED).as_json()["found"] == 0
    assert (tmp_path / "kept.db").read_bytes() == before
