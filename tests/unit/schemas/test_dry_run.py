import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import schemas
from contracts.errors import Violation
from schemas.dry_run import DryRun

VENDOR = schemas.path("xsd/appsuite/incident.xsd")
PROFILE = schemas.path("xsd/appsuite/incident-sla.xsd")
FIFTEEN = (
    "BO_TENANT_ID",
    "BO_LOCATION",
    "BO_PROPERTY",
    "BO_PRIORITY",
    "BO_SLA",
    "BO_CONTRACT",
    "BO_REPORT_DATE",
    "BO_DESCRIPTION",
    "BO_MANDANT",
    "BO_SEVERITY",
    "BO_CATEGORY",
    "BO_ORDER_TYPE",
    "BO_STATUS",
    "BO_CHANNEL",
    "BO_COST_CENTRE",
)
Compose = Callable[..., bytes]


@pytest.fixture(scope="module")
def both() -> DryRun:
    """The vendor's schema and the site's profile, as an adapter uses them."""
    return DryRun(VENDOR, PROFILE, free_text={"BO_DESCRIPTION"})


def test_a_valid_document_breaks_no_rule(both: DryRun, incident_document: Compose) -> None:
    """A complete incident passes both steps."""
    assert both.check(incident_document()) == []


@pytest.mark.parametrize("name", FIFTEEN)
def test_only_the_profile_misses_an_sla_field(both: DryRun, incident_document: Compose, name: str) -> None:
    """Each of the fifteen may be missing for the vendor and not for the site."""
    document = incident_document(**{name: None})
    assert DryRun(VENDOR).check(document) == []
    assert both.check(document) == [Violation(name, "is missing, and Incident must have it", line=2)]


def test_every_missing_element_is_named(both: DryRun, incident_document: Compose) -> None:
    """A document without any of the fifteen is told all of them at once."""
    violations = both.check(incident_document(**dict.fromkeys(FIFTEEN)))
    assert {violation.field for violation in violations} == set(FIFTEEN)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("BO_MANDANT", "XYZ", "must be one of WBV, SCH (enumeration)"),
        ("BO_PRIORITY", "6", "must be at most 5 (maxInclusive)"),
        ("BO_PRIORITY", "-1", "must be at least 0 (minInclusive)"),
        ("BO_PRIORITY", "high", "must be a valid integer"),
        ("BO_EXTERNAL_REF", "A" * 33, "has 33 characters, at most 32 are allowed (maxLength)"),
        ("BO_TENANT_ID", " TNT-10001", r"must match [A-Z0-9][A-Z0-9.\-]* (pattern)"),
        ("BO_REPORT_DATE", "2026-02-30T22:14:03+01:00", "must be a valid dateTime"),
        ("BO_ESTIMATED_COST", "12.345", "may have 2 digits behind the point (fractionDigits)"),
    ],
)
def test_a_wrong_value_is_named_with_its_rule(
    both: DryRun, incident_document: Compose, name: str, value: str, rule: str
) -> None:
    """A violation carries element, line, rule and value, once although both schemas refuse it."""
    document = incident_document(**{name: value})
    line = document[: document.index(name.encode())].count(b"\n") + 1
    assert both.check(document) == [Violation(name, rule, value, line)]


@pytest.mark.parametrize(
    "value", ["2026-11-19T22:14:03", "2026-11-19T22:14:03Z", "2026-11-19T22:14:03.5+01:00", "2026-11-19T24:00:00+01:00"]
)
def test_a_report_date_needs_whole_seconds_and_a_numeric_offset(
    both: DryRun, incident_document: Compose, value: str
) -> None:
    """Every other spelling of a time is refused by the pattern."""
    (violation,) = both.check(incident_document(BO_REPORT_DATE=value))
    assert violation.field == "BO_REPORT_DATE"
    assert violation.rule.startswith("must match ")


def test_free_text_is_never_shown(both: DryRun, incident_document: Compose) -> None:
    """A too long description is reported by its length alone."""
    violations = both.check(incident_document(BO_DESCRIPTION="geheim " * 1000))
    rule = "has 7000 characters, at most 6000 are allowed (maxLength)"
    expected = Violation("BO_DESCRIPTION", rule, "(7000 characters)", line=2)
    assert violations == [expected]


def test_characters_are_counted_not_bytes(both: DryRun, incident_document: Compose) -> None:
    """6000 emoji are 24,000 bytes and still fit."""
    assert both.check(incident_document(BO_DESCRIPTION="😱" * 6000)) == []


def test_a_long_value_is_cut(both: DryRun, incident_document: Compose) -> None:
    """At most 80 characters of a value are shown."""
    (violation,) = both.check(incident_document(BO_FLOOR="b" * 500))
    assert violation.value == "b" * 79 + "…"


def test_an_unknown_element_is_named(both: DryRun, incident_document: Compose) -> None:
    """An element that no schema knows is named, once."""
    violations = both.check(incident_document(BO_NONSENSE="1"))
    assert violations == [Violation("BO_NONSENSE", "is no element of Incident", line=5)]


def test_a_repeated_and_a_misplaced_element_are_told_apart(both: DryRun, incident_document: Compose) -> None:
    """Twice the same element, and the right elements in the wrong order, give different rules."""
    last = b"<bo:BO_COST_CENTRE>KP-4100</bo:BO_COST_CENTRE>"
    document = incident_document()
    twice = both.check(document.replace(last, last + last))
    moved = both.check(document.replace(last, b"").replace(b"<bo:BO_EXTERNAL_REF>", last + b"<bo:BO_EXTERNAL_REF>"))
    assert twice == [Violation("BO_COST_CENTRE", "is there 2 times, 1 is allowed (maxOccurs)", line=5)]
    assert moved == [Violation("Incident", "does not have its elements in the schema's order", line=2)]


@pytest.mark.parametrize(
    ("document", "field", "rule", "line"),
    [
        (b"<Incident/>", "Incident", "is not a root element of the schema", 1),
        (b"", "document", "is not well-formed XML", 1),
        (b"<!DOCTYPE Incident><Incident/>", "document", "has a DOCTYPE", None),
    ],
)
def test_what_is_no_incident_is_refused(both: DryRun, document: bytes, field: str, rule: str, line: int | None) -> None:
    """Other roots, no XML and a DOCTYPE are violations, not exceptions."""
    assert both.check(document) == [Violation(field, rule, line=line)]


def test_one_dry_run_serves_many_threads(both: DryRun, incident_document: Compose) -> None:
    """Good and bad documents checked at the same time do not mix."""
    good, bad = incident_document(), incident_document(BO_MANDANT="XYZ")
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(both.check, [good, bad] * 200))
    assert all(not verdict for verdict in verdicts[::2])
    assert all([v.field for v in verdict] == ["BO_MANDANT"] for verdict in verdicts[1::2])


def test_a_note_is_validated_like_an_incident() -> None:
    """The communication log's schema accepts its document and refuses another log type."""
    note = DryRun(schemas.path("xsd/planon/communication-log.xsd"), free_text={"TEXT"})
    document = (
        '<CommunicationLog xmlns="urn:planon:communicationlog:1"><INCIDENT_NUMBER>INC-000001</INCIDENT_NUMBER>'
        "<TENANT_ID>TNT-10001</TENANT_ID><REPORTED_AT>2026-11-19T22:20:00+01:00</REPORTED_AT><TEXT>Nog steeds</TEXT>"
        "<EXTERNAL_REF>DEMO-A</EXTERNAL_REF><LOG_TYPE>{}</LOG_TYPE></CommunicationLog>"
    )
    assert note.check(document.format("TENANT_MESSAGE").encode()) == []
    (violation,) = note.check(document.format("GOSSIP").encode())
    assert (violation.field, violation.value) == ("LOG_TYPE", "GOSSIP")


def test_a_valid_document_does_not_load_xmlschema() -> None:
    """Start-up and the good path never pay for the explaining validator."""
    script = "import sys, schemas.dry_run; sys.exit('xmlschema' in sys.modules)"
    root = Path(schemas.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=root).returncode == 0


def test_an_unknown_schema_file_is_an_error() -> None:
    """A mistyped name fails at once."""
    with pytest.raises(FileNotFoundError, match=r"incidents\.xsd"):
        schemas.path("xsd/appsuite/incidents.xsd")
