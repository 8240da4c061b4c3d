from collections.abc import Callable

import pytest
from lxml import etree

import schemas
from tests.incident import FIELDS, NAMESPACE

XSD = "{http://www.w3.org/2001/XMLSchema}"

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
