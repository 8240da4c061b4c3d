"""`docs/watching.md` tells of the metrics that there are, and its examples are what is written."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from contracts.spans import Phase
from shim.admission.client import METRICS
from shim.http.readiness import ReadyReply
from shim.telemetry.logs import JsonFormatter, record_of
from shim.telemetry.observation import Observation
from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import Standing, standing_in
from tests.unit.shim.telemetry.acts import ended, request

PAGE: Final = (Path(__file__).parents[4] / "docs" / "watching.md").read_text(encoding="utf-8")
ROW: Final = re.compile(r"^\| `(legacy_shim_\w+)` \| (\w+) \| ([\w, ]*)\| ", re.MULTILINE)
TYPE: Final = re.compile(r"^# TYPE (legacy_shim_\w+) (\w+)$", re.MULTILINE)
SAMPLE: Final = re.compile(r"^(legacy_shim_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? \S+$", re.MULTILINE)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Standing]:
    with standing_in(tmp_path) as made:
        yield made


def test_the_table_has_every_metric(app: Standing) -> None:
    """Its name, type and labels, as a scrape shows them after one request and one attempt."""
    app.watch.metrics.note(request())
    app.watch.metrics.note(ended(Observation("delivery", "t", "send", "x", "planon", "log_note", outcome="delivered")))
    text = ask(app.app, "GET", "/metrics", key=app.key(METRICS)).body.decode()
    labels: dict[str, set[str]] = {}
    for name, told in SAMPLE.findall(text):
        if not name.endswith("_created"):
            labels.setdefault(name, set()).update(set(re.findall(r"(\w+)=\"", told)) - {"le"})
    types = {name: kind for name, kind in TYPE.findall(text) if not name.endswith("_created")}
    assert {name: (kind, set(re.findall(r"\w+", told))) for name, kind, told in ROW.findall(PAGE)} == {
        name: (kind, labels[name]) for name, kind in types.items()
    }


def test_the_examples_of_the_log_have_its_members() -> None:
    """In their order."""
    lines = [json.loads(line) for line in re.findall(r'^\{"ts".*\}$', PAGE, re.MULTILINE)]
    assert len(lines) == 2
    told = Observation("request", "4bf92f3577b34da6a3ce929d0e0e4736", "POST", "a", "s", "c", "agent", 200)
    told.phases, told.seconds = {Phase.CONNECT: 0.1, Phase.BACKEND: 0.1}, 1
    sent = Observation("delivery", "0af7651916cd43dd8448eb211c80319c", "send", "a", "s", "c", "agent")
    sent.delivery, sent.attempt, sent.outcome, sent.phases, sent.seconds = "dl", 2, "not sent", {Phase.CONNECT: 0.1}, 1
    assert [list(line) for line in lines] == [written(told), written(sent)]


def written(observation: Observation) -> list[str]:
    return list(json.loads(JsonFormatter().format(record_of(observation))))


def test_the_example_of_readiness_is_one() -> None:
    """As the model has it."""
    (example,) = re.findall(r'^\{"status".*\}$', PAGE, re.MULTILINE)
    assert json.loads(ReadyReply.model_validate_json(example).model_dump_json(exclude_none=True)) == json.loads(example)


def test_links_lead_to_headings_that_there_are() -> None:
    """Of other pages as well."""
    docs = Path(__file__).parents[4] / "docs"
    for page, anchor in re.findall(r"\]\(([\w./-]+\.md)?#([\w-]+)\)", PAGE):
        text = (docs / page).read_text(encoding="utf-8") if page else PAGE
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
