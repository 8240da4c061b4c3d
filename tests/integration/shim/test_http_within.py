"""A client that may see one mandant and one clinic, over HTTP."""

import json
from typing import Any

import pytest

from simulators.planon.reference import reference
from tests.integration.shim.site import Site

WINDOW = {"starts_from": "2031-03-06T14:30:00+01:00", "starts_before": "2031-03-07T00:00:00+01:00", "limit": 50}
NOOR = "06-10001001"
OWN, THEIRS = (
    next(t for t in reference().tenants if t.mandant_code == code and t.telephone) for code in ("WBV", "SCH")
)


@pytest.fixture(scope="module")
def pilot(running: Site) -> Site:
    """The site with one client more, which may do everything and is not limited yet."""
    made = running.command("clients", "add", "pilot", "--scope", "planon:*", "--scope", "intramed:*", "--json")
    assert made.returncode == 0, made.stderr
    return Site(running.folder, running.address, {**running.keys, "pilot": json.loads(made.stdout)["key"]})


def asked(pilot: Site, contract: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """Return status and body, without what differs each time."""
    answer = pilot.post(f"/v1/{contract}", body, client="pilot")
    told = answer.json()
    return answer.status_code, {name: value for name, value in told.items() if name not in {"instance", "correlation"}}


def test_a_client_that_is_limited_sees_no_more(pilot: Site) -> None:
    """From the next request on: also what it holds tokens of is gone, and nothing is queued."""
    theirs = pilot.tenant(str(THEIRS.telephone), client="pilot")
    patient = asked(pilot, "intramed/find_patient", telephone=NOOR)[1]["patient"]
    slots = {slot["clinic"]: slot["slot"] for slot in asked(pilot, "intramed/list_slots", **WINDOW)[1]["slots"]}
    assert {"MCEN", "MEER"} <= slots.keys()

    limits = ("--only", "planon=WBV", "--only", "intramed=MCEN")
    changed = pilot.command("clients", "set", "pilot", *limits)
    assert changed.returncode == 0, changed.stderr

    assert asked(pilot, "planon/find_tenant", telephone=OWN.telephone)[1]["match"] == "certain"
    assert asked(pilot, "planon/find_tenant", telephone=THEIRS.telephone) == (200, {"match": "none", "ask_for": []})
    assert asked(pilot, "planon/create_incident", **pilot.report(theirs))[0] == 404
    note = {
        "tenant": theirs,
        "incident": "INC-000001",
        "text": "lek",
        "reported_at": pilot.report(theirs)["reported_at"],
    }
    assert asked(pilot, "planon/log_note", **note)[0] == 404
    assert asked(pilot, "planon/get_incident", tenant=theirs, incident="INC-000001")[0] == 404
    assert pilot.get("/v1/deliveries", client="pilot").json()["deliveries"] == []

    seen = asked(pilot, "intramed/list_slots", **WINDOW)[1]["slots"]
    assert {slot["clinic"] for slot in seen} == {"MCEN"}
    assert asked(pilot, "intramed/hold_slot", slot=slots["MEER"], patient=patient)[0] == 404
    assert asked(pilot, "intramed/hold_slot", slot=slots["MCEN"], patient=patient)[0] == 200
