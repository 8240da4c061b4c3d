from collections.abc import Callable

import pytest
import requests
from lxml import etree

from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator
from simulators.planon.sla import SLA_FIELDS

Post = Callable[..., requests.Response]

SCHOOL = {
    "BO_TENANT_ID": "TNT-10005",
    "BO_MANDANT": "SCH",
    "BO_CONTRACT": "CTR-SCH-01",
    "BO_SLA": "SLA-SCH-STD",
    "BO_PROPERTY": "PRP-05",
    "BO_LOCATION": "LOC-20005",
    "BO_CATEGORY": "SCHOOL_REPAIR",
    "BO_COST_CENTRE": "KP-7200",
}


def test_the_clock_runs_when_all_fifteen_are_right(post: Post, control: SimulatorControl) -> None:
    """Due time is the report date plus the window of the contract's SLA row: eight hours."""
    assert post().status_code == 200
    (incident,) = control.incidents()
    assert incident["sla_start"] == "2026-11-19T22:14:03+01:00"
    assert incident["sla_due"] == "2026-11-20T06:14:03+01:00"


@pytest.mark.parametrize("name", SLA_FIELDS)
def test_leaving_one_of_the_fifteen_out_leaves_the_sla_empty(post: Post, control: SimulatorControl, name: str) -> None:
    """The incident is accepted and numbered all the same."""
    answer = post(**{name: None})
    assert answer.status_code == 200
    (incident,) = control.incidents()
    assert incident["incident_number"] == number(answer)
    assert name not in incident["fields"]
    assert (incident["sla_start"], incident["sla_due"]) == (None, None)


WRONG = {
    "BO_TENANT_ID": "TNT-10002",  # another tenant of the same contract: location and property are not his
    "BO_LOCATION": "LOC-20002",
    "BO_PROPERTY": "PRP-02",
    "BO_PRIORITY": "1",  # a code of this mandant, but of another severity
    "BO_SLA": "SLA-WBV-CARE",
    "BO_CONTRACT": "CTR-WBV-02",
    "BO_MANDANT": "SCH",
    "BO_SEVERITY": "unheard_of",
    "BO_CATEGORY": "GROUNDS",
    "BO_ORDER_TYPE": "INSPECTION",
    "BO_STATUS": "IN_PROGRESS",
    "BO_COST_CENTRE": "KP-4150",
}


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_one_wrong_value_leaves_the_sla_empty(post: Post, control: SimulatorControl, name: str, value: str) -> None:
    """Every value here satisfies the vendor's schema; the SLA engine checks it against the rows and says nothing."""
    assert post(**{name: value}).status_code == 200
    (incident,) = control.incidents()
    assert incident["sla_due"] is None


def test_a_contract_that_is_not_the_tenants_leaves_the_sla_empty(post: Post, control: SimulatorControl) -> None:
    """Contract, SLA and cost centre agree with each other, but the tenant has another contract."""
    post(BO_CONTRACT="CTR-WBV-02", BO_SLA="SLA-WBV-CARE", BO_COST_CENTRE="KP-4150")
    assert control.incidents()[0]["sla_due"] is None


def test_a_field_outside_the_fifteen_does_not_matter(post: Post, control: SimulatorControl) -> None:
    """The clock runs under any external reference."""
    post(BO_EXTERNAL_REF="X")
    assert control.incidents()[0]["sla_due"]


@pytest.mark.parametrize(("code", "due"), [("1", "2026-11-20T02:14:03+01:00"), ("2", None)])
def test_a_schools_priority_code_is_off_by_one(
    post: Post, control: SimulatorControl, code: str, due: str | None
) -> None:
    """Priority 2 of a school is code 1 and due in four hours; sent as 2 it is accepted and starts no clock."""
    assert post(**SCHOOL, BO_PRIORITY=code).status_code == 200
    assert control.incidents()[0]["sla_due"] == due


def test_the_most_urgent_school_priority_is_code_zero(post: Post, control: SimulatorControl) -> None:
    """Zero is a code, not an absence."""
    post(**SCHOOL, BO_SEVERITY="emergency", BO_PRIORITY="0")
    assert control.incidents()[0]["sla_due"] == "2026-11-19T23:14:03+01:00"


@pytest.mark.parametrize("changes", [{"BO_MANDANT": "XYZ"}, {"BO_PRIORITY": "7"}, {"BO_EXTERNAL_REF": None}])
def test_what_breaks_the_vendors_schema_is_refused(
    post: Post, control: SimulatorControl, changes: dict[str, str | None]
) -> None:
    """400 with a fault document, and nothing is stored."""
    answer = post(**changes)
    assert answer.status_code == 400
    assert etree.fromstring(answer.content).findtext("{*}Code") == "SCHEMA_VIOLATION"
    assert control.incidents() == []


def test_a_wrong_password_is_refused(post: Post, control: SimulatorControl) -> None:
    """401, and nothing is stored."""
    assert post(auth=("shim", "wrong")).status_code == 401
    assert control.incidents() == []


@pytest.mark.parametrize(("headers", "status"), [({"Content-Length": "1048577"}, 413), ({"Content-Length": "-"}, 411)])
def test_a_body_without_a_sensible_length_is_not_read(
    simulator: PlanonSimulator, connection: requests.Session, headers: dict[str, str], status: int
) -> None:
    """Too long, or no length at all: answered at once and the connection is closed."""
    request = requests.Request("POST", f"{simulator.url}/appsuite/incident").prepare()
    request.headers.update(headers)
    answer = connection.send(request, timeout=30)
    assert answer.status_code == status


def test_the_same_document_twice_is_two_incidents(post: Post, control: SimulatorControl) -> None:
    """There is no idempotency key: the external reference is stored, not checked."""
    numbers = [number(post()), number(post())]
    assert numbers == ["INC-000001", "INC-000002"]
    assert [incident["incident_number"] for incident in control.incidents()] == numbers


def test_the_text_is_kept_character_for_character(post: Post, control: SimulatorControl) -> None:
    """Markup, emoji, line breaks and surrounding space arrive as they were composed."""
    text = "  <b>&amp; 😱\r\n\ttwee\n regels  "
    post(BO_DESCRIPTION=text)
    assert control.incidents()[0]["description"] == text


def number(answer: requests.Response) -> str | None:
    """Return the number in an AppSuite reply."""
    return etree.fromstring(answer.content).findtext("{urn:appsuite:reply:1}IncidentNumber")
