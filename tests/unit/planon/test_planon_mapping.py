import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import schemas
from adapters.planon.compose import compose_incident, mandant_of
from adapters.planon.documents import Documents
from adapters.planon.forms import Forms, load_forms
from adapters.planon.mapping import PACKAGED, load_mapping
from adapters.planon.notes import compose_note
from contracts.desks import AdapterMisconfigured
from contracts.errors import DryRunRefused
from contracts.facility import FacilityNoteRequest
from schemas.xml import parse
from tests.unit.planon.planon_rows import COLUMNS, REFERENCE, ZONE, request_of, rows_of

SITE = COLUMNS | {"tenant": COLUMNS["tenant"] | {"floor"}}


@pytest.fixture
def site(tmp_path: Path) -> "Site":
    return Site(tmp_path)


class Site:
    """A copy of the shipped mapping and schemas that a site changes."""

    def __init__(self, folder: Path) -> None:
        self.mapping = folder / "tilburg.toml"
        self.xsd = folder / "xsd"
        shutil.copy(PACKAGED, self.mapping)
        shutil.copytree(schemas.path("xsd/PROVENANCE.md").parent, self.xsd)

    def change(self, file: str, *changes: tuple[str, str]) -> None:
        path = self.xsd / file if file else self.mapping
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def forms(self) -> Forms:
        return load_forms(load_mapping(self.mapping), self.mapping, self.xsd, SITE)

    def refused(self) -> str:
        with pytest.raises(AdapterMisconfigured) as caught:
            self.forms()
        return str(caught.value)


def test_the_shipped_mapping_fits_the_shipped_schemas(site: Site) -> None:
    """Sixteen elements of sources and constants, in the schema's order, for both mandants."""
    forms = site.forms()
    assert set(forms.incidents) == {"WBV", "SCH"}
    names = [field.name for field in forms.incidents["WBV"].fields]
    declared = re.findall(r'name="(BO_[A-Z_]+)"', (site.xsd / "appsuite/incident.xsd").read_text(encoding="utf-8"))
    assert names == [name for name in declared if name in names]
    assert sum(field.mandatory for field in forms.incidents["SCH"].fields) == 16
    assert forms.incidents["SCH"].severities == {it: it for it in ["emergency", "high", "normal", "low", "planned"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('BO_SLA = "', 'BO_SAL = "'), "[incident.elements] BO_SAL is not an element of appsuite/incident.xsd"),
        (
            ('BO_SLA = "contract.sla_id"\n', ""),
            "BO_SLA is mandatory in appsuite/incident-sla-wbv.xsd and has no source",
        ),
        (('"contract.sla_id"', '"contract.sla"'), "[incident.elements] BO_SLA has an unknown source, 'contract.sla'"),
        (('BO_SLA = "contract.sla_id"', 'BO_SLA = "sla"'), "BO_SLA has an unknown source, 'sla'"),
        (('"contract.sla_id"', '"asset"'), "BO_SLA is mandatory, and its source asset may be left out"),
        (('BO_STATUS = "REPORTED"', 'BO_STATUS = "NEW"'), "BO_STATUS may not be 'NEW' by appsuite/incident.xsd"),
        (('BO_STATUS = "REPORTED"\n', ""), "[incident] BO_STATUS is mandatory in appsuite/incident-sla-wbv.xsd"),
        (('sms = "SMS"', 'sms = "TEXT"'), "BO_CHANNEL may not be 'TEXT' by appsuite/incident.xsd"),
        (('high = "high"', 'high = "Hoog"'), "BO_SEVERITY may not be 'Hoog' by appsuite/incident.xsd"),
        (('BO_ASSET = "asset"', 'BO_ASSET = "priority"'), "priority must be the source of one element, not of 2"),
        (
            ('BO_ORDER_TYPE = "C', 'BO_SLA = "X"\nBO_ORDER_TYPE = "C'),
            "[incident.constants] BO_SLA has a source already",
        ),
        (("incident-sla-sch.xsd", "incident-sla-vo.xsd"), "incident-sla-vo.xsd"),
        (("incident-sla-sch.xsd", "types.xsd"), "types.xsd has no global element Incident"),
        (
            ('TEXT = "text"', 'TEXTS = "text"'),
            "[note.elements] TEXTS is not an element of planon/communication-log.xsd",
        ),
        (('LOG_TYPE = "TENANT_MESSAGE"', 'LOG_TYPE = "CHAT"'), "LOG_TYPE may not be 'CHAT'"),
        (('email = "EMAIL"\n', ""), "channel has no email"),
        (("sla-wbv.xsd", "sla-sch.xsd"), "BO_MANDANT may not be 'WBV' by appsuite/incident-sla-sch.xsd"),
        (("[mandants.WBV]", "[mandants.WVB]"), "BO_MANDANT may not be 'WVB' by appsuite/incident.xsd"),
        (('high = "high"', 'Hoog = "high"'), "severities.Hoog"),
        (('"Session is not valid"', '" "'), "session.expired"),
        (('expired = "S', 'expirred = ""\nexpired = "S'), "session.expirred"),
        (('by_number = "', 'by_nummer = ""\nby_number = "'), "records.by_nummer"),
    ],
)
def test_a_mapping_that_the_schemas_contradict_is_named(site: Site, change: tuple[str, str], said: str) -> None:
    """Whatever is wrong with a site's names shows at start-up, with the element and the file."""
    site.change("", change)
    refused = site.refused()
    assert said in refused
    assert refused.startswith(("mapping: ", "a schema in "))
    assert str(site.mapping) in refused or str(site.xsd) in refused


_OFFSET = r"[+\-][0-9]{2}:[0-9]{2}"
_KEPT = '<xs:whiteSpace value="preserve"/>'
_PLACE = (
    '<xs:element name="BO_PROPERTY" type="PropertyId" minOccurs="0"/>\n'
    '        <xs:element name="BO_LOCATION" type="LocationId" minOccurs="0"/>'
)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("appsuite/types.xsd", _OFFSET, "", "BO_REPORT_DATE may not be '2026-"),
        ("planon/communication-log.xsd", _OFFSET, "Z", "REPORTED_AT may not be '2026-"),
        ("appsuite/types.xsd", _KEPT, '<xs:pattern value=".*"/>', "BO_DESCRIPTION may not be 'Kraan"),
        ("appsuite/types.xsd", _KEPT, '<xs:whiteSpace value="collapse"/>', "BO_DESCRIPTION does not keep line breaks"),
        ("planon/communication-log.xsd", _KEPT, '<xs:whiteSpace value="replace"/>', "TEXT does not keep line breaks"),
        ("appsuite/incident.xsd", "</xs:sequence>", '</xs:sequence><xs:attribute name="v" use="required"/>', "'v'"),
        ("appsuite/incident.xsd", "</xs:sequence>", '<xs:any namespace="##other"/></xs:sequence>', "Missing child"),
        ("appsuite/incident.xsd", _PLACE, f"<xs:choice>{_PLACE}</xs:choice>", "BO_LOCATION': This element is not"),
        (
            "planon/communication-log.xsd",
            'name="LOG_TYPE" type="LogType"',
            'name="LOG_TYPE" type="LogType" fixed="VISIT"',
            "fixed value",
        ),
    ],
)
def test_a_schema_that_no_document_could_satisfy_is_named(site: Site, file: str, old: str, new: str, said: str) -> None:
    """What every report would be refused for, or lose its line breaks by, shows at start-up and not at 22:14."""
    site.change(file, (old, new))
    refused = site.refused()
    assert said in refused
    assert (file if "types" not in file else "appsuite/incident.xsd") in refused


def test_a_mandant_without_severities_is_named(site: Site) -> None:
    """Every report would be refused."""
    site.change("", *((f'{name} = "{name}"\n', "") for name in ("emergency", "high", "normal", "low")))
    assert "mandant WBV has no severities" in site.refused()


def test_a_mandants_profile_that_demands_more_is_named(site: Site) -> None:
    """A field that one mandant's SLA needs and nothing fills is an error at start-up, naming that profile."""
    site.change(
        "appsuite/incident-sla.xsd", ('name="BO_TRADE" type="Trade" minOccurs="0"', 'name="BO_TRADE" type="Trade"')
    )
    assert "BO_TRADE is mandatory in appsuite/incident-sla-wbv.xsd and has no source" in site.refused()
    site.change("", ("[mandants.SCH]", '[mandants.WBV.constants]\nBO_TRADE = "OTHER"\n\n[mandants.SCH]'))
    assert "BO_TRADE is mandatory in appsuite/incident-sla-sch.xsd and has no source" in site.refused()
    site.change("", ("[mandants.SCH.sev", '[mandants.SCH.constants]\nBO_TRADE = "LIFTS"\n\n[mandants.SCH.sev'))
    trades = {
        code: [field.constant for field in form.fields if field.name == "BO_TRADE"]
        for code, form in site.forms().incidents.items()
    }
    assert trades == {"WBV": ["OTHER"], "SCH": ["LIFTS"]}


def test_the_shorter_of_two_lengths_counts(site: Site) -> None:
    """A mandant's profile may hold less than the vendor's schema."""
    site.change(
        "appsuite/incident-sla-sch.xsd",
        (
            "  </xs:redefine>",
            (
                '<xs:simpleType name="Description"><xs:restriction base="Description"><xs:maxLength value="500"/>'
                "</xs:restriction></xs:simpleType></xs:redefine>"
            ),
        ),
    )
    limits = {code: form.of("description").max_length for code, form in site.forms().incidents.items()}
    assert limits == {"WBV": 6000, "SCH": 500}


def test_a_field_too_short_for_any_text_is_refused(site: Site) -> None:
    """A message would become hundreds of notes."""
    site.change("planon/communication-log.xsd", ('<xs:maxLength value="6000"/>', '<xs:maxLength value="60"/>'))
    assert "TEXT holds only 60 characters of text" in site.refused()


def test_a_number_that_takes_no_placeholder_is_refused(site: Site) -> None:
    """A note waits for its incident with a placeholder, which the dry run sees."""
    site.change("planon/communication-log.xsd", (r"[A-Za-z0-9._/\-]+", "INC-[0-9]{6}"))
    assert "INCIDENT_NUMBER may not be 'PARENT-" in site.refused()


@pytest.fixture
def renamed(site: Site) -> Forms:
    """A site with names, namespaces, lengths and mandatory elements of its own."""
    for file in ("incident.xsd", "incident-sla.xsd", "incident-sla-wbv.xsd", "incident-sla-sch.xsd", "types.xsd"):
        site.change(f"appsuite/{file}", ("urn:appsuite:incident:1", "urn:tilburg:melding:7"))
    for file in ("incident.xsd", "incident-sla.xsd"):
        site.change(f"appsuite/{file}", ("BO_", "MLD_"), ('name="Incident"', 'name="Melding"'))
        site.change(f"appsuite/{file}", ("MLD_DESCRIPTION", "MLD_OMSCHRIJVING"))
    for old, new in (("FLOOR", '"ShortText" minOccurs="0"'), ("TRADE", '"Trade" minOccurs="0"')):
        kind = new.split(" ")[0]
        site.change("appsuite/incident-sla.xsd", (f'name="MLD_{old}" type={new}', f'name="MLD_{old}" type={kind}'))
    site.change("appsuite/types.xsd", ('<xs:maxLength value="6000"/>', '<xs:maxLength value="250"/>'))
    site.change("appsuite/types.xsd", ("[a-z][a-z0-9_]*", "[A-Z][a-z]*"))
    site.change("planon/communication-log.xsd", ('<xs:maxLength value="6000"/>', '<xs:maxLength value="200"/>'))
    site.change("planon/communication-log.xsd", ('"TEXT"', '"TEKST"'), ('"INCIDENT_NUMBER"', '"MELDING"'))
    site.change(
        "",
        ("BO_DESCRIPTION", "MLD_OMSCHRIJVING"),
        ("BO_", "MLD_"),
        ('root = "Incident"', 'root = "Melding"'),
        ('MLD_ASSET = "asset"', 'MLD_ASSET = "asset"\nMLD_FLOOR = "tenant.floor"'),
        ('MLD_ORDER_TYPE = "C', 'MLD_TRADE = "OTHER"\nMLD_ORDER_TYPE = "C'),
        ('TEXT = "text"', 'TEKST = "text"'),
        ("INCIDENT_NUMBER = ", "MELDING = "),
        ('emergency = "emergency"\nhigh = "high"\nnormal = "normal"\nlow = "low"', 'high = "Hoog"'),
        ('planned = "planned"', 'planned = "Gepland"'),
    )
    return site.forms()


def test_a_site_with_its_own_names_works_end_to_end(renamed: Forms) -> None:
    """Only data was changed: names, namespace, order, lengths, severities, mandatory elements."""
    documents, usual = Documents(renamed), rows_of("SCH")
    rows = replace(usual, tenant={**usual.tenant, "floor": "2e"}, matrix={"Hoog": usual.matrix["high"]})
    request = request_of("SCH", asset=None, message="woord " * 100)
    composed = compose_incident(request, REFERENCE, rows, None, renamed, ZONE)
    document = documents.incident(composed, mandant_of(rows), request)
    root = parse(document.body)
    assert root.tag == "{urn:tilburg:melding:7}Melding"
    values = {it.tag.rpartition("}")[2]: it.text or "" for it in root}
    assert (values["MLD_FLOOR"], values["MLD_TRADE"], values["MLD_SEVERITY"]) == ("2e", "OTHER", "Hoog")
    assert (values["MLD_PRIORITY"], len(values["MLD_OMSCHRIJVING"]) <= 250) == ("1", True)
    rest = [parse(it.document.body).findtext("{*}TEKST") or "" for it in document.follow_ons]
    assert len(rest) == 3
    whole = values["MLD_OMSCHRIJVING"] + "".join(text.partition("\n")[2] for text in rest)
    assert f"Verbatim:\n{request.message}\nImages: " in whole
    (source,) = [it for it in document.provenance if it.element == "MLD_TRADE"]
    assert source.origin == "tilburg.toml [incident.constants]"
    note = FacilityNoteRequest.model_validate(
        {"tenant": "TNT-SCH", "incident": "M-1", "text": "lekt nog", "reported_at": "2026-11-19T21:14:03Z"}
    )
    body = documents.note(compose_note(note, REFERENCE, (), renamed.note, ZONE), note).body
    assert b"<MELDING>M-1</MELDING>" in body


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"message": "niet é"}, ["message"]),
        ({"summary": "é"}, ["summary"]),
        ({"summary": "é", "images": ["é.jpg"]}, ["summary", "images"]),
    ],
)
def test_a_site_that_takes_only_ascii_names_the_field(
    site: Site, changes: dict[str, object], fields: list[str]
) -> None:
    """Where summary, message and images share an element, the one that is refused alone is responsible."""
    white = '<xs:maxLength value="6000"/>\n      <xs:whiteSpace value="preserve"/>'
    site.change("appsuite/types.xsd", (white, f'<xs:pattern value="[\\n -~]*"/>{white}'))
    forms, rows = site.forms(), rows_of("WBV")
    request = request_of("WBV", **({"asset": None, "message": "m", "images": []} | changes))
    composed = compose_incident(request, REFERENCE, rows, None, forms, ZONE)
    with pytest.raises(DryRunRefused) as caught:
        Documents(forms).incident(composed, "WBV", request)
    assert [violation.field for violation in caught.value.violations] == fields
    assert "é" not in str(caught.value.violations)
    assert all(it.rule.startswith("as BO_DESCRIPTION must match ") for it in caught.value.violations)
