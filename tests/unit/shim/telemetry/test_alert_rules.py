"""The alert rules ask for what there is, fire when it is so, are silent when all is well, and say what to do."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import promql_parser as promql
import pytest
import yaml

from contracts.delivery import Delivered
from outbox.claims import Claim
from outbox.endings import Ending
from outbox.hand import Hand
from outbox.sqlite.database import SqliteDatabase
from shim.admission.client import METRICS
from shim.telemetry.observation import Observation
from tests.unit.outbox.stand_ins import accept, accept_all, new_entry
from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import standing_in
from tests.unit.shim.telemetry.acts import Stage, ended, request
from tests.unit.shim.telemetry.promql import TARGET, Evaluation, groupings, selectors
from tests.unit.shim.telemetry.scrapes import Scrape, scrape

ROOT: Final = Path(__file__).parents[4]
RULES: Final = ROOT / "deploy" / "alerts" / "legacy-shim.rules.yml"
APART_S: Final = 900.0
UP: Final = ("up", frozenset[tuple[str, str]]())
"""Prometheus' own: whether the last scrape went well."""


def rules() -> dict[str, dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


NAMES: Final = sorted(rules())


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scrape]:
    """What a running application tells."""
    with standing_in(tmp_path_factory.mktemp("exposed")) as app:
        ask(app.app, "POST", "/v1/planon/find_tenant", key=app.key("planon:find_tenant"), body=b"{")
        yield {**scrape(app, app.key(METRICS)), UP: 1.0}


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_asks_for_what_is_exposed(exposed: Scrape, name: str) -> None:
    """Every metric, every label by which it chooses or groups, and every word that it compares with."""
    expression = promql.parse(rules()[name]["expr"])
    known = {
        metric: {label for each, labels in exposed if each == metric for label, _ in labels} for metric, _ in exposed
    }
    for selector in selectors(expression):
        assert selector.name in known
        for matcher in selector.matchers.matchers:
            assert matcher.name in known[selector.name] | TARGET.keys()
            values = {dict(labels).get(matcher.name) for each, labels in exposed if each == selector.name}
            if matcher.op == promql.MatchOp.Equal and matcher.name not in TARGET:
                assert matcher.value in values
            if matcher.op == promql.MatchOp.Re and matcher.value != "5..":
                assert set(matcher.value.split("|")) <= values
    for labels, of in groupings(expression):
        for selector in of:
            assert labels <= known[selector.name] | TARGET.keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_tells_how_grave_it_is_and_what_to_do(name: str) -> None:
    """The runbook is a heading of a page that there is."""
    rule = rules()[name]
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
    assert rule["annotations"]["summary"]
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@dataclass
class Case:
    """What happens between two scrapes, and which alerts tell of it."""

    happens: Callable[[Stage], None]
    alerts: set[str]


def ending(make: Callable[[Stage, Claim], Ending]) -> Callable[[Stage], None]:
    def happens(stage: Stage) -> None:
        accept(stage.outbox)
        stage.watch.metrics.note(ended(Observation("delivery", "t", "send", "x", **INCIDENT, outcome="delivered")))
        claim = stage.outbox.claim("planon", "a", "send")
        assert claim is not None
        stage.outbox.write(make(stage, claim))

    return happens


INCIDENT: Final[dict[str, Any]] = {"system": "planon", "contract": "create_incident"}


def late(seconds: float) -> Callable[[Stage], None]:
    def happens(stage: Stage) -> None:
        stage.clock.forward(seconds)
        stage.watch.metrics.note(Observation("delivery", "t", "send", "x", **INCIDENT, outcome="delivered"))
        accept(stage.outbox, "late")

    return happens


def more_waits(stage: Stage) -> None:
    accept_all(stage.outbox, [new_entry(str(number)) for number in range(3)])


def delivered_too(stage: Stage) -> None:
    more_waits(stage)
    stage.watch.metrics.note(Observation("delivery", "t", "send", "x", **INCIDENT, outcome="delivered"))


def paused(stage: Stage) -> None:
    more_waits(stage)
    Hand(stage.state, stage.clock).pause("planon", "for maintenance")


def outage(stage: Stage) -> None:
    more_waits(stage)
    for _ in range(3):
        claim = stage.outbox.claim("planon", "a", "send")
        assert claim is not None
        stage.outbox.write(stage.outbox.endings.not_sent(claim, "refused", 60))


def answered(status: int, times: int, own_s: float = 0.0) -> Callable[[Stage], None]:
    def happens(stage: Stage) -> None:
        for _ in range(times):
            observation = request(status=status)
            observation.seconds += own_s
            stage.watch.metrics.note(observation)

    return happens


def read_only(stage: Stage) -> None:
    stage.read_only_systems["planon"] = "wsdl has changed"


def leak(stage: Stage) -> None:
    stage.leaks.count("intramed", "log_note", {"bsn": 1})


def refused(stage: Stage) -> None:
    stage.bulkheads.asking["planon"].refused += 5


def not_writable(stage: Stage) -> None:
    stage.writable = False


def nothing(_stage: Stage) -> None:
    """All is well."""


STUCK: Final = {"LegacyShimSomebodyMustAct"}
CASES: Final = {
    "nothing happens": Case(nothing, set()),
    "requests are answered": Case(answered(200, 50), set()),
    "more waits and is delivered": Case(delivered_too, set()),
    "a report is young": Case(late(1700), set()),
    "not writable": Case(not_writable, {"LegacyShimStateUnavailable"}),
    "a report is late": Case(late(3600), {"LegacyShimReportsAreLate"}),
    "a report is very late": Case(late(7300), {"LegacyShimReportsAreLate", "LegacyShimReportsAreVeryLate"}),
    "more waits": Case(more_waits, {"LegacyShimNothingLeaves"}),
    "paused": Case(paused, {"LegacyShimPaused"}),
    "outage": Case(outage, {"LegacyShimOutOfReach", "LegacyShimNothingLeaves"}),
    "parked": Case(ending(lambda stage, claim: stage.outbox.endings.parked(claim, "look")), STUCK),
    "rejected": Case(ending(lambda stage, claim: stage.outbox.endings.rejected(claim, "no")), STUCK),
    "unknown": Case(
        ending(lambda stage, claim: stage.outbox.endings.unknown(claim, "reset", 60)), {"LegacyShimOutcomeUnknown"}
    ),
    **{
        code: Case(
            ending(
                lambda stage, claim, code=code: stage.outbox.endings.delivered(  # type: ignore[misc]
                    claim, Delivered("INC-1", attention=code), "answered"
                )
            ),
            {alert},
        )
        for code, alert in (
            ("sla_missing", "LegacyShimSlaMissing"),
            ("record_differs", "LegacyShimRecordNeedsALook"),
        )
    },
    "read-only": Case(read_only, {"LegacyShimReadOnly"}),
    "a leak": Case(leak, {"LegacyShimLeak"}),
    "one defect": Case(lambda stage: [answered(500, 1)(stage), answered(200, 9)(stage)][-1], {"LegacyShimDefect"}),
    "many fail": Case(answered(503, 10), {"LegacyShimRequestsFail"}),
    "slow": Case(answered(200, 10, own_s=0.5), {"LegacyShimSlow"}),
    "a slow one of a thousand": Case(lambda stage: [answered(200, 999)(stage), answered(200, 1, 5)(stage)][-1], set()),
    "overloaded": Case(refused, {"LegacyShimOverloaded"}),
}
OUTSIDE: Final = {"LegacyShimDown", "LegacyShimAbsent"}
"""What no instance can tell of itself."""


@pytest.fixture
def stage(state: SqliteDatabase) -> Stage:
    made = Stage(state)
    made.watch.metrics.note(request())
    return made


def fired(before: Scrape, after: Scrape) -> set[str]:
    """Return the alerts whose condition holds; each must be able to say where."""
    evaluation = Evaluation(before, after, APART_S)
    found = set()
    for name, rule in rules().items():
        for labels in evaluation.of(promql.parse(rule["expr"])):
            found.add(name)
            assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= dict(labels).keys()
    return found


@pytest.mark.parametrize("name", CASES)
def test_an_alert_tells_of_what_has_happened_and_of_nothing_else(stage: Stage, name: str) -> None:
    """On two scrapes, a quarter of an hour apart by what the rules think."""
    before = {**stage.scrape(), UP: 1.0}
    CASES[name].happens(stage)
    after = {**stage.scrape(), UP: 1.0}
    assert fired(before, after) == CASES[name].alerts


def test_what_is_gone_is_told(stage: Stage) -> None:
    """By Prometheus' own word, and by silence."""
    told = stage.scrape()
    assert fired(told, {**told, UP: 0.0}) == {"LegacyShimDown"}
    assert fired({}, {}) == {"LegacyShimAbsent"}


def test_every_alert_has_been_seen() -> None:
    """A rule that no case lets fire could be one that never does."""
    assert set().union(*(case.alerts for case in CASES.values())) | OUTSIDE == set(NAMES)
