"""A durable write over HTTP: 201 with the backend's own facts, 202 when the backend is down, one record either way."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from simulators.planon.reference import reference
from tests.integration.shim.site import Site, minutes_ago, until

CREATE = "/v1/planon/create_incident"
OTHER = str(reference().tenants[2].telephone)
"""Telephone of another tenant than the one whose tap leaks."""


def records(site: Site, reference_of: dict[str, Any]) -> list[dict[str, Any]]:
    """The ledger's incidents that came from a delivery, by its external reference."""
    shown = site.command("explain", reference_of["delivery"], "--json")
    reference = json.loads(shown.stdout)["reference"]
    return [row for row in site.control.incidents() if row["external_ref"] == reference]


def test_a_delivered_incident_is_told_with_number_and_clock(site: Site) -> None:
    """201: what the reply says is what Planon's record says."""
    body = site.report(site.tenant())
    answer = site.post(CREATE, body)
    assert answer.status_code == 201
    told = answer.json()
    (record,) = records(site, told)
    assert told["incident"] == record["incident_number"]
    assert told["state"] == "delivered"
    assert told["sla"]["state"] == "running"
    assert datetime.fromisoformat(told["sla"]["due_at"]) == datetime.fromisoformat(record["sla_due"])
    assert datetime.fromisoformat(record["reported_at"]) == datetime.fromisoformat(body["reported_at"])
    assert record["description"] == f"{body['summary']}\n\nVerbatim:\n{body['message']}"
    assert answer.headers["location"] == f"/v1/deliveries/{told['delivery']}"
    assert site.get(answer.headers["location"]).json() == told


def test_planon_down_is_202_and_later_one_incident(site: Site) -> None:
    """The report time survives the outage to the second, and a repeat tells the current state."""
    body = site.report(site.tenant(), reported_at=minutes_ago(95))
    site.control.apply(down=True)
    answer = site.post(CREATE, body, idempotency_key="outage-1", Prefer="wait=1")
    assert answer.status_code == 202
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["state"] in {"ready", "in_flight"}
    again = site.post(CREATE, body, idempotency_key="outage-1", Prefer="wait=0")
    assert (again.status_code, again.json()["delivery"]) == (202, answer.json()["delivery"])
    site.control.apply(down=False)
    delivered = site.delivered(answer.json()["delivery"])
    (record,) = records(site, delivered)
    assert datetime.fromisoformat(record["reported_at"]) == datetime.fromisoformat(body["reported_at"])
    done = site.post(CREATE, body, idempotency_key="outage-1")
    assert (done.status_code, done.json()["incident"]) == (201, record["incident_number"])


def test_with_the_replica_down_too_kept_rows_are_used_and_named(site: Site) -> None:
    """Provenance says that the rows were kept, and since when."""
    tenant = site.tenant()
    site.control.apply(down=True, replica_down=True)
    answer = site.post(CREATE, site.report(tenant), Prefer="wait=0")
    assert answer.status_code == 202
    shown = site.command("explain", answer.json()["delivery"], "--json").stdout
    assert "kept since" in shown
    site.control.apply(down=False, replica_down=False)
    assert len(records(site, site.delivered(answer.json()["delivery"]))) == 1


def test_without_any_rows_nothing_is_guessed(site: Site) -> None:
    """A tenant whose rows were never read cannot be composed for: 503, and nothing is queued."""
    tenant = site.tenant()
    site.control.apply(replica_down=True)
    answer = site.post("/v1/planon/find_tenant", {"tenant_code": "4712"})
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("backend-unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert site.post(CREATE, site.report(tenant)).status_code == 201


@pytest.mark.parametrize(
    "scenario",
    [
        {"lose_reply": 1},
        {"commit_late": {"times": 1, "after_s": 0.5, "reset_after_s": 0}},
        {"html_502": 1},
        {"lose_reply": 1, "html_502": 2},
        {"expire_sessions": True},
    ],
)
def test_an_unknown_outcome_ends_as_exactly_one_incident(site: Site, scenario: dict[str, Any]) -> None:
    """Lost replies, late commits, a proxy's page: the backend is asked, and never has two."""
    body = site.report(site.tenant())
    site.control.apply(**scenario)
    answer = site.post(CREATE, body, Prefer="wait=0")
    assert answer.status_code == 202
    delivered = site.delivered(answer.json()["delivery"])
    assert delivered["sla"]["state"] == "running"
    (record,) = records(site, delivered)
    assert record["incident_number"] == delivered["incident"]
    assert datetime.fromisoformat(record["reported_at"]) == datetime.fromisoformat(body["reported_at"])


def test_an_incident_that_planon_forgot_is_not_called_verified(site: Site) -> None:
    """Planon answers with a number and stores nothing: the reply does not claim a running clock."""
    site.control.apply(drop_incidents=True)
    answer = site.post(CREATE, site.report(site.tenant()))
    assert answer.json()["sla"]["state"] == "unverified"


def test_a_note_follows_the_incident_that_is_still_queued(site: Site) -> None:
    """Named by delivery while Planon is down; filed under the incident's number afterwards."""
    tenant = site.tenant()
    site.control.apply(down=True)
    incident = site.post(CREATE, site.report(tenant), Prefer="wait=0").json()
    note_body = {
        "tenant": tenant,
        "delivery": incident["delivery"],
        "text": "De sleutel ligt bij de buren.\nOp nummer 16.",
        "reported_at": minutes_ago(12),
    }
    note = site.post("/v1/planon/log_note", note_body, Prefer="wait=0")
    assert (note.status_code, note.json()["state"]) == (202, "waiting")
    site.control.apply(down=False)
    delivered = site.delivered(note.json()["delivery"])
    number = site.delivered(incident["delivery"])["incident"]
    assert delivered["incident"] == number
    (written,) = [row for row in site.control.notes() if str(row["syscode"]) == delivered["note"]]
    assert (written["incident_number"], written["text"]) == (number, note_body["text"])
    assert datetime.fromisoformat(written["reported_at"]) == datetime.fromisoformat(note_body["reported_at"])


def test_a_note_cannot_follow_another_tenant_s_delivery(site: Site) -> None:
    """The delivery's subject and the note's must be the same person."""
    incident = site.post(CREATE, site.report(site.tenant())).json()
    body = {"tenant": site.tenant(OTHER), "delivery": incident["delivery"], "text": "x", "reported_at": minutes_ago(1)}
    assert site.post("/v1/planon/log_note", body).status_code == 404


def test_a_note_on_another_tenant_s_incident_is_404(site: Site) -> None:
    """An incident that this shim brought is refused at once; nothing is queued, and its own notes are not held up."""
    tenant = site.tenant()
    incident = site.post(CREATE, site.report(tenant)).json()["incident"]
    before = len(site.control.notes())
    body = {"tenant": site.tenant(OTHER), "incident": incident, "text": "niet van mij", "reported_at": minutes_ago(1)}
    answer = site.post("/v1/planon/log_note", body)
    assert (answer.status_code, "delivery" in answer.json()) == (404, False)
    foreign = {**body, "tenant": site.tenant(OTHER, client="other")}
    assert site.post("/v1/planon/log_note", foreign, client="other").status_code == 404
    assert len(site.control.notes()) == before
    own = site.post("/v1/planon/log_note", {**body, "tenant": tenant})
    assert own.status_code == 201, own.text


def test_a_note_on_an_invented_incident_is_404_and_bothers_nobody(site: Site) -> None:
    """The backend is asked whose it is before anything is written; no administrator needs to act."""
    body = {"tenant": site.tenant(), "incident": "INC-999999", "text": "x", "reported_at": minutes_ago(1)}
    answer = site.post("/v1/planon/log_note", body)
    assert answer.status_code == 404, answer.text
    assert answer.json()["delivery"]["state"] == "discarded"
    assert site.get(f"/v1/deliveries/{answer.json()['delivery']['delivery']}").json()["state"] == "discarded"
    assert [row["must_act"] for row in json.loads(site.command("outbox", "status", "--json").stdout)["systems"]] == [
        0,
        0,
    ]


def test_a_note_cannot_follow_a_note(site: Site) -> None:
    """Only an incident's delivery has a number to give."""
    tenant = site.tenant()
    incident = site.post(CREATE, site.report(tenant)).json()["incident"]
    body = {"tenant": tenant, "incident": incident, "text": "x", "reported_at": minutes_ago(1)}
    note = site.post("/v1/planon/log_note", body).json()["delivery"]
    behind = {"tenant": tenant, "delivery": note, "text": "x", "reported_at": minutes_ago(1)}
    assert site.post("/v1/planon/log_note", behind).status_code == 404


def test_notes_by_number_and_by_delivery_share_one_order(site: Site) -> None:
    """However the incident is named, its notes arrive as they were sent."""
    tenant = site.tenant()
    incident = site.post(CREATE, site.report(tenant)).json()
    site.control.apply(down=True)
    names = [{"incident": incident["incident"]}, {"delivery": incident["delivery"]}] * 3
    sent = [
        site.post(
            "/v1/planon/log_note",
            {"tenant": tenant, **name, "text": f"bericht {number}", "reported_at": minutes_ago(5)},
            Prefer="wait=0",
        ).json()["delivery"]
        for number, name in enumerate(names)
    ]
    site.control.apply(down=False)
    site.delivered(sent[-1])
    written = [row["text"] for row in site.control.notes() if row["incident_number"] == incident["incident"]]
    assert written == [f"bericht {number}" for number in range(6)]


def test_notes_of_one_incident_keep_their_order(site: Site) -> None:
    """Ten notes sent through an outage arrive as they were sent."""
    tenant = site.tenant()
    incident = site.post(CREATE, site.report(tenant)).json()["incident"]
    site.control.apply(down=True)
    sent = []
    for number in range(10):
        body = {"tenant": tenant, "incident": incident, "text": f"bericht {number}", "reported_at": minutes_ago(5)}
        sent.append(site.post("/v1/planon/log_note", body, Prefer="wait=0").json()["delivery"])
    site.control.apply(down=False)
    site.delivered(sent[-1])
    written = [row["text"] for row in site.control.notes() if row["incident_number"] == incident]
    assert written == [f"bericht {number}" for number in range(10)]


def test_a_client_that_repeats_at_once_gets_one_incident(site: Site) -> None:
    """Twenty twins in parallel: one record, and every answer names the same delivery or says that it is in flight."""
    body = site.report(site.tenant())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: site.post(CREATE, body, idempotency_key="twins-1"), range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    deliveries = {answer.json()["delivery"] for answer in answers if answer.status_code == 201}
    assert len(deliveries) == 1
    assert all(a.json()["type"].endswith("request-in-flight") for a in answers if a.status_code == 409)
    told = until(
        lambda: site.get(f"/v1/deliveries/{next(iter(deliveries))}").json(), lambda d: d["state"] == "delivered"
    )
    assert len(records(site, told)) == 1
