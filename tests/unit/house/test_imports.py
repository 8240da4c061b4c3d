"""Who may import whom: the linter runs in `make lint`; here it is shown that it can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ["adapters", "contracts", "outbox", "schemas", "shim", "simulators"]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the packages, to break."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(
        command, cwd=house, env={"PYTHONPATH": str(house), "PATH": ""}, capture_output=True, text=True, check=False
    )


def test_the_house_keeps_its_rules(house: Path) -> None:
    """The copy as it is passes, so a failure below has the reason that is named."""
    result = lint(house)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "imported", "rule"),
    [
        ("outbox/worker.py", "adapters.planon", "outbox imports at most contracts BROKEN"),
        ("contracts/errors.py", "outbox.store", "contracts imports nothing of ours BROKEN"),
        ("adapters/planon/__init__.py", "adapters.intramed", "vendors do not know each other BROKEN"),
        ("adapters/soap/__init__.py", "adapters.planon", "transports know no vendor BROKEN"),
        (
            "simulators/planon/__init__.py",
            "adapters.planon",
            "simulators share schemas with the adapters, and no code BROKEN",
        ),
        (
            "adapters/planon/__init__.py",
            "shim.keys",
            "adapters know contracts, schemas and transports, and nothing of the service BROKEN",
        ),
    ],
)
def test_a_forbidden_import_is_found(house: Path, module: str, imported: str, rule: str) -> None:
    """One line in the wrong direction breaks exactly the rule that forbids it."""
    path = house / module
    path.write_text(path.read_text(encoding="utf-8") + f"\nimport {imported}\n", encoding="utf-8")
    result = lint(house)
    assert result.returncode != 0
    assert rule in " ".join(result.stdout.split())
