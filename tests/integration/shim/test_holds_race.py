"""Two shims on one state want every slot at once."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from shim.holds import KeptHolds
from shim.keys import Blind, MasterKey
from shim.state import open_state
from tests.integration.shim.holder import FIRST, KEY, LENGTH, STEP

ROOT = Path(__file__).parents[3]
PROCESSES, THREADS, SLOTS = 2, 8, 24


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty state is."""
    if request.param == "sqlite":
        return str(tmp_path / "shim.db")
    create: Callable[[], str] = request.getfixturevalue("create_database")
    return create()


def test_two_processes_never_hold_one_therapist_twice(state: str) -> None:
    """Of overlapping slots wanted by 16 threads, each is held once or overlaps one that is."""
    key = MasterKey(KEY)
    open_state(state, lambda _: key, "race")[0].close()
    command = [sys.executable, "-m", "tests.integration.shim.holder", state]
    shims = [
        subprocess.Popen(
            [*command, f"shim{number}", str(THREADS), str(SLOTS)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for shim in shims:
        assert shim.stdout is not None
        assert shim.stdout.readline() == "ready\n"
    won: list[int] = []
    begin_at = time.time() + 0.1  # the same moment for both, or the first would have won everything
    for shim in shims:
        assert shim.stdin is not None
        shim.stdin.write(f"{begin_at}\n")
        shim.stdin.flush()
    for shim in shims:
        said, _ = shim.communicate(timeout=60)
        assert shim.returncode == 0
        won += json.loads(said)
    won.sort()
    near = LENGTH // STEP
    assert len(won) == len(set(won))
    assert all(later - earlier >= near for earlier, later in pairwise(won))
    assert all(any(abs(number - held) < near for held in won) for number in range(SLOTS))
    database = open_state(state, lambda _: key, "race")[0]
    held = KeptHolds(database, Blind(KEY), "intramed").held(FIRST, FIRST + (SLOTS + 2) * STEP)
    database.close()
    assert [int(hold.slot) for hold in held] == won
