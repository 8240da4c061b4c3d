"""The suite on a snapshot without patients: a core of it is run here on a copy of the stored one, made anew."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.firebird.snapshots import FirebirdSnapshots
from adapters.intramed import adapter
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.run import pseudonymise
from tests.snapshot import Seal, described

REPOSITORY = Path(__file__).parents[2]
OURS = {"FIREBIRD", "FIREBIRD_LOCK", "FIREBIRD_TMP"}
"""Variables of the engine of this process."""
CORE = (
    "tests/integration/test_practice_cast.py",
    "tests/integration/intramed/test_intramed_find_patient.py",
    "tests/integration/intramed/test_intramed_agenda.py",
)
"""Without the server and without waiting for locks: who plays what, who is found, what is free."""


def run_on(snapshot: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run tests on a snapshot in a process of their own."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--snapshot", str(snapshot), *arguments],
        env={name: value for name, value in os.environ.items() if name not in OURS},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.mark.timeout(900)  # two programs one after the other, each of which a busy machine may slow down
def test_the_core_passes_on_a_pseudonymised_copy(
    engine: None, stored_snapshot: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every role is played, nothing is skipped; the run says what it stands on and leaves the file as it was."""
    del engine
    folder, safe = tmp_path_factory.mktemp("pseudonymised"), tmp_path_factory.mktemp("key")
    assert adapter.personal is not None
    copy, key = folder / "copy.fbk", safe / "pseudonym.key"
    PseudonymKey.make(key)
    report = pseudonymise(FirebirdSnapshots(), stored_snapshot, copy, adapter.personal, key, folder, lambda *_: None)
    seal = Seal.of(copy)
    ran = run_on(copy, *CORE, "-k", "not server and not lock")
    said = f"practice under test: copy.fbk (pseudonymised: schema intramed, policy {report.policy}, key {report.key})"
    assert said in ran.stdout
    assert ran.returncode == 0, ran.stdout
    told = re.search(r"^(\d+) passed, \d+ deselected in", ran.stdout, re.MULTILINE)
    assert told, ran.stdout  # and nothing skipped
    assert int(told[1]) >= 35
    seal.check()


def test_a_snapshot_that_is_not_there_stops_the_run(tmp_path: Path) -> None:
    """Before anything is collected, with one line."""
    ran = run_on(tmp_path / "nowhere.fbk", "--collect-only", "tests/integration/test_bench.py")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"--snapshot: there is no file {tmp_path / 'nowhere.fbk'}" in ran.stderr


def test_who_was_never_pseudonymised_is_named_so() -> None:
    """The line at the start of the run warns of patients."""
    assert described(None) == "NOT pseudonymised: it may be full of patients"
