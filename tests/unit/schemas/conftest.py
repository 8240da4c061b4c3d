from collections.abc import Callable

import pytest
from lxml import etree

import schemas

NAMESPACE = "urn:appsuite:incident:1"
XSD = "{http://www.w3.org/2001/XMLSchema}"
FIELDS = {
    "BO_EXTERNAL_REF": "DEMO-ABCDEFGHIJ234567",
    "BO_TENANT_ID": "TNT-10001",
    "BO_MANDANT": "WBV",
    "BO_CONTRACT": "CTR-WBV-01",
    "BO_SLA": "SLA-WBV-STD",
    "BO_PROPERTY": "PRP-01",
    "BO_LOCATION": "LOC-20001",
    "BO_ORDER_TYPE": "CORRECTIVE",
    "BO_CATEGORY": "DWELLING_REPAIR",
    "BO_SEVERITY": "high",
    "BO_PRIORITY": "2",
    "BO_STATUS": "REPORTED",
    "BO_CHANNEL": "WHATSAPP",
    "BO_REPORT_DATE": "2026-11-19T22:14:03+01:00",
    "BO_DESCRIPTION": "Kraan in keuken lekt\n\nVerbatim: kraan lekt 😱",
    "BO_COST_CENTRE": "KP-4100",
}

Compose = Callable[..., bytes]


@pytest.fixture(scope="session")
def incident_document() -> Compose:
    """Compose an incident: valid unless changed; a field set to None is left out."""
    declared = etree.parse(str(schemas.path("xsd/appsuite/incident.xsd"))).iter(f"{XSD}element")
    order = [name for element in declared if (name := element.get("name")) and name.startswith("BO_")]

    def compose(**changes: str | None) -> bytes:
        fields = FIELDS | changes
        root = etree.Element(f"{{{NAMESPACE}}}Incident", nsmap={"bo": NAMESPACE})
        for name in sorted(fields, key=lambda name: order.index(name) if name in order else len(order)):
            if fields[name] is not None:
                etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = fields[name]
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    return compose
