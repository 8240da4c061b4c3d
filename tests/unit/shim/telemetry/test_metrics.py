"""What a scrape tells after known acts; and that nobody who calls can make a series."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.delivery import Delivered
from contracts.errors import StateUnavailable
from outbox import endings
from outbox.claims import Claim
from outbox.endings import Ending
from outbox.hand import Hand
from outbox.sqlite.database import SqliteDatabase
from outbox.stored import LOOKING_SQL as STATEMENTS
from shim.admission.client import METRICS
from shim.holds import SQL as HOLDS
from shim.holds import KeptHolds
from shim.http import readiness
from shim.keys import Blind
from shim.telemetry import state_metrics
from shim.telemetry.metrics import OUTCOMES
from shim.telemetry.observation import Observation
from shim.telemetry.state_metrics import SHARE, StateMetrics
from tests.unit.outbox.stand_ins import accept, accept_all, new_entry, writer
from tests.unit.outbox.test_flat_cost import Steps
from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import SYSTEMS, Standing, standing_in
from tests.unit.shim.telemetry.acts import Stage, ended, request
from tests.unit.shim.telemetry.scrapes import ours, scrape, value
from tests.unit.shim.test_holds import WANTED

STATES = ("ready", "waiting", "in_flight", "unknown", "rejected", "parked")
HOSTILE = ("planon", "intramed", 'x",y="', "999911120", "a\nb 1", "é", "", "x" * 500)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standing]:
    """Each scrape reads anew, however slow the machine is."""
    monkeypatch.setattr(state_metrics, "SHARE", 0)
    with standing_in(tmp_path) as made:
        yield made


@pytest.fixture
def scraper(app: Standing) -> str:
    return app.key(METRICS)


def test_a_request_is_told_by_its_phases(app: Standing, scraper: str) -> None:
    """They add up to the whole, and what is left is the shim's own."""
    for status in (200, 200, 503):
        app.watch.metrics.note(request(status=status))
    found = scrape(app, scraper)
    pair = {"system": "planon", "contract": "find_tenant"}
    for phase, seconds in {"queue": 0.001, "connect": 0.02, "backend": 0.3, "own": 0.004}.items():
        labels = {**pair, "phase": phase}
        assert value(found, "legacy_shim_contract_seconds_count", **labels) == 3
        assert value(found, "legacy_shim_contract_seconds_sum", **labels) == pytest.approx(3 * seconds)
    assert value(found, "legacy_shim_request_seconds_sum", **pair) == pytest.approx(3 * 0.325)
    assert value(found, "legacy_shim_request_seconds_bucket", **pair, le="0.25") == 0
    assert value(found, "legacy_shim_request_seconds_bucket", **pair, le="0.5") == 3
    assert value(found, "legacy_shim_requests_total", **pair, status="200") == 2
    assert value(found, "legacy_shim_requests_total", **pair, status="503") == 1


def test_an_attempt_is_told_by_what_came_of_it(app: Standing, scraper: str) -> None:
    """Apart from the requests: nobody waited for it."""
    pair: dict[str, Any] = {"system": "planon", "contract": "create_incident"}
    for outcome in ("delivered", "not sent", "absent, not settled"):
        app.watch.metrics.note(ended(Observation("delivery", "t", "send", "x", **pair, outcome=outcome)))
    found = scrape(app, scraper)
    for outcome in ("delivered", "not_sent", "absent_not_settled"):
        assert value(found, "legacy_shim_deliveries_total", **pair, outcome=outcome) == 1
    assert value(found, "legacy_shim_delivery_seconds_count", **pair) == 3
    assert value(found, "legacy_shim_delivery_phase_seconds_sum", **pair, phase="backend") == pytest.approx(0.9)
    assert value(found, "legacy_shim_requests_total", **pair, status="200") == 0


def test_every_word_of_an_attempt_is_known() -> None:
    """What `outbox.endings` calls an outcome is a label; parked and rejected are states."""
    text = Path(endings.__file__).read_text(encoding="utf-8")
    words = set(re.findall(r'SQL\["to_\w+"\],\s+"([a-z, ]+)"', text)) | set(re.findall(r'outcome = "([^"]+)"', text))
    words |= set(re.findall(r'else "([a-z ]+)"', text))
    assert {"delivered", "not answered", "not found", "sent again"} <= words <= OUTCOMES


def test_what_is_served_is_counted(app: Standing, scraper: str) -> None:
    """Through the whole application, its refusals and defects included."""
    agent = app.key("planon:find_tenant")
    for _ in range(2):
        ask(app.app, "POST", "/v1/planon/find_tenant", key=agent, body=b"{")
    ask(app.app, "POST", "/v1/planon/find_tenant")
    ask(app.app, "GET", "/healthz")
    found = scrape(app, scraper)
    pair = {"system": "planon", "contract": "find_tenant"}
    assert value(found, "legacy_shim_requests_total", **pair, status="400") == 2
    assert value(found, "legacy_shim_requests_total", **pair, status="401") == 1
    assert value(found, "legacy_shim_requests_total", system="shim", contract="healthz", status="200") == 1
    assert value(found, "legacy_shim_contract_seconds_count", **pair, phase="own") == 3


def test_nobody_who_calls_makes_a_series(app: Standing, scraper: str) -> None:
    """Whatever the path, method, system, contract, status and outcome: at most one more of each family, `other`."""
    agent = app.key("planon:find_tenant")
    for number in range(60):
        name = HOSTILE[number % len(HOSTILE)]
        ask(app.app, f"M{number}" if number % 2 else "POST", f"/v1/planon{number}/find_tenant", key=agent)
        ask(app.app, "POST", f"/v1/planon/{name}".replace("\n", "").replace('"', ""), key=agent)
        ask(app.app, "GET", f"/{number}?{number}={number}")
        if number == 1:
            app.watch.metrics.note(request(system="no such"))
            app.watch.metrics.note(Observation("delivery", "t", "send", "x", system="no such"))
            scrape(app, scraper)
            before = ours(scrape(app, scraper))
    for number in range(1000):
        name = HOSTILE[number % len(HOSTILE)]
        for kind in ("request", "delivery"):
            hostile = Observation(
                "request" if kind == "request" else "delivery", name, f"{name}{number}", f"{name}{number}"
            )
            hostile.system, hostile.contract = f"{name}{number}", f"{number}{name}"
            hostile.status, hostile.outcome = 1000 + number, f"{name}{number}"
            app.watch.metrics.note(hostile)
            app.watch.reach.note(hostile)
    new = ours(scrape(app, scraper)) - before
    assert {frozenset(labels) for _, labels in new} <= {
        frozenset({("system", "shim"), ("contract", "other"), ("status", "other")}),
        frozenset({("system", "shim"), ("contract", "unmatched"), ("status", "405")}),
    }
    assert len(before) < 600
    assert "999911120" not in str(before | new)


@pytest.fixture
def stage(state: SqliteDatabase) -> Stage:
    return Stage(state)


def test_an_empty_state_is_told_as_noughts(stage: Stage) -> None:
    """A series that is not there yet is one that no rule can watch."""
    found = stage.scrape()
    for destination in SYSTEMS:
        for state in STATES:
            assert value(found, "legacy_shim_outbox_entries", destination=destination, state=state) == 0
        for name in ("outbox_oldest_age_seconds", "outbox_breaker_open", "outbox_paused"):
            assert value(found, f"legacy_shim_{name}", destination=destination) == 0
        for kind in ("opened", "closed"):
            assert value(found, "legacy_shim_outbox_alerts_total", destination=destination, kind=kind) == 0
    assert value(found, "legacy_shim_outbox_attention", destination="planon", code="sla_missing") == 0
    assert value(found, "legacy_shim_guard_findings_total", system="planon", contract="log_note", kind="bsn") == 0
    assert value(found, "legacy_shim_holds", system="intramed") == 0
    assert (value(found, "legacy_shim_state_up"), value(found, "legacy_shim_state_writable")) == (1, 1)
    assert value(found, "legacy_shim_requests_total", system="planon", contract="log_note", status="500") == 0


def test_what_waits_is_told(stage: Stage) -> None:
    """By state, and how long ago the oldest report was made; of what was delivered only what needs a look."""
    outbox = stage.outbox
    accept_all(outbox, [new_entry(str(number)) for number in range(5)])
    accept(outbox, "6", destination="intramed")
    endings_of: list[Callable[[Claim], Ending]] = [
        lambda claim: outbox.endings.parked(claim, "a person must look"),
        lambda claim: outbox.endings.rejected(claim, "no"),
        lambda claim: outbox.endings.delivered(claim, Delivered("INC-1", attention="sla_missing"), "answered"),
        lambda claim: outbox.endings.unknown(claim, "reset", 60),
    ]
    for ending in endings_of:
        claim = outbox.claim("planon", "a", "send")
        assert claim is not None
        outbox.write(ending(claim))
    found = stage.scrape()
    states = {state: value(found, "legacy_shim_outbox_entries", destination="planon", state=state) for state in STATES}
    assert states == {"ready": 1, "waiting": 0, "in_flight": 0, "unknown": 1, "rejected": 1, "parked": 1}
    assert value(found, "legacy_shim_outbox_entries", destination="intramed", state="ready") == 1
    assert value(found, "legacy_shim_outbox_oldest_age_seconds", destination="planon") == 57
    assert value(found, "legacy_shim_outbox_attention", destination="planon", code="sla_missing") == 1
    stage.clock.forward(100)
    assert value(stage.scrape(), "legacy_shim_outbox_oldest_age_seconds", destination="planon") == 157
    stage.clock.step(-3600)
    assert value(stage.scrape(), "legacy_shim_outbox_oldest_age_seconds", destination="planon") == 0


def test_what_is_held_or_out_of_reach_is_told(stage: Stage) -> None:
    """By whoever holds it: breaker, administrator, and what differs."""
    outbox = stage.outbox
    accept_all(outbox, [new_entry(str(number)) for number in range(3)])
    for _ in range(3):
        claim = outbox.claim("planon", "a", "send")
        assert claim is not None
        outbox.write(outbox.endings.not_sent(claim, "refused", 60))
    Hand(stage.state, stage.clock).pause("intramed", "for maintenance")
    stage.read_only_systems = {"planon": "wsdl has changed"}
    stage.writable = False
    stage.bulkheads.asking["planon"].refused = 7
    stage.bulkheads.asking["planon"].under_way = 3
    stage.leaks.count("intramed", "log_note", {"bsn": 2})
    found = stage.scrape()
    for name, told in {"outbox_breaker_open": (1, 0), "outbox_paused": (0, 1)}.items():
        values = [value(found, f"legacy_shim_{name}", destination=each) for each in ("planon", "intramed")]
        assert (name, *values) == (name, *told)
    assert value(found, "legacy_shim_outbox_alerts_total", destination="planon", kind="opened") == 1
    assert value(found, "legacy_shim_system_read_only", system="planon") == 1
    assert value(found, "legacy_shim_system_read_only", system="intramed") == 0
    assert value(found, "legacy_shim_state_writable") == 0
    assert value(found, "legacy_shim_calls_refused_total", bulkhead="planon") == 7
    assert value(found, "legacy_shim_calls_under_way", bulkhead="planon") == 3
    assert value(found, "legacy_shim_calls_waiting", bulkhead="intramed") == 0
    assert value(found, "legacy_shim_guard_findings_total", system="intramed", contract="log_note", kind="bsn") == 2


def test_live_holds_are_told(stage: Stage) -> None:
    """Not those that have run out."""
    holds = KeptHolds(stage.state, Blind(bytes(32)), "intramed")
    assert holds.hold(WANTED, 600) is not None
    assert value(stage.scrape(), "legacy_shim_holds", system="intramed") == 1
    stage.state.write(lambda tx: tx.execute("UPDATE hold SET expires_at = expires_at - 700000"))
    assert value(stage.scrape(), "legacy_shim_holds", system="intramed") == 0
    (plan,) = stage.state.read(f"EXPLAIN QUERY PLAN {HOLDS['count_live_holds'].sqlite}")[:1]
    assert "USING" in plan["detail"]


def test_an_adapter_s_words_are_bounded(stage: Stage) -> None:
    """A code that is no fixed word, and one too many, is another one."""
    with stage.state.transaction() as tx:
        for number in range(60):
            outbox_entry(
                tx, number, f"code_{chr(97 + number // 26)}{chr(97 + number % 26)}" if number % 2 else f"at {number}"
            )
    found = stage.scrape()
    codes = {
        dict(labels)["code"]: told for (name, labels), told in found.items() if name == "legacy_shim_outbox_attention"
    }
    assert len(codes) <= 21
    assert (sum(codes.values()), codes["other"] > 30) == (60, True)


def outbox_entry(tx: Any, number: int, attention: str) -> None:
    tx.execute(
        "INSERT INTO entry (id, destination, contract, kind, client, reference, order_key, position, state,"
        " reported_at, reported_offset_s, accepted_at, next_attempt_at, backend_id, attention)"
        " VALUES (:id, 'planon', 'c', 'k', 'a', :id, :id, 1, 'delivered', 1, 0, 1, 1, 'INC', :attention)",
        {"id": f"dl_{number}", "attention": attention},
    )


class Unreadable:
    """A state that is gone."""

    def read(self, *_: object, **__: object) -> Any:
        raise StateUnavailable("the disk is gone")


def test_without_the_state_a_process_still_tells_of_itself(stage: Stage) -> None:
    """Whoever watches learns which of the two it is."""
    stage.watch.metrics.note(request())
    stage.writable = False
    found = stage.scrape(Unreadable())
    assert (value(found, "legacy_shim_state_up"), value(found, "legacy_shim_state_writable")) == (0, 0)
    pair = {"system": "planon", "contract": "find_tenant"}
    assert value(found, "legacy_shim_requests_total", **pair, status="200") == 1
    assert value(found, "legacy_shim_system_read_only", system="planon") == 0
    assert not [name for name, _ in found if name.startswith("legacy_shim_outbox")]
    assert value(found, "process_start_time_seconds") > 0


def test_who_has_scraped_before_scrapes_without_the_state(
    app: Standing, scraper: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else, and nothing else: the state cannot say whose key it is."""
    other, agent = app.key(METRICS), app.key("planon:find_tenant")
    assert ask(app.app, "GET", "/metrics", key=agent).status == 403
    assert ask(app.app, "POST", "/v1/planon/find_tenant", key=agent, body=b"{").status == 400
    scrape(app, scraper)

    def gone(*_: object, **__: object) -> Any:
        raise StateUnavailable("the disk is gone")

    for name in ("read", "write", "transaction"):
        monkeypatch.setattr(app.database, name, gone)
    monkeypatch.setattr(app.database, "read_now", lambda *_, **__: None)
    monkeypatch.setattr(readiness, "BELIEVED_S", 0.0)
    found = scrape(app, scraper)
    assert (value(found, "legacy_shim_state_up"), value(found, "legacy_shim_state_writable")) == (0, 0)
    assert ask(app.app, "GET", "/metrics", key=other).status == 503
    assert ask(app.app, "GET", "/metrics", key=agent).status == 503
    assert ask(app.app, "POST", "/v1/planon/find_tenant", key=agent, body=b"{").status == 503
    assert ask(app.app, "GET", "/v1/deliveries", key=scraper).status == 503


def test_an_expensive_scrape_is_believed_for_a_while(stage: Stage) -> None:
    """Reading takes at most a twentieth of the time, however large the outbox is and however often somebody scrapes."""
    now, reads, cost = 0.0, 0, 0.5

    class Slow:
        def read(self, *arguments: Any, **values: Any) -> Any:
            nonlocal now, reads
            now, reads = now + cost, reads + 1
            return stage.state.read(*arguments, **values)

    metrics = StateMetrics(Slow(), SYSTEMS, stage.clock, lambda: now)  # type: ignore[arg-type]  # it only reads
    list(metrics.collect())
    once, took = reads, now
    for _ in range(int(took * SHARE) - 1):
        now += 1
        list(metrics.collect())
    assert reads == once
    now += 2
    list(metrics.collect())
    assert reads == 2 * once


def test_what_was_delivered_costs_a_scrape_nothing(stage: Stage) -> None:
    """Counted in what SQLite executes: the same with a thousand entries that have left."""
    steps = Steps()

    def cost() -> int:
        before = steps.count
        reader = stage.state
        connection = writer(reader)
        connection.set_progress_handler(steps, 1)
        with reader.transaction() as tx:
            for name in ("summarise_open", "count_attention", "list_destinations"):
                tx.execute(STATEMENTS[name]).fetchall()
        connection.set_progress_handler(None, 0)
        return steps.count - before

    accept(stage.outbox, "one")
    alone = cost()
    accept_all(stage.outbox, [new_entry(f"history {number}") for number in range(1000)])
    with stage.state.transaction() as tx:
        tx.execute("UPDATE entry SET state = 'delivered', backend_id = 'x' WHERE id <> 'dl_' || PRINTF('%032s', 'one')")
    assert cost() <= alone + 50
