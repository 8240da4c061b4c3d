from collections.abc import Callable
from functools import cache
from itertools import product

import pytest
import xmlschema
from lxml import etree

import schemas
from schemas.dry_run import DryRun

XSD = "{http://www.w3.org/2001/XMLSchema}"
NAMES = ("incident.xsd", "incident-sla.xsd")
MUTATIONS: list[tuple[str, str | None]] = [
    *product(["BO_TENANT_ID", "BO_CONTRACT"], [None, "", "x", "A" * 20, "A" * 21, "A B", "-A", "A\n", "Å"]),
    *product(["BO_PRIORITY"], [None, "", "0", "5", "6", "-1", "+2", "02", " 2 ", "2.0", "two"]),
    *product(["BO_MANDANT"], [None, "SCH", "sch", "WBV ", "WBV|SCH"]),
    *product(
        ["BO_REPORT_DATE", "BO_PLANNED_START"],
        [
            None,
            "",
            "2026-11-19T22:14:03+01:00",
            "2026-11-19T22:14:03-00:00",
            "2026-11-19T22:14:03+14:00",
            "2026-11-19T22:14:03+14:01",
            "2026-11-19T22:14:60+01:00",
            "2026-02-29T22:14:03+01:00",
            "2028-02-29T22:14:03+01:00",
            " 2026-11-19T22:14:03+01:00\n",
            "2026-11-19 22:14:03+01:00",
        ],
    ),
    *product(["BO_DESCRIPTION"], [None, "", " ", "\n", "x" * 6000, "x" * 6001, "😱" * 6000, "😱" * 6001]),
    *product(["BO_ESTIMATED_COST"], ["0", "-0.01", "1234567.89", "12345678.90", "1.234", "1e3", ""]),
    *product(["BO_CALLBACK_WANTED"], ["true", "1", "TRUE", ""]),
    *product(["BO_REPORTER_EMAIL"], ["a@b", "a b@c", "a@b@c", "@"]),
    *product(["BO_SEVERITY"], ["high", "High", "1high", "a" * 30, "a" * 31]),
    ("BO_UNHEARD_OF", "1"),
]


@cache
def explaining(schema: str) -> xmlschema.XMLSchema:
    """Return the schema as xmlschema reads it."""
    return xmlschema.XMLSchema(str(schemas.path(f"xsd/appsuite/{schema}")))


@cache
def deciding(schema: str) -> DryRun:
    """Return the dry run of one schema."""
    return DryRun(schemas.path(f"xsd/appsuite/{schema}"))


@pytest.mark.parametrize("schema", NAMES)
@pytest.mark.parametrize(("name", "value"), MUTATIONS)
def test_both_validators_agree(
    incident_document: Callable[..., bytes], schema: str, name: str, value: str | None
) -> None:
    """The validator that decides and the one that explains give the same verdict, so every refusal is explained."""
    document = incident_document(**{name: value})
    decided = deciding(schema).check(document)
    explained = explaining(schema).is_valid(xmlschema.XMLResource(etree.fromstring(document), allow="none"))
    assert (decided == []) == explained
    assert not any(violation.rule.startswith("refused by") for violation in decided)


def test_a_refusal_that_only_one_validator_sees_is_still_a_violation(incident_document: Callable[..., bytes]) -> None:
    """The two are known to differ on digits of other scripts: xmlschema takes an Arabic-Indic two for an integer."""
    document = incident_document(BO_PRIORITY="\u0662")
    assert explaining("incident.xsd").is_valid(xmlschema.XMLResource(etree.fromstring(document), allow="none"))
    (violation,) = deciding("incident.xsd").check(document)
    assert violation.rule == "refused by incident.xsd: SCHEMAV_CVC_DATATYPE_VALID_1_2_1"


def elements(schema: str) -> dict[str, tuple[str, bool]]:
    """Return type and necessity of the elements of an incident, in order."""
    root = etree.parse(str(schemas.path(f"xsd/appsuite/{schema}"))).getroot()
    return {
        element.get("name", ""): (element.get("type", ""), element.get("minOccurs") is None)
        for element in root.iterfind(f".//{XSD}sequence/{XSD}element")
    }


def test_vendor_and_profile_differ_only_in_what_is_mandatory() -> None:
    """Same elements, same order, same types; the profile demands the fifteen and the reference."""
    vendor, profile = elements("incident.xsd"), elements("incident-sla.xsd")
    assert [(name, kind) for name, (kind, _) in vendor.items()] == [(name, kind) for name, (kind, _) in profile.items()]
    assert len(vendor) == 40
    assert [name for name, (_, mandatory) in vendor.items() if mandatory] == ["BO_EXTERNAL_REF"]
    assert sum(mandatory for _, mandatory in profile.values()) == 16
