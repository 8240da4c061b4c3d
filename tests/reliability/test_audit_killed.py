"""Several processes write at once and are killed: what they were told is durable is there, and all of it verifies."""

import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from outbox.carrying.tables import snapshot
from outbox.database import open_database
from outbox.entry import to_ms
from shim.audit import checkpoints
from shim.audit.signing import Signer, Trusted
from shim.audit.verifying import verify
from shim.keys import KeyRing
from simulators.postgresql.bench import PostgresBench
from tests.unit.shim.audit.record import PACKAGES

SEED = 20261121
ROOT = Path(__file__).parents[2]
RING = KeyRing(bytes(32))


class Writer:
    """A process that writes; what it said is durable is read when it is dead."""

    def __init__(self, where: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.audit_writer", where],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        self._said = self._process.stdout
        self.accesses = [self._line()]  # it has begun

    def _line(self) -> str:
        line = self._said.readline()
        assert line, "the writer ended by itself"
        return line.strip()

    def kill(self) -> list[str]:
        self._process.kill()
        rest, _ = self._process.communicate(timeout=60)
        # A line that was cut off was not said.
        return [*self.accesses, *(line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n"))]


def campaign(where: Path | str, kills: int, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)  # noqa: S311 - moments to kill at, no secret
    database, said, findings = open_database(where, PACKAGES), list[str](), list[str]()
    writers: list[Writer] = []
    try:
        writers = [Writer(str(where)) for _ in range(3)]
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 0.4))
            place = chance.randrange(len(writers))
            said += writers[place].kill()
            writers[place] = Writer(str(where))
            checkpoints.make(database, Signer(RING), "tilburg", to_ms(datetime.now(UTC)))
            with snapshot(database) as tx:  # while the others write
                findings += [str(finding) for finding in verify(tx, Trusted.of_ring(RING)).findings]
    finally:
        for writer in writers:
            said += writer.kill()
    with snapshot(database) as tx:
        verified = verify(tx, Trusted.of_ring(RING))
    there = {row["access"] for row in database.read("SELECT access FROM audit_event")}
    database.close()
    verdict = {
        "rows": verified.rows,
        "chains": verified.chains,
        "kills": kills + len(writers),
        "lost": len(set(said) - there),
        "findings": len(findings) + verified.found,
    }
    with capsys.disabled():
        print(f"\n{json.dumps(verdict)}")  # noqa: T201 - the campaign's verdict
    assert len(said) == len(set(said))
    assert (verdict["lost"], findings, verified.findings) == (0, [], [])


@pytest.mark.torture
def test_killed_writers_leave_whole_chains(
    tmp_path: Path, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three processes on one SQLite file, 40 kills in full length, 3 in the quick form."""
    campaign(tmp_path / "state.db", 40 if full_length else 3, capsys)


@pytest.mark.torture
def test_killed_writers_leave_whole_chains_on_postgresql(
    durable_postgresql: PostgresBench, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same on one PostgreSQL."""
    with durable_postgresql.database() as url:
        campaign(url, 40 if full_length else 2, capsys)
