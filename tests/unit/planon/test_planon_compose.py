from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from adapters.planon.compose import local_time, note_elements, placeholder
from adapters.planon.documents import Documents
from adapters.planon.elements import provenance
from contracts.delivery import Source
from contracts.errors import DryRunRefused, RuleMissing
from contracts.facility import FacilityNoteRequest
from tests.unit.planon.planon_rows import NAMES, READ_AT, REFERENCE, ZONE, compose, request_of, rows_of

SNAPSHOTS = Path(__file__).parents[3] / "fixtures" / "snapshots" / "planon"
DOCUMENTS = Documents(NAMES)
DELIVERY = "dl_" + "0" * 32


def note_request(**changes: object) -> FacilityNoteRequest:
    request = {"tenant": "TNT-WBV", "text": "het lekt nog", "reported_at": "2026-11-19T21:14:03Z"}
    return FacilityNoteRequest.model_validate(request | changes)


@pytest.mark.parametrize("mandant", ["WBV", "SCH"])
def test_an_incident_is_these_bytes(mandant: str) -> None:
    """Same request, same rows, same bytes: what was accepted last year can be composed again."""
    body = DOCUMENTS.incident(compose(request_of(mandant), rows_of(mandant)))
    assert body == (SNAPSHOTS / f"incident-{mandant.lower()}.xml").read_bytes()


def test_a_note_is_these_bytes() -> None:
    """A note has no declaration, so that it can go into an envelope as it is."""
    elements = note_elements(note_request(incident="INC-000482"), REFERENCE, "INC-000482", NAMES.note, ZONE)
    assert DOCUMENTS.note(elements) == (SNAPSHOTS / "note.xml").read_bytes()


def test_priority_is_coded_by_mandant() -> None:
    """Priority 2 is code 2 for the housing association and code 1 for the schools."""
    codes = {
        mandant: next(it.value for it in compose(request_of(mandant), rows_of(mandant)) if it.name == "BO_PRIORITY")
        for mandant in ("WBV", "SCH")
    }
    assert codes == {"WBV": "2", "SCH": "1"}


def test_every_element_has_a_source() -> None:
    """Each of the elements says by which rule and from which row it came; a person's words are not repeated."""
    sources = provenance(compose(request_of("SCH"), rows_of("SCH")))
    assert len(sources) == 18
    by_name = {source.element: source for source in sources}
    assert by_name["BO_PRIORITY"] == Source(
        "BO_PRIORITY",
        "1",
        "severity high is priority 2, which mandant SCH codes 1",
        "replica priority_matrix CTR-SCH-01, read 2026-11-19T21:00:00+00:00",
    )
    assert by_name["BO_DESCRIPTION"].value is None
    assert by_name["BO_ATTACHMENTS"].value is None
    assert all(source.rule and source.origin for source in sources)
    assert "lekt" not in str(sources)
    assert "IMG_" not in str(sources)


def test_kept_rows_are_named_as_such() -> None:
    """Whoever reads the provenance sees that the replica was down."""
    sources = provenance(compose(request_of("WBV"), rows_of("WBV", kept=True)))
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


@pytest.mark.parametrize(("severity", "rule"), [("low", "not in the priority matrix"), ("normal", "has no code")])
def test_a_severity_without_a_priority_is_refused(severity: str, rule: str) -> None:
    """A hole in the rules is named; no priority is invented."""
    with pytest.raises(RuleMissing) as caught:
        compose(request_of("WBV", severity=severity), rows_of("WBV"))
    (violation,) = caught.value.violations
    assert violation.field == "severity"
    assert rule in violation.rule


def test_a_contract_of_another_mandant_is_refused() -> None:
    """The mandant decides the priority code, so two different ones are no basis."""
    rows = replace(rows_of("WBV"), contract=rows_of("SCH").contract)
    with pytest.raises(RuleMissing) as caught:
        compose(request_of("WBV"), rows)
    assert [violation.field for violation in caught.value.violations] == ["tenant"]


def test_an_asset_elsewhere_is_left_out() -> None:
    """An asset at another location is somebody else's."""
    names = [it.name for it in compose(request_of("WBV"), rows_of("WBV"), "LOC-20002") if it.value is not None]
    assert "BO_ASSET" not in names


@pytest.mark.parametrize(
    ("reported_at", "written"),
    [
        ("2026-11-19T21:14:03.999999+00:00", "2026-11-19T22:14:03+01:00"),
        ("2026-07-01T22:14:03+02:00", "2026-07-01T22:14:03+02:00"),
        # The clock shows 02:30 twice in this night.
        ("2026-10-25T00:30:00+00:00", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25T02:30:00+01:00"),
    ],
)
def test_report_time_is_local_with_its_offset(reported_at: str, written: str) -> None:
    """Whole seconds, rounded down, and the right one of the two in the hour that the clock repeats."""
    assert local_time(datetime.fromisoformat(reported_at), ZONE) == written


def test_a_document_that_breaks_the_schema_is_refused() -> None:
    """A padded key from the backend's rows is neither trimmed nor sent."""
    rows = rows_of("WBV")
    rows = replace(rows, contract={**rows.contract, "cost_centre": "KP 4100"})
    with pytest.raises(DryRunRefused) as caught:
        DOCUMENTS.incident(compose(request_of("WBV"), rows))
    assert [violation.field for violation in caught.value.violations] == ["BO_COST_CENTRE"]


def test_a_placeholder_cannot_come_from_the_text() -> None:
    """A text that guesses the placeholder gets another one, so it occurs exactly once in the document."""
    text = f"PARENT-{REFERENCE}-0 PARENT-{REFERENCE}-1"
    word = placeholder(REFERENCE, text)
    request = note_request(text=text, delivery=DELIVERY)
    body = DOCUMENTS.note(note_elements(request, REFERENCE, word, NAMES.note, ZONE))
    assert body.count(word.encode()) == 1
