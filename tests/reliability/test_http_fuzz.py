"""Every answer of the running service is as its OpenAPI document says, whatever is asked of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.shim.site import Site, demo_site

ROOT = Path(__file__).parents[2]
FIGURES = ("requests", "seconds", "failed", "in_words", "statuses", "errors")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo's practice, whose people the examples name, whatever snapshot the other tests stand on."""
    with demo_site(tmp_path_factory.mktemp("fuzzed")) as running:
        yield running


def fuzzed(site: Site, *options: str, timeout_s: float) -> dict[str, Any]:
    """Run a campaign in a process of its own, and return what it has seen."""
    environment = {**os.environ, "SHIM_KEY": site.keys["agent"]}
    command = [sys.executable, "-m", "tests.reliability.http_fuzz", site.address, *options]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=timeout_s
    )
    assert ran.stdout, ran.stderr
    seen: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return seen


@pytest.mark.torture
def test_every_answer_is_as_the_document_says(
    site: Site, full_length: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """All checks, every operation; each effect succeeds, and no 5xx comes but a declared 503."""
    long, short = ("--requests", "20000"), ("--requests", "400", "--examples", "1")
    seen = fuzzed(site, *(long if full_length else short), timeout_s=14_000 if full_length else 250)
    with capsys.disabled():
        print(json.dumps({name: seen[name] for name in FIGURES}))  # noqa: T201 - a campaign's figures
    assert not seen["errors"], seen["errors"]
    assert not seen["failures"], json.dumps(seen["failures"], indent=1)
    assert {"200", "201", "400", "401", "404"} <= seen["statuses"].keys()
    assert not {"none", "500", "502", "504"} & seen["statuses"].keys()
    assert seen["requests"] >= (20_000 if full_length else 100)
