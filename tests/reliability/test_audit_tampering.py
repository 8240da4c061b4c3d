"""Whatever somebody does to the audit who may write the file and knows how it is made: it is found."""

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from outbox.carrying.tables import file_snapshot, reading
from outbox.entry import to_ms
from shim.audit import pruning
from shim.audit.files import lines_of
from shim.audit.findings import Verified
from shim.audit.verifying import verify
from tests.reliability.audit_tamperer import HANDS, Done, Tamperer
from tests.unit.shim.audit.record import Record, record, tampering

SEED = 20261121


def written(audit: Record) -> None:
    """Six chains that four checkpoints know; one of them is pruned; the last checkpoint knows everything."""
    logs = [audit.log() for _ in range(6)]
    for round_ in range(4):
        for place, log in enumerate(logs[: 3 + round_]):
            audit.write(2 + (place * round_) % 7, log)
        audit.checkpoint()
        audit.clock.forward(days=1)
        if round_ == 1:
            cuts, _ = pruning.plan(audit.database, audit.trusted, to_ms(audit.clock()))
            pruning.prune(audit.database, audit.signer, cuts[:1], to_ms(audit.clock()))
    audit.checkpoint()


def verified(state: Path, audit: Record) -> Verified:
    with file_snapshot(state) as connection:
        return verify(reading(connection), audit.trusted, lines_of(audit.file))


def tamper(state: Path, chance: random.Random, newest_at: int) -> tuple[str, Done]:
    """Change the copy of a state in some way; return how."""
    while True:
        hand = chance.choice(HANDS)
        with tampering(state) as connection:
            done = hand(Tamperer(connection, chance, newest_at=newest_at))
        if done is not None:
            return hand.__name__, done


def changes(before: Path, after: Path) -> list[object]:
    """What differs in two states."""
    told: list[object] = []
    for table in ("audit_event", "audit_checkpoint", "audit_anchor"):
        rows = []
        for path in (before, after):
            with file_snapshot(path) as connection:
                rows.append({tuple(row) for row in connection.execute(f"SELECT * FROM {table}")})  # noqa: S608
        told += [*rows[0] ^ rows[1]]
    return told


def is_named(found: Verified, done: Done) -> bool:
    """Whether the chain, and a row no later than the one that was changed, is told."""
    if done.chain is None:
        return True
    told = [one for one in found.findings if one.chain == done.chain]
    return any(done.n is None or one.n is None or one.n <= done.n + 1 for one in told)


@pytest.mark.torture
def test_every_tampering_is_found(tmp_path: Path, full_length: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """1,000 in full length, 150 in the quick form; and the chain and the first row that is wrong are named."""
    chance = random.Random(SEED)  # noqa: S311 - what is done, no secret
    counted, missed, unnamed = Counter[str](), [], []
    with record(tmp_path) as audit:
        written(audit)
        assert verified(Path(audit.database.where), audit).findings == []
        assert audit.database.read("SELECT 1 FROM audit_anchor")
        newest_at = to_ms(audit.clock())
    for number in range(1000 if full_length else 150):
        copy = tmp_path / f"copy-{number}.db"
        shutil.copy(audit.database.where, copy)
        how, done = tamper(copy, chance, newest_at)
        found = verified(copy, audit)
        counted[how] += 1
        if not found.found:
            missed.append(f"{number}: {how} {done} {changes(Path(audit.database.where), copy)}")
        elif not is_named(found, done):
            unnamed.append(f"{number}: {how} {done}: {found.findings}")
        copy.unlink()
    verdict = {"tamperings": counted.total(), "ways": len(counted), "missed": len(missed), "unnamed": len(unnamed)}
    with capsys.disabled():
        print(f"\n{json.dumps(verdict)}")  # noqa: T201 - the campaign's verdict
    assert missed == []
    assert unnamed == []
    assert len(counted) == len(set(HANDS))
