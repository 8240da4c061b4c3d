import pytest
from pydantic import ValidationError

from contracts.facility import CreateIncidentRequest

REPORT = {
    "tenant": "TN_x",
    "severity": "high",
    "summary": "Kraan lekt",
    "message": "kraan lekt",
    "reported_at": "2026-11-19T22:14:03+01:00",
}
DECIDED = ["priority", "sla", "mandant", "location", "property", "contract", "cost_centre", "status", "report_date"]


@pytest.mark.parametrize("name", [*DECIDED, "Priority", "SLA", "mandant_code", "location_id", "sla_id"])
def test_what_the_rows_decide_is_refused_by_name(name: str) -> None:
    """A caller that sends a priority is told that it has no say in it, whatever else is wrong; the value stays out."""
    with pytest.raises(ValidationError) as caught:
        CreateIncidentRequest.model_validate({**REPORT, "severity": 7, name: "geheim"})
    (error,) = caught.value.errors()
    assert error["loc"] == (name,)
    assert error["msg"] == "is decided by the backend's own rows, never by the caller"
    assert "geheim" not in str(caught.value)


def test_every_forbidden_field_is_named() -> None:
    """All of them at once."""
    with pytest.raises(ValidationError) as caught:
        CreateIncidentRequest.model_validate(REPORT | dict.fromkeys(DECIDED, 1))
    assert [error["loc"] for error in caught.value.errors()] == [(name,) for name in DECIDED]


def test_another_unknown_field_is_refused_as_before() -> None:
    """It is not known, and nothing else is said of it."""
    with pytest.raises(ValidationError) as caught:
        CreateIncidentRequest.model_validate(REPORT | {"colour": "red"})
    assert [error["type"] for error in caught.value.errors()] == ["extra_forbidden"]


def test_a_report_without_them_is_read() -> None:
    """And none of their names is in the schema that callers see."""
    assert CreateIncidentRequest.model_validate(REPORT).severity == "high"
    assert not set(CreateIncidentRequest.model_json_schema()["properties"]) & set(DECIDED)
