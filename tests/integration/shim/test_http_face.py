"""What an agent developer meets: examples that work, pages that explain, a first ten minutes that run as written."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts import examples
from contracts.catalogue import CATALOGUE, Contract, DeskKind
from contracts.examples import Example
from shim.http.problem_types import TYPES
from tests.integration.shim.site import Site, demo_site
from tests.reliability.http_tokens import issued

ROOT = Path(__file__).parents[3]
SYSTEMS = {DeskKind.FACILITY: "planon", DeskKind.PRACTICE: "intramed"}
SENT = [(row, example) for row in CATALOGUE for example in examples.OF[row.operation].requests]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo's practice, whose people the examples name, whatever snapshot the other tests stand on."""
    with demo_site(tmp_path_factory.mktemp("face")) as running:
        yield running


@pytest.mark.parametrize(("contract", "example"), SENT, ids=[f"{row.operation}-{shown.name}" for row, shown in SENT])
def test_an_example_is_accepted(demo: Site, contract: Contract, example: Example) -> None:
    """With tokens of this client and times of today in place of what is invented, each does what it says."""
    real = issued(demo.address, demo.keys["agent"])
    # One appointment and one hold serve one example each: they were made for it.
    body = {name: _real(value, real) for name, value in example.value.items()}
    answer = demo.post(f"/v1/{SYSTEMS[contract.desk]}/{contract.name}", body)
    assert answer.ok, answer.text
    told = answer.json()
    outcomes = {"by-telephone": "certain", "shared-number": "confirm", "with-first-name": "certain"}
    if "match" in told and example.name in outcomes:
        assert told["match"] == outcomes[example.name]
    contract.reply.model_validate(told)


def _real(value: Any, real: dict[str, str]) -> Any:
    if isinstance(value, str):
        for invented, issued_ in real.items():
            value = value.replace(invented, issued_)
    return value


def test_a_problem_leads_to_its_page(demo: Site) -> None:
    """Whatever refuses: the gate, the model, a desk, and an answer that was stored with its key."""
    key = {"Idempotency-Key": "face-1"}
    slot = {"slot": "SL_none", "patient": "PT_none"}
    refused = [
        demo.post("/v1/planon/find_tenant", {}, client=None),
        demo.post("/v1/planon/find_tenant", {}),
        demo.post("/v1/intramed/hold_slot", slot, **key),
        demo.post("/v1/intramed/hold_slot", slot, **key),
        demo.get("/v1/nowhere"),
        demo.get("/v1/planon/find_tenant"),
    ]
    assert [answer.status_code for answer in refused] == [401, 400, 404, 404, 404, 405]
    for answer in refused:
        slug = answer.json()["type"].rpartition(":")[2]
        assert answer.headers["Link"] == f'</problems/{slug}>; rel="help"'
        assert demo.get(f"/problems/{slug}", client=None).status_code == 200


def test_the_pages_of_problems_need_no_key(demo: Site) -> None:
    """All of them; what is none is not found."""
    assert all(kind.slug in demo.get("/problems", client=None).text for kind in TYPES)
    assert demo.get("/problems/none", client=None).status_code == 404


def test_the_documentation_runs_its_own_scripts_only(demo: Site) -> None:
    """A policy for the browser, and a title."""
    page = requests.get(f"{demo.address}/docs", timeout=60)
    assert "<title>legacy-shim: API documentation</title>" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' 'sha256-" in policy


def test_the_first_ten_minutes_run_as_written(demo: Site, tmp_path: Path) -> None:
    """The commands of docs/agents.md, one after the other in one shell."""
    text = (ROOT / "docs" / "agents.md").read_text("utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 8
    key = demo.keys["agent"]
    blocks[1] = blocks[1].replace("http://127.0.0.1:8080", demo.address).replace("ls_…", key)
    marked = "\n".join(f"echo '--- {number}'\n{block}\necho" for number, block in enumerate(blocks))
    shell = f'shim() {{ "{sys.executable}" -m shim --config "{demo.folder}/shim.toml" "$@"; }}\nset -e\n{marked}'
    ran = subprocess.run(
        ["bash", "-c", shell],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = re.split(r"^--- \d$", ran.stdout, flags=re.MULTILINE)[1:]
    assert "ls_" in told[0]
    assert '"match":"certain"' in told[2]
    assert '"more":false' in told[3]
    assert "HTTP/1.1 201" in told[4]
    (incident,) = re.findall(r'"incident":"([^"]+)"', told[4])
    assert f'"incident":"{incident}"' in told[5]
    assert f'"incident":"{incident}"' in told[6]
    assert 'link: </problems/malformed-request>; rel="help"' in told[7]
    assert "<h1>The request is malformed</h1>" in told[7]
