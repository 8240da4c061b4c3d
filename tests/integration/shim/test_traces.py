"""Traces through to SOAP and SQL: one for a request and its delivery, and nothing in them that is about a person."""

import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from contracts.spans import Phase
from shim.demo import planon_section, write_configuration
from shim.explanation import explanation
from shim.telemetry.observation import Observation
from shim.telemetry.watch import Watch
from simulators.intramed.names import BSN
from simulators.intramed.sandbox import copy_sandbox
from simulators.launch import PlanonAddress
from simulators.planon.simulator import DEFAULT_ACCOUNT, PlanonSimulator
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, minutes_ago, until
from tests.integration.shim.traced import (
    CALLER,
    TRACE,
    Traced,
    everything_in,
    overhearing,
    paths,
    tracing_shim,
    tree,
)
from tests.practice_cast import Cast

TELEPHONE = "06-12345678"
DELAY_S = 0.5
WORDS = "kraan in keuken lekt bij mevrouw Zwaluwstaart"


@pytest.fixture
def planon(tmp_path: Path) -> Iterator[PlanonSimulator]:
    with PlanonSimulator(tmp_path / "replica.db") as simulator:
        yield simulator


@pytest.fixture
def configuration(tmp_path: Path, planon: PlanonSimulator) -> Path:
    address = PlanonAddress(planon.url, tmp_path / "replica.db")
    return write_configuration(tmp_path, {"planon": planon_section(address, **FAST_PLANON)}, outbox=FAST_OUTBOX)


@pytest.fixture
def of_practice(tmp_path: Path, restored: Path) -> Path:
    practice = copy_sandbox(restored, tmp_path / "practice.fdb")
    return write_configuration(tmp_path, {"intramed": {"adapter": "intramed", "database": str(practice)}})


def report(site: Traced, key: str, wait: int) -> tuple[str, dict[str, str]]:
    """Report an incident; return the tenant's token and the answer."""
    found = site.post("/v1/planon/find_tenant", {"telephone": TELEPHONE}).json()
    assert found.get("match") == "certain", found
    site.exporter.clear()
    body = {
        "tenant": found["tenant"],
        "severity": "high",
        "summary": "Kraan in keuken lekt",
        "message": WORDS,
        "reported_at": minutes_ago(30),
    }
    headers = {"traceparent": CALLER, "idempotency_key": key, "prefer": f"wait={wait}"}
    answer = site.post("/v1/planon/create_incident", body, **headers)
    assert answer.status == (201 if wait else 202), answer.body
    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
    return found["tenant"], answer.json()


def show(spans: Sequence[ReadableSpan]) -> None:
    """Print the tree; `pytest -rP` shows it."""
    sys.stdout.write("\n".join(["", *tree(spans), ""]))


def about(replica: Path, tenant: str) -> list[str]:
    """Return all that the replica holds of a tenant, but for numbers and words of one or two letters."""
    with closing(sqlite3.connect(replica)) as connection:
        cursor = connection.execute("select * from tenant where tenant_id = ?", (tenant,))
        (row,) = cursor.fetchall()
    found = [value for value in row if isinstance(value, str) and len(value) > 2]
    assert tenant in found
    return found


def assert_nothing_of(spans: Sequence[ReadableSpan], secrets: Sequence[str]) -> None:
    texts = everything_in(spans)
    for secret in secrets:
        assert len(secret) > 2
        found = re.compile(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", re.IGNORECASE)
        assert [text for text in texts if found.search(text)] == [], secret


def test_one_trace_of_a_report_through_to_the_read_back(configuration: Path) -> None:
    """HTTP, composition, outbox, SOAP and read-back under the caller's trace; the backend is told of it as well."""
    key = f"key-{uuid4()}"
    with overhearing() as heard, tracing_shim(configuration) as site:
        tenant, answer = report(site, key, wait=20)
        site.named("outbox_send", "facility_create_incident")
        requests = list(heard.requests)
        entry = site.shim.state.outbox.get(answer["delivery"])
        assert entry is not None
        payload = site.shim.state.outbox.payload(entry)
        held = about(configuration.parent / "replica.db", payload.particulars.subject)
        told = explanation(site.shim.state.outbox, entry).as_json()
    spans = site.spans
    show(spans)
    assert {f"{span.context.trace_id:032x}" for span in spans} == {TRACE} == {told["trace"]}
    top = "facility_create_incident"
    send = f"{top} / outbox_send"
    assert {
        top,
        f"{top} / authenticate",
        f"{top} / compose / read / connect",
        f"{top} / compose / read / execute / tenant",
        f"{top} / compose / dry run",
        f"{top} / store",
        f"{top} / wait",
        send,
        f"{send} / AppSuite.incident / connect",
        f"{send} / AppSuite.incident / exchange",
        f"{send} / read-back / session / PlanonSession.login",
        f"{send} / read-back / Incident.find / exchange",
        f"{send} / read-back / Incident.read / exchange",
        f"{send} / write",
    } <= paths(spans)
    by_name = {span.name: span for span in spans}
    root, sent = by_name[top], by_name["outbox_send"]
    assert root.parent is not None
    assert (f"{root.parent.span_id:016x}", root.kind, sent.kind) == (CALLER[36:52], SpanKind.SERVER, SpanKind.CONSUMER)
    assert dict(root.attributes or {}) == {
        "shim.system": "planon",
        "shim.contract": "create_incident",
        "http.request.method": "POST",
        "http.response.status_code": 201,
        "shim.delivery": answer["delivery"],
    }
    assert dict(sent.attributes or {}) == {
        "shim.system": "planon",
        "shim.contract": "create_incident",
        "shim.delivery": answer["delivery"],
        "shim.attempt": 1,
        "shim.outcome": "delivered",
    }
    posted = dict(by_name["AppSuite.incident"].attributes or {})
    assert posted["rpc.system"] == "xml"
    assert (posted["rpc.method"], posted["http.response.status_code"]) == ("AppSuite.incident", 200)
    assert posted["server.address"] == "127.0.0.1"
    (request,) = [one for one in requests if one.path == "/appsuite/incident"]
    assert request.body == payload.body
    assert request.traceparent == f"00-{TRACE}-{by_name['AppSuite.incident'].context.span_id:016x}-01"
    asked = [one.traceparent or "" for one in requests if one.path.startswith("/soap/")]
    assert [one[3:35] for one in asked] == [TRACE] * len(asked)
    assert len(asked) >= 3
    secrets = [TELEPHONE, "0612345678", "612345678", key, tenant, site.key, answer["incident"], entry.reference]
    words = [DEFAULT_ACCOUNT.password, "Zwaluwstaart", "keuken", "lekt"]
    assert_nothing_of(spans, [*secrets, *words, *held])


def test_one_trace_of_finding_a_patient(of_practice: Path, cast: Cast) -> None:
    """HTTP and the statement in the database, with its time and rows; nothing of whoever was found."""
    person = cast.alone
    with tracing_shim(of_practice) as site:
        answer = site.post("/v1/intramed/find_patient", {"telephone": person.typed[0]}, traceparent=CALLER).json()
        (row,) = [one for one in site.spans if one.name == "find_patient"]
    spans = site.spans
    show(spans)
    assert answer["match"] == "certain"
    assert {f"{span.context.trace_id:032x}" for span in spans} == {TRACE}
    top = "practice_find_patient"
    assert {f"{top} / authenticate", f"{top} / read / connect", f"{top} / read / execute / find_patient"} <= paths(
        spans
    )
    assert (row.attributes or {})["db.operation.name"] == "find_patient"
    assert (row.attributes or {})["db.response.returned_rows"] >= 1  # type: ignore[operator]
    (read,) = [one for one in spans if one.name == "read"]
    assert (read.kind, (read.attributes or {})["db.system.name"]) == (SpanKind.CLIENT, "firebirdsql")
    assert person.born is not None
    known = [person.number, person.first_name, person.family_name, person.name, person.born.isoformat()]
    sent = [*person.typed, *person.numbers, *(number.removeprefix("+31") for number in person.numbers)]
    assert_nothing_of(spans, [*filter(None, known), *sent, answer["patient"], site.key, BSN, "SYSDBA", "masterkey"])


def test_a_trace_goes_on_in_another_process(configuration: Path, planon: PlanonSimulator) -> None:
    """What was accepted while Planon was down is delivered by a later worker, under the request's trace."""
    with tracing_shim(configuration) as first:
        _, answer = report_while_down(first, planon)
        accepted = first.named("facility_create_incident", "outbox_send")
    (request,) = [span for span in accepted if span.name == "facility_create_incident"]
    failed = [span for span in first.spans if span.name == "AppSuite.incident"]
    assert {span.status.description for span in failed} == {"NotConnected"}
    planon.apply({"down": False})
    with tracing_shim(configuration, first.key) as second:
        outbox = second.shim.state.outbox
        until(lambda: outbox.get(answer["delivery"]), lambda entry: entry is not None and entry.state == "delivered")
        until(lambda: delivered(second), bool)
    (sent,) = delivered(second)
    assert sent.parent is not None
    assert (f"{sent.context.trace_id:032x}", sent.parent.span_id) == (TRACE, request.context.span_id)


def report_while_down(site: Traced, planon: PlanonSimulator) -> tuple[str, dict[str, str]]:
    planon.apply({"down": True})
    return report(site, f"key-{uuid4()}", wait=0)


def delivered(site: Traced) -> list[ReadableSpan]:
    return [span for span in site.spans if (span.attributes or {}).get("shim.outcome") == "delivered"]


def test_what_the_caller_does_not_keep_is_not_kept_here(configuration: Path) -> None:
    """Its flag decides, and without one the ratio; the answer says so, and the backend hears of no trace."""
    with overhearing() as heard, tracing_shim(configuration, ratio=0) as site:
        for headers in ({"traceparent": f"{CALLER[:-2]}00"}, {}):
            answer = site.post("/v1/planon/find_tenant", {"telephone": TELEPHONE}, **headers)
            assert answer.headers["traceparent"].endswith("-00")
        incident = {"tenant": answer.json()["tenant"], "incident": "INC-999999"}
        assert site.post("/v1/planon/get_incident", incident).status == 404
        assert site.spans == []
    assert {one.traceparent for one in heard.requests} == {None}
    assert len(heard.requests) >= 2


def test_the_time_of_a_request_is_told_by_phase(configuration: Path, planon: PlanonSimulator) -> None:
    """The reply comes half a second late: that is the backend's, the request's wait for it, and nobody's own."""
    noted: list[Observation] = []
    planon.apply({"slow": {"times": 1, "after_s": DELAY_S}, "on": ["incident"]})
    with patch.object(Watch, "noted", (noted.append,)), tracing_shim(configuration, ratio=0) as site:
        report(site, f"key-{uuid4()}", wait=20)
        until(lambda: [one.method for one in noted], lambda methods: "send" in methods)
    (request,) = [one for one in noted if one.action == "facility_create_incident"]
    (sent,) = [one for one in noted if one.method == "send"]
    assert (request.correlation, request.client, request.status, request.outcome) == (TRACE, "agent", 201, None)
    assert (sent.kind, sent.correlation, sent.delivery, sent.attempt) == ("delivery", TRACE, request.delivery, 1)
    assert (sent.system, sent.contract, sent.client, sent.outcome) == (
        "planon",
        "create_incident",
        "agent",
        "delivered",
    )
    assert {Phase.CONNECT, Phase.BACKEND, Phase.DELIVERY} <= request.phases.keys()
    assert sent.phases.keys() == {Phase.CONNECT, Phase.BACKEND}
    assert sent.phases[Phase.BACKEND] >= DELAY_S
    assert request.phases[Phase.DELIVERY] >= DELAY_S > request.phases[Phase.BACKEND]
    assert request.seconds >= DELAY_S + request.own_s
    for one in (request, sent):
        assert one.own_s == pytest.approx(one.seconds - sum(one.phases.values()))
