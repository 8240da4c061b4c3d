"""A long audit is verified in a memory that stays small; how fast, is told."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from outbox.carrying.tables import snapshot
from shim.audit.chains import Chain, new_chain
from shim.audit.verifying import verify
from tests.unit.shim.audit.record import Record, asked, record

CHAINS = 8
TOGETHER = 5_000


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Record]:
    with record(tmp_path) as made:
        yield made


def fill(audit: Record, rows: int) -> None:
    """Write rows to some chains, many in a commit, with checkpoints in between."""
    chains = [new_chain() for _ in range(CHAINS)]
    at = int(audit.clock().timestamp() * 1000)
    for begin in range(0, rows, TOGETHER):
        with audit.database.transaction() as tx:
            for number in range(begin, min(rows, begin + TOGETHER)):
                place = number % CHAINS
                chains[place] = chains[place].append(tx, asked(), at + number)
        audit.clock.forward(milliseconds=TOGETHER)
        audit.checkpoint()
    assert all(isinstance(chain, Chain) for chain in chains)


@pytest.mark.torture
def test_a_long_audit_verifies(tmp_path: Path, full_length: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """1,000,000 rows in full length, 20,000 in the quick form; how fast is told, and not judged."""
    rows = 1_000_000 if full_length else 20_000
    with record(tmp_path) as audit:
        fill(audit, rows)
        begun, spent = time.perf_counter(), time.process_time()
        with snapshot(audit.database) as tx:
            verified = verify(tx, audit.trusted)
        took, spent = time.perf_counter() - begun, time.process_time() - spent
    verdict = {"rows": verified.rows, "rows_per_s": round(rows / took), "rows_per_cpu_s": round(rows / spent)}
    with capsys.disabled():
        print(f"\n{json.dumps(verdict)}")  # noqa: T201 - the campaign's verdict
    assert (verified.rows, verified.covered, verified.found) == (rows, rows, 0)


def test_memory_stays_flat(audit: Record) -> None:
    """A page of rows at a time, however many there are."""
    peaks = []
    for rows in (2_000, 4_000):
        fill(audit, rows)
        tracemalloc.start(1)
        try:
            with snapshot(audit.database) as tx:
                assert not verify(tx, audit.trusted).found
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]  # three times the rows
