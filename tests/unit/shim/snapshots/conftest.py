"""One stage for each test."""

from datetime import timedelta
from pathlib import Path

import pytest

from contracts.snapshots import Cell, Origin
from shim.pseudonyms.policy import load_policy
from shim.snapshots import verify as verifying
from tests.unit.shim.snapshots.stage import FEW, INVENTED, ORIGINALS, POLICY, WEEKS, Stage, born, every_value, person


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Two tables; nothing of the original is in the result."""
    monkeypatch.setattr(verifying, "protected", every_value)
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    originals = [list(person(number, ORIGINALS, born(number))) for number in range(FEW)]
    people = [list(person(number, INVENTED, born(number) + timedelta(weeks=WEEKS))) for number in range(FEW)]
    clinics: list[list[Cell]] = [["A", "Praktijk Kerkwegh"], ["B", "Praktijk Centrum"]]
    policy = load_policy(tmp_path / "policy.toml")
    origin = Origin(policy.fingerprint, "0a0b0c0d", "practice")
    return Stage(tmp_path, policy, originals, people, clinics, origin=origin)
