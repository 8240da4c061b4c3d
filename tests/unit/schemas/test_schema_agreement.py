from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import product

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from lxml import etree

import schemas
from schemas.dry_run import DryRun
from schemas.xml import parse
from tests.unit.schemas.generated import SCHEMAS, XSI, Generated, documents, layout_of

XSD = "{http://www.w3.org/2001/XMLSchema}"
NAMES = ("incident.xsd", "incident-sla.xsd", "incident-sla-wbv.xsd")
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
    assert not any(violation.rule.startswith("is refused by") for violation in decided)


def other_digits(root: etree._Element) -> bool:
    """Whether there are digits of other scripts, which xmlschema takes for a number's."""
    return any(it.isdigit() and not it.isascii() for it in "".join(map(str, root.itertext())))


def other_blanks(root: etree._Element) -> bool:
    """Whether there are blanks between elements that XML does not call white space, and xmlschema does."""
    between = [it.text if len(it) else it.tail for it in root.iter() if len(it) or it is not root] + [root.text]
    return any(text and not text.strip() and text.strip(" \t\r\n") for text in between)


def types_of_its_own(root: etree._Element) -> bool:
    """Whether an element names its own type (xsi:type), at which xmlschema breaks off when it is unknown."""
    return any(f"{XSI}type" in it.attrib for it in root.iter())


@pytest.mark.parametrize("schema", SCHEMAS)
def test_both_validators_agree_on_generated_documents(schema: str) -> None:
    """On documents that are valid or have anything wrong with them, the verdicts are the same and every one explained.

    Three differences are known, named above, and shown below; in each of them the deciding validator refuses.
    """
    file = schemas.path(f"xsd/{schema}")
    dry_run, explains = DryRun(file), xmlschema.XMLSchema(str(file))
    verdicts: set[bool] = set()

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(documents(schema, layout_of(schema)))
    def agree(generated: Generated) -> None:
        document = etree.tostring(generated.root)
        root = parse(document)
        decided = dry_run.check(document)
        verdicts.add(not decided)
        try:
            explained = explains.is_valid(xmlschema.XMLResource(root, allow="none"))
        except xmlschema.XMLSchemaException:
            explained = not decided
            assert types_of_its_own(root)
        if (not decided) != explained:
            assert decided
            assert other_digits(root) or other_blanks(root)
        elif decided and not types_of_its_own(root):
            assert not any("is refused by" in violation.rule for violation in decided)

    agree()
    assert verdicts == {True, False}


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b">2<", ">\u0662<".encode(), "SCHEMAV_CVC_DATATYPE_VALID_1_2_1"),
        (b"<bo:BO_SLA>", "\u00a0<bo:BO_SLA>".encode(), "SCHEMAV_CVC_COMPLEX_TYPE_2_3"),
        (
            b"<bo:BO_SLA>",
            b'<bo:BO_SLA xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="other">',
            "SCHEMAV_CVC_ELT_4_2",
        ),
    ],
)
def test_a_refusal_that_only_one_validator_sees_is_still_a_violation(
    incident_document: Callable[..., bytes], old: bytes, new: bytes, kind: str
) -> None:
    """Digits of other scripts, blanks of other scripts, unknown types: refused, with the kind of libxml2's error."""
    document = incident_document().replace(old, new)
    with suppress(xmlschema.XMLSchemaException):
        assert explaining("incident.xsd").is_valid(xmlschema.XMLResource(etree.fromstring(document), allow="none"))
    (violation,) = deciding("incident.xsd").check(document)
    assert violation.rule == f"is refused by incident.xsd: {kind}"


@pytest.mark.parametrize(("mandant", "codes"), [("wbv", "1234"), ("sch", "01234")])
def test_a_profile_has_the_range_of_its_mandant(
    incident_document: Callable[..., bytes], mandant: str, codes: str
) -> None:
    """Both validators follow the redefinition: the mandant's codes and no others, the mandant and no other."""
    schema = f"incident-sla-{mandant}.xsd"
    for code in range(-1, 7):
        document = incident_document(BO_MANDANT=mandant.upper(), BO_PRIORITY=str(code))
        assert (deciding(schema).check(document) == []) == (str(code) in codes)
        resource = xmlschema.XMLResource(etree.fromstring(document), allow="none")
        assert explaining(schema).is_valid(resource) == (str(code) in codes)
    other = incident_document(BO_MANDANT="SCH" if mandant == "wbv" else "WBV", BO_PRIORITY="2")
    assert [violation.field for violation in deciding(schema).check(other)] == ["BO_MANDANT"]


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
