"""A client that may see one mandant and one clinic, over HTTP."""

import json
from datetime import timedelta
from typing import Any

import pytest

from simulators.planon.reference import reference
from tests.integration.shim.site import Site
from tests.integration.shim.test_http_practice import ZONE
from tests.practice_cast import Cast, spelled

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


def test_a_client_that_is_limited_sees_no_more(pilot: Site, cast: Cast) -> None:
    """From the next request on: also what it holds tokens of is gone, and nothing is queued."""
    here, elsewhere = cast.clinics
    begin = cast.moment.replace(tzinfo=ZONE)
    window = {"starts_from": begin.isoformat(), "starts_before": (begin + timedelta(hours=9)).isoformat(), "limit": 50}
    theirs = pilot.tenant(str(THEIRS.telephone), client="pilot")
    patient = asked(pilot, "intramed/find_patient", telephone=spelled(min(cast.alone.numbers)))[1]["patient"]
    slots = {slot["clinic"]: slot["slot"] for slot in asked(pilot, "intramed/list_slots", **window)[1]["slots"]}
    assert {here, elsewhere} <= slots.keys()

    limits = ("--only", "planon=WBV", "--only", f"intramed={here}")
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

    seen = asked(pilot, "intramed/list_slots", **window)[1]["slots"]
    assert {slot["clinic"] for slot in seen} == {here}
    assert asked(pilot, "intramed/hold_slot", slot=slots[elsewhere], patient=patient)[0] == 404
    assert asked(pilot, "intramed/hold_slot", slot=slots[here], patient=patient)[0] == 200
