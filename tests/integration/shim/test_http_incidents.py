"""What Planon says of incidents, over HTTP: one of a tenant's own, and those whose window runs out."""

from datetime import datetime
from typing import Any

import pytest

from simulators.planon.reference import reference
from tests.integration.shim.site import Site, minutes_ago, until

CREATE = "/v1/planon/create_incident"
GET = "/v1/planon/get_incident"
AT_RISK = "/v1/planon/list_at_risk"
OTHER = str(reference().tenants[2].telephone)
"""Telephone of another tenant than the one whose tap leaks."""


def test_a_tenant_s_own_incident_is_told(site: Site) -> None:
    """As Planon has it now, with Planon's own clock."""
    tenant = site.tenant()
    body = site.report(tenant)
    made = site.post(CREATE, body).json()
    answer = site.post(GET, {"tenant": tenant, "incident": made["incident"]})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["incident"], told["status"]) == (made["incident"], "reported")
    assert datetime.fromisoformat(told["reported_at"]) == datetime.fromisoformat(body["reported_at"])
    assert told["sla"]["state"] == "running"
    (record,) = [row for row in site.control.incidents() if row["incident_number"] == made["incident"]]
    assert datetime.fromisoformat(told["sla"]["due_at"]) == datetime.fromisoformat(record["sla_due"])


def test_another_tenant_s_incident_is_as_one_that_does_not_exist(site: Site) -> None:
    """The same answer to the last byte: not even its existence is told."""
    made = site.post(CREATE, site.report(site.tenant())).json()
    other = site.tenant(OTHER)
    foreign = site.post(GET, {"tenant": other, "incident": made["incident"]})
    unknown = site.post(GET, {"tenant": other, "incident": "INC-999999"})
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content


def test_an_incident_of_a_planon_that_is_down_is_503(site: Site) -> None:
    """Not 404: nobody could be asked."""
    tenant = site.tenant()
    site.control.apply(down=True)
    answer = site.post(GET, {"tenant": tenant, "incident": "INC-000001"})
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_incidents_at_risk_are_listed_nearest_first(site: Site) -> None:
    """What was reported so long ago that little of the window is left is there; what was reported now is not."""
    tenant = site.tenant()
    late = [site.post(CREATE, site.report(tenant, reported_at=minutes_ago(60 * hours))).json() for hours in (150, 160)]
    fresh = site.post(CREATE, site.report(tenant, severity="low", reported_at=minutes_ago(1))).json()
    wanted = {made["incident"] for made in late}

    def look() -> list[dict[str, Any]]:
        answer = site.post(AT_RISK, {"limit": 200})
        assert answer.status_code == 200, answer.text
        incidents: list[dict[str, Any]] = answer.json()["incidents"]
        return incidents

    found = until(look, lambda incidents: wanted <= {row["incident"] for row in incidents})
    assert fresh["incident"] not in {row["incident"] for row in found}
    due = [datetime.fromisoformat(row["sla"]["due_at"]) for row in found]
    assert due == sorted(due)
    assert {row["status"] for row in found} == {"reported"}
    assert len(site.post(AT_RISK, {"limit": 1}).json()["incidents"]) == 1


@pytest.mark.parametrize("path", [GET, AT_RISK])
def test_without_the_scope_nothing_is_told(site: Site, path: str) -> None:
    """403 before the body is looked at."""
    assert site.post(path, {}, client="narrow").status_code == 403
