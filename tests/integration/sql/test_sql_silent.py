"""A worker process writes nothing of its own: what a driver prints, and a defect's traceback, quote what was asked."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
_SERVICE = """
import sys, time
from adapters.sql.child import Child
from adapters.sql.statements import Statement
from tests.integration.sql.sources import TalkingSource

def main():
    statements = {"one": Statement("one", "select 1 as N", frozenset(), {"n": "text"})}
    child = Child.start(TalkingSource("sqlite://", sys.argv[1] == "dies"), statements, {})
    child.open(warm=False)
    until = time.monotonic() + 50
    while child.collect() and not child.ready and child.busy_since and time.monotonic() < until:
        time.sleep(0.01)
    print("it is", "open" if child.ready else "not open")
    child.kill()
    child.end()

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("how", ["prints", "dies"])
def test_a_worker_prints_nothing(tmp_path: Path, how: str) -> None:
    """Neither what a client library writes, nor the interpreter's own words about an exception that nobody caught."""
    program = tmp_path / "service.py"
    program.write_text(_SERVICE)
    arguments = [sys.executable, str(program), how]
    ended = subprocess.run(
        arguments, capture_output=True, text=True, check=False, timeout=120, env={"PYTHONPATH": str(REPOSITORY)}
    )
    assert ended.stdout == "it is not open\n"
    assert ended.stderr == ""
