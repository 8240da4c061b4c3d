"""What the README promises a newcomer: the demo, its failure, the benchmark, and tables that tell the truth."""

import json
import re
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from adapters.intramed.desk import IntramedDesk
from adapters.planon.desk import PlanonDesk
from contracts.catalogue import CATALOGUE, DeskKind, Effect
from shim.cli.commands import app
from shim.demo import write_configuration
from shim.settings import load
from shim.systems import find_adapter

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def test_both_stories_play() -> None:
    """Every claim of the transcript was read back from a backend."""
    played = run("examples.two_stories")
    assert played.returncode == 0, played.stdout + played.stderr
    assert (played.stdout.count("✓") > 20, played.stdout.count("→") > 10) == (True, True)
    assert "✗" not in played.stdout


def test_the_demo_fails_when_planon_drops_every_incident() -> None:
    """A claim that does not hold ends the demo with 1, and names it."""
    played = run("examples.two_stories", "--scenario", "drop_incidents")
    assert played.returncode == 1, played.stdout
    assert "✗ Planon has INC-000001 exactly once" in played.stdout


def test_the_benchmark_ends_with_its_figures() -> None:
    """The last line is JSON with the figures that the documentation names."""
    measured = run("benchmarks", "create_incident", "--quick")
    assert measured.returncode == 0, measured.stderr
    figures = json.loads(measured.stdout.splitlines()[-1])
    assert set(figures) == {"compose_us", "dry_run_us", "enqueue_us", "http_p50_ms", "raw_post_p50_ms"}
    assert all(value > 0 for value in figures.values())


def test_the_readme_s_table_is_the_catalogue() -> None:
    """Desk, contract, effect, and which adapter implements it; the shim answers a local one itself."""
    rows = re.findall(
        r"^\| (\w+) \| `(\w+)` \| (\w+) \| (\w*) *\|$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    desks = {DeskKind.FACILITY: ("planon", PlanonDesk), DeskKind.PRACTICE: ("intramed", IntramedDesk)}
    expected = [
        (row.desk, row.name, row.effect, "shim" if row.effect is Effect.LOCAL else desks[row.desk][0])
        for row in CATALOGUE
        if row.effect is Effect.LOCAL or hasattr(desks[row.desk][1], row.name)
    ]
    assert rows == expected


def test_the_readme_s_configuration_is_accepted(tmp_path: Path) -> None:
    """With the password from elsewhere, every option in the example exists."""
    text = (ROOT / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "shim.toml"
    path.write_text(example, encoding="utf-8")
    settings = load(path)
    for section in settings.systems.values():
        secrets = {"planon": ["password"], "intramed": ["read_password", "write_password"]}[section.adapter]
        find_adapter(section.adapter).options.model_validate({**section.options, **dict.fromkeys(secrets, "x")})


def test_the_readme_s_first_commands_run(tmp_path: Path) -> None:
    """Those of an administrator and an auditor, on a deployment where nothing has happened yet."""
    text = (ROOT / "README.md").read_text("utf-8")
    told = re.findall(r"^### You (?:keep|look).*?```sh\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    commands = [line.partition(" #")[0].split()[1:] for block in told for line in block.splitlines()]
    configuration = write_configuration(tmp_path, {})
    codes = {
        " ".join(words[:2]): CliRunner().invoke(app, ["--config", str(configuration), *words]).exit_code
        for words in commands
    }
    assert codes == {
        **dict.fromkeys(("outbox status", "admin link", "audit search", "audit verify"), 0),
        "explain INC-000482": 1,  # nobody has reported it
        "outbox drain": 2,  # no system is configured
    }
