from dataclasses import replace
from datetime import datetime

import pytest

from adapters.planon.cells import local_time
from adapters.planon.compose import compose_incident, mandant_of, wanted_asset
from adapters.planon.documents import Documents
from adapters.planon.elements import Element, provenance
from adapters.planon.forms import IncidentForm
from adapters.planon.reference import AssetRow, Reference
from contracts.delivery import Document, Source
from contracts.errors import DryRunRefused, MalformedRequest, RuleMissing, Violation
from contracts.facility import CreateIncidentRequest
from tests.unit.planon.planon_rows import FORMS, READ_AT, REFERENCE, ZONE, compose, request_of, rows_of

DOCUMENTS = Documents(FORMS)


def element(name: str, request: CreateIncidentRequest, rows: Reference, location: str | None = "LOC-20001") -> Element:
    return next(it for it in compose(request, rows, location).elements if it.name == name)


def document(request: CreateIncidentRequest, rows: Reference) -> Document:
    return DOCUMENTS.incident(compose(request, rows), mandant_of(rows), request)


def test_priority_is_coded_by_mandant() -> None:
    """Priority 2 is code 2 for the housing association and code 1 for the schools."""
    codes = {it: element("BO_PRIORITY", request_of(it), rows_of(it)).value for it in ("WBV", "SCH")}
    assert codes == {"WBV": "2", "SCH": "1"}


@pytest.mark.parametrize(("mandant", "code"), [("WBV", 0), ("WBV", 5), ("SCH", 5)])
def test_a_code_of_another_mandant_is_refused(mandant: str, code: int) -> None:
    """The vendor's schema knows 0 to 5; the mandant's profile knows its own range."""
    rows = replace(rows_of(mandant), matrix={"high": {"priority": 2, "appsuite_code": code}})
    with pytest.raises(DryRunRefused) as caught:
        document(request_of(mandant), rows)
    (violation,) = caught.value.violations
    assert violation.field == "severity"
    assert violation.rule.startswith("as BO_PRIORITY, from priority_code.appsuite_code, must be at ")


def test_every_element_has_a_source() -> None:
    """Each of the elements says by which rule and from which row it came; a person's words are not repeated."""
    sources = provenance(compose(request_of("SCH"), rows_of("SCH")).elements)
    assert len(sources) == 18
    by_name = {source.element: source for source in sources}
    read = "read 2026-11-19T21:00:00+00:00"
    assert by_name["BO_PRIORITY"] == Source(
        "BO_PRIORITY",
        "1",
        "severity high is priority 2, which mandant SCH codes 1",
        f"priority_matrix[contract_id=CTR-SCH-01, severity=high].priority, {read}; "
        f"priority_code[mandant_code=SCH, priority=2].appsuite_code, {read}",
    )
    assert by_name["BO_SLA"].origin == f"contract[contract_id=CTR-SCH-01].sla_id, {read}"
    assert by_name["BO_STATUS"].origin == "mapping.toml [incident.constants]"
    assert by_name["BO_DESCRIPTION"].value is None
    assert by_name["BO_ATTACHMENTS"].value is None
    assert all(source.rule and source.origin for source in sources)
    assert "lekt" not in str(sources)
    assert "IMG_" not in str(sources)


def test_kept_rows_are_named_as_such() -> None:
    """Whoever reads the provenance sees that the replica was down."""
    sources = provenance(compose(request_of("WBV"), rows_of("WBV", kept=True)).elements)
    kept = {it.element for it in sources if f"kept since {READ_AT.isoformat(timespec='seconds')}" in it.origin}
    assert kept == {
        "BO_TENANT_ID",
        "BO_MANDANT",
        "BO_CONTRACT",
        "BO_SLA",
        "BO_PROPERTY",
        "BO_LOCATION",
        "BO_CATEGORY",
        "BO_PRIORITY",
        "BO_COST_CENTRE",
    }


@pytest.mark.parametrize(
    ("severity", "rule"),
    [
        ("low", "is not in the priority matrix of contract CTR-WBV-01"),
        ("normal", "priority 3 has no code for mandant WBV"),
        ("urgent", "is no severity of this site"),
        ("planned", "is no severity of this site"),
    ],
)
def test_a_severity_without_a_priority_is_refused(severity: str, rule: str) -> None:
    """A hole in the rules is named; no priority is invented, and none is borrowed from another mandant."""
    with pytest.raises(RuleMissing) as caught:
        compose(request_of("WBV", severity=severity), rows_of("WBV"))
    assert caught.value.violations == [Violation("severity", rule, severity)]


def test_a_contract_of_another_mandant_is_refused() -> None:
    """The mandant decides the priority code, so two different ones are no basis."""
    rows = replace(rows_of("WBV"), contract=rows_of("SCH").contract)
    with pytest.raises(RuleMissing) as caught:
        compose(request_of("WBV"), rows)
    assert caught.value.violations == [Violation("tenant", "mandant of tenant and contract differ: WBV and SCH")]


def test_a_mandant_without_rules_is_refused() -> None:
    """A customer that the mapping does not know gets no incident by somebody else's rules."""
    with pytest.raises(RuleMissing) as caught:
        compose(request_of("ZRG"), rows_of("ZRG"))
    (violation,) = caught.value.violations
    assert (violation.field, violation.value) == ("tenant", "ZRG")


@pytest.mark.parametrize(
    ("confidence", "location", "written", "rule"),
    [
        (0.91, "LOC-20001", "CV-0114", "hint with confidence 0.91; the asset is at the tenant's location"),
        (0.9, "LOC-20001", None, "left out: confidence 0.9 is not above 0.9"),
        (0.1 + 0.8, "LOC-20001", None, "left out: confidence 0.9 is not above 0.9"),
        (1, "LOC-20002", None, "left out: there is no such asset at the tenant's location"),
        (1, None, None, "left out: there is no such asset at the tenant's location"),
    ],
)
def test_an_asset_is_written_only_when_sure_and_there(
    confidence: float, location: str | None, written: str | None, rule: str
) -> None:
    """Above 0.9, not at it, and only where the tenant lives; else the provenance says why not."""
    request = request_of("WBV", asset={"code": "CV-0114", "confidence": confidence})
    found = element("BO_ASSET", request, rows_of("WBV"), location)
    assert (found.value, found.rule) == (written, rule)
    assert (b"BO_ASSET>" in document(request, rows_of("WBV")).body) == (confidence > 0.9)


def test_no_location_is_not_the_same_location() -> None:
    """An asset in store and a tenant without a location are not at one place."""
    rows = rows_of("WBV")
    rows = replace(rows, tenant={**rows.tenant, "location_id": None})
    forms = replace(FORMS, incidents={"WBV": _without(FORMS.incidents["WBV"], "BO_LOCATION")})
    composed = compose(request_of("WBV"), rows, None, forms)
    (found,) = [it for it in composed.elements if it.name == "BO_ASSET"]
    assert (found.value, found.rule) == (None, "left out: there is no such asset at the tenant's location")


def _without(form: IncidentForm, name: str) -> IncidentForm:
    return replace(form, fields=tuple(field for field in form.fields if field.name != name))


def test_what_is_no_asset_is_not_repeated_when_it_may_be_a_person() -> None:
    """A caller who takes a BSN for an asset's code does not bring it into the provenance."""
    request = request_of("WBV", asset={"code": "999911120", "confidence": 1})
    composed = compose_incident(request, REFERENCE, rows_of("WBV"), AssetRow(None, READ_AT), FORMS, ZONE)
    (found,) = [it for it in composed.elements if it.name == "BO_ASSET"]
    assert found.origin.startswith("asset[asset_code=[BSN]].location_id, read ")
    assert "999911120" not in str(provenance(composed.elements))


def test_an_asset_is_looked_up_only_when_sure() -> None:
    """At 0.9 nobody is asked."""
    hints = [{"code": "CV-0114", "confidence": confidence} for confidence in (0.9, 0.91)]
    assert [wanted_asset(request_of("WBV", asset=hint)) for hint in [*hints, None]] == [None, "CV-0114", None]


def test_an_asset_that_nobody_could_be_asked_about_is_left_out() -> None:
    """With the replica down and nothing kept, the report goes without it."""
    request, asset = request_of("WBV"), AssetRow(None, READ_AT, known=False)
    composed = compose_incident(request, REFERENCE, rows_of("WBV"), asset, FORMS, ZONE)
    (found,) = [it for it in composed.elements if it.name == "BO_ASSET"]
    assert (found.value, found.rule) == (None, "left out: the replica is down and no row of it was kept")


@pytest.mark.parametrize(
    ("reported_at", "written"),
    [
        ("2026-11-19T21:14:03.999999+00:00", "2026-11-19T22:14:03+01:00"),
        ("2026-07-01T22:14:03+02:00", "2026-07-01T22:14:03+02:00"),
    ],
)
def test_report_time_is_local_with_its_offset(reported_at: str, written: str) -> None:
    """Whole seconds, rounded down; the nights of the clock change are in test_planon_dst.py."""
    assert local_time(datetime.fromisoformat(reported_at), ZONE) == written


def test_a_time_beyond_the_calendar_is_refused() -> None:
    """The last hour of the year 9999 has no local form; it is refused, not a defect."""
    with pytest.raises(MalformedRequest) as caught:
        compose(request_of("WBV", reported_at="9999-12-31T23:30:00Z"), rows_of("WBV"))
    assert [violation.field for violation in caught.value.violations] == ["reported_at"]


@pytest.mark.parametrize(
    ("value", "error", "rule"),
    [
        ("KP 4100", DryRunRefused, "as BO_COST_CENTRE, from contract.cost_centre, must match "),
        ("KP-4100 ", DryRunRefused, "as BO_COST_CENTRE, from contract.cost_centre, must match "),
        (None, RuleMissing, "contract.cost_centre is empty, and BO_COST_CENTRE is written from it"),
        ("KP\x00", RuleMissing, "contract.cost_centre holds a character that XML does not keep"),
        ("KP\r\n1", RuleMissing, "contract.cost_centre holds a character that XML does not keep"),
    ],
)
def test_a_bad_row_is_refused_and_named(value: str | None, error: type[RuleMissing], rule: str) -> None:
    """A value of the backend's rows is neither trimmed, nor defaulted, nor sent; the column is named."""
    rows = rows_of("WBV")
    rows = replace(rows, contract={**rows.contract, "cost_centre": value})
    with pytest.raises(error) as caught:
        document(request_of("WBV"), rows)
    (violation,) = caught.value.violations
    assert violation.field == "tenant"
    assert violation.rule.startswith(rule)


def test_image_names_that_the_list_cannot_hold_are_in_the_description() -> None:
    """Ten names of visible control characters are longer than the list; the description has them all the same."""
    request = request_of("WBV", images=["\x85" * 120] * 10)
    composed = compose(request, rows_of("WBV"))
    (left_out,) = [it for it in composed.elements if it.name == "BO_ATTACHMENTS"]
    assert left_out.value is None
    assert left_out.rule == "left out: longer than 1209 characters; the description has the image names"
    text = "".join(it.value or "" for part in (composed, *composed.rest) for it in part.elements if it.personal)
    assert text.count("[U+0085]") >= 1190
