"""A bad request gets a clear problem that names the field and the rule, and leaves nothing behind."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.integration.shim.site import Site, minutes_ago

CREATE = "/v1/planon/create_incident"


def problem(answer: requests.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"urn:problem-type:legacy-shim:{slug}"
    assert found["status"] == status
    return found


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"priority": 1}, "priority"),
        ({"sla": "SLA-1"}, "sla"),
        ({"mandant": "SCH"}, "mandant"),
        ({"location": "LOC-1"}, "location"),
        ({"severity": None}, "severity"),
        ({"severity": "High!"}, "severity"),
        ({"summary": ""}, "summary"),
        ({"summary": "x" * 501}, "summary"),
        ({"message": "x" * 4097}, "message"),
        ({"message": 7}, "message"),
        ({"reported_at": "2026-11-19T22:14:03"}, "reported_at"),
        ({"reported_at": "2026-11-19"}, "reported_at"),
        ({"reported_at": 1763587443}, "reported_at"),
        ({"reported_at": "2026-02-30T22:14:03+01:00"}, "reported_at"),
        ({"reported_at": None}, "reported_at"),
        ({"asset": {"code": "CV-1", "confidence": 1.5}}, "asset.confidence"),
        ({"images": ["../etc/passwd"]}, "images.0"),
        ({"images": ["a.jpg"] * 11}, "images"),
        ({"channel": "fax"}, "channel"),
    ],
)
def test_a_malformed_field_is_named(site: Site, changes: dict[str, Any], field: str) -> None:
    """400 with the field and the rule, and without the value."""
    body = site.report("TN_x", **changes)
    found = problem(site.post(CREATE, body), 400, "malformed-request")
    assert field in [violation["field"] for violation in found["violations"]]
    assert all(violation["rule"] for violation in found["violations"])
    assert all("value" not in violation for violation in found["violations"])


def stored(site: Site) -> list[str]:
    """Return what is in the outbox, delivered or not."""
    lists = ((), ("--state", "delivered", "--limit", "1000"))
    return [row["id"] for more in lists for row in json.loads(site.command("outbox", "list", *more, "--json").stdout)]


@pytest.mark.parametrize("field", ["priority", "sla", "mandant", "location"])
def test_what_the_caller_may_not_decide_is_refused_with_the_reason(site: Site, field: str) -> None:
    """Not as just any unknown field: the agent's developer must learn who decides it. The value stays out."""
    before = stored(site)
    found = problem(site.post(CREATE, site.report(site.tenant(), **{field: "geheim-77"})), 400, "malformed-request")
    assert found["violations"] == [
        {"field": field, "rule": "is decided by the backend's own rows, never by the caller"},
    ]
    assert "geheim-77" not in json.dumps(found)
    assert stored(site) == before


@pytest.mark.parametrize("missing", ["tenant", "severity", "summary", "message", "reported_at"])
def test_a_missing_field_is_named(site: Site, missing: str) -> None:
    """400 with the field's name."""
    body = {name: value for name, value in site.report("TN_x").items() if name != missing}
    found = problem(site.post(CREATE, body), 400, "malformed-request")
    assert [violation["field"] for violation in found["violations"]] == [missing]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe{}",
        b'{"tenant": "\\ud800"}',
        b"[" * 2000,
        b'{"a":1}' * 2,
        b"NaN",
    ],
)
def test_a_body_that_is_no_object_is_malformed(site: Site, body: bytes) -> None:
    """Whatever bytes come, the answer is a problem."""
    problem(site.post(CREATE, body, Content_Type="application/json"), 400, "malformed-request")


def test_a_lone_surrogate_is_malformed(site: Site) -> None:
    """Half a character cannot be stored anywhere."""
    body = json.dumps(site.report("TN_x")).replace("lekt", "lekt \\ud83d").encode()
    found = problem(site.post(CREATE, body, Content_Type="application/json"), 400, "malformed-request")
    assert {violation["field"] for violation in found["violations"]} <= {"summary", "message"}


@pytest.mark.parametrize("token", ["TN_unknown", "", "x", "PT_" + "A" * 40, "TN_" + "A" * 300, "TN_é"])
def test_an_unknown_token_is_404(site: Site, token: str) -> None:
    """Invented, malformed and expired tokens are all just unknown."""
    problem(site.post(CREATE, site.report(token)), 404, "not-found")


@pytest.mark.parametrize("minutes", [-6, -600_000, 7 * 24 * 60 + 1, 600_000])
def test_a_report_time_in_the_future_or_too_old_is_refused(site: Site, minutes: float) -> None:
    """The problem tells the server's time, so that a client with a wrong clock can see it."""
    body = site.report(site.tenant(), reported_at=minutes_ago(minutes))
    found = problem(site.post(CREATE, body), 400, "report-time-refused")
    assert abs(datetime.fromisoformat(found["server_time"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert found["field"] == "reported_at"


@pytest.mark.parametrize("minutes", [-4, 7 * 24 * 60 - 5])
def test_a_report_time_within_the_limits_is_taken(site: Site, minutes: float) -> None:
    """A clock that is a little fast, and a message that waited for days."""
    answer = site.post(CREATE, site.report(site.tenant(), reported_at=minutes_ago(minutes)))
    assert answer.status_code == 201, answer.text


def test_a_write_needs_an_idempotency_key(site: Site) -> None:
    """400, and nothing is queued."""
    before = len(site.control.incidents())
    answer = site.post(CREATE, site.report(site.tenant()), idempotency_key=None)
    problem(answer, 400, "idempotency-key-missing")
    assert len(site.control.incidents()) == before


def test_a_reused_key_is_refused_and_a_repeat_is_not(site: Site) -> None:
    """Another body is 422; the same body, in any spelling of JSON, gets the same delivery."""
    body = site.report(site.tenant())
    first = site.post(CREATE, body, idempotency_key="reuse-1")
    assert first.status_code == 201
    again = site.post(CREATE, dict(reversed(body.items())), idempotency_key='"reuse-1"')
    assert (again.status_code, again.json()) == (201, first.json())
    problem(
        site.post(CREATE, {**body, "message": "iets anders"}, idempotency_key="reuse-1"), 422, "idempotency-key-reused"
    )
    note = {
        "tenant": body["tenant"],
        "incident": first.json()["incident"],
        "text": "x",
        "reported_at": body["reported_at"],
    }
    problem(site.post("/v1/planon/log_note", note, idempotency_key="reuse-1"), 422, "idempotency-key-reused")
    assert [row["incident_number"] for row in site.control.incidents()].count(first.json()["incident"]) == 1


def test_two_clients_may_use_the_same_key(site: Site) -> None:
    """Keys are scoped per client, and so are the references derived from them."""
    numbers = set()
    for client in ("agent", "other"):
        answer = site.post(CREATE, site.report(site.tenant(client=client)), client=client, idempotency_key="shared-1")
        assert answer.status_code == 201, answer.text
        numbers.add(answer.json()["incident"])
    assert len(numbers) == 2


def test_an_unknown_severity_and_a_hole_in_the_matrix_are_refused(site: Site) -> None:
    """Never defaulted: the problem names the severity."""
    found = problem(site.post(CREATE, site.report(site.tenant(), severity="catastrophic")), 400, "rule-missing")
    assert found["violations"][0]["field"] == "severity"


def test_a_document_that_fails_its_dry_run_is_refused_and_not_queued(site: Site) -> None:
    """Bad master data is a 422 that names element, rule and value; the outbox stays as it was."""
    replica = next(site.folder.glob("replica.db"))
    tenant = site.tenant()
    before = stored(site)
    with closing(sqlite3.connect(replica)) as database:
        original = database.execute("SELECT cost_centre, contract_id FROM contract").fetchall()
        database.execute("UPDATE contract SET cost_centre = 'kostenplaats onbekend'")
        database.commit()
        try:
            found = problem(site.post(CREATE, site.report(tenant)), 422, "dry-run-refused")
        finally:
            database.executemany("UPDATE contract SET cost_centre = ? WHERE contract_id = ?", original)
            database.commit()
    assert {(v["field"], v["value"]) for v in found["violations"]} == {("tenant", "kostenplaats onbekend")}
    assert all("BO_COST_CENTRE" in violation["rule"] for violation in found["violations"])
    assert any("pattern" in v["rule"] for v in found["violations"])
    assert stored(site) == before


def test_a_note_names_exactly_one_incident(site: Site) -> None:
    """Neither and both are malformed."""
    base = {"tenant": "TN_x", "text": "x", "reported_at": minutes_ago(1)}
    for extra in ({}, {"incident": "INC-1", "delivery": "dl_" + "0" * 32}):
        problem(site.post("/v1/planon/log_note", {**base, **extra}), 400, "malformed-request")


def test_a_note_on_an_unknown_delivery_is_404(site: Site) -> None:
    """Also when the delivery is somebody else's."""
    body = {"tenant": site.tenant(), "delivery": "dl_" + "0" * 32, "text": "x", "reported_at": minutes_ago(1)}
    problem(site.post("/v1/planon/log_note", body), 404, "not-found")
