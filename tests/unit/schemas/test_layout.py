from pathlib import Path
from typing import Any

import pytest
import xmlschema
from lxml import etree

import schemas
from schemas.definitions import LayoutUnreadable
from schemas.layout import Layout, Place
from tests.unit.schemas.generated import SCHEMAS, layout_of

HEAD = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:x" targetNamespace="urn:x" '
    'elementFormDefault="qualified">'
)


def layout(folder: Path, inside: str, head: str = HEAD) -> Layout:
    file = folder / "site.xsd"
    file.write_text(f"{head}{inside}</xs:schema>")
    return Layout(file, "Root")


def root(inside: str) -> str:
    return f'<xs:element name="Root"><xs:complexType>{inside}</xs:complexType></xs:element>'


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_layout_is_what_the_schema_says(schema: str) -> None:
    """Order and necessity are those of a validator that knows all of XML Schema."""
    explaining = xmlschema.XMLSchema(str(schemas.path(f"xsd/{schema}")))
    content: Any = explaining.elements[SCHEMAS[schema]].type
    elements = content.content.iter_elements()
    expected = [(element.local_name, element.min_occurs > 0) for element in elements]
    read = layout_of(schema)
    assert [(place.name, place.mandatory) for place in read.places] == expected
    assert read.namespace == explaining.target_namespace


def test_lengths_and_values_follow_the_types() -> None:
    """A length may stand in a type further down; a value is tried in the type that the profile has redefined."""
    read = layout_of("appsuite/incident-sla-wbv.xsd")
    lengths = {place.name: place.max_length for place in read.places}
    assert (lengths["BO_DESCRIPTION"], lengths["BO_SLA"], lengths["BO_PRIORITY"]) == (6000, 20, None)
    assert [code for code in range(-1, 7) if read.accepts("BO_PRIORITY", str(code))] == [1, 2, 3, 4]
    assert not read.accepts("BO_MANDANT", "SCH")
    assert read.accepts("BO_CALLBACK_WANTED", "true")
    assert not read.accepts("BO_CALLBACK_WANTED", "ja")
    assert not read.accepts("BO_FLOOR", "\x00")


def test_groups_extensions_and_references_are_followed(tmp_path: Path) -> None:
    """What is optional around an element makes it optional; a choice demands none of its elements."""
    inside = (
        '<xs:complexType name="Base"><xs:sequence><xs:element name="a" type="xs:string"/></xs:sequence>'
        "</xs:complexType>"
        '<xs:group name="More"><xs:sequence><xs:element name="b"><xs:simpleType><xs:restriction base="xs:string">'
        '<xs:length value="7"/></xs:restriction></xs:simpleType></xs:element></xs:sequence></xs:group>'
        '<xs:element name="c" type="xs:int"/>'
        + root(
            '<xs:complexContent><xs:extension base="Base"><xs:sequence><xs:group ref="More"/>'
            '<xs:sequence minOccurs="0"><xs:element ref="c"/></xs:sequence>'
            '<xs:choice><xs:element name="d" type="xs:string"/><xs:element name="e"><xs:complexType/></xs:element>'
            '</xs:choice></xs:sequence><xs:attribute name="x"/></xs:extension></xs:complexContent>'
        )
    )
    read = layout(tmp_path, inside)
    assert read.places == (
        Place("a", True, None, True, True),
        Place("b", True, 7, True, True),
        Place("c", False, None, True, False),
        Place("d", False, None, True, True),
        Place("e", False, None, False, False),
    )
    assert read.accepts("c", "5")
    assert not read.accepts("c", "five")
    assert read.accepts("b", "seven  ")


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ('<xs:element name="Other" type="xs:string"/>', "no global element Root"),
        ('<xs:element name="Root" type="xs:string"/>', "holds no elements"),
        (root('<xs:sequence><xs:element name="a" type="xs:int" form="unqualified"/></xs:sequence>'), "not qualified"),
    ],
)
def test_what_is_not_understood_is_an_error(tmp_path: Path, inside: str, what: str) -> None:
    """No order, length or necessity is guessed."""
    with pytest.raises(LayoutUnreadable, match=what):
        layout(tmp_path, inside)


@pytest.mark.parametrize(
    "inside",
    [
        '<xs:element name="Root" type="Unknown"/>',
        root('<xs:group ref="Unknown"/>'),
        root('<xs:sequence><xs:element ref="Unknown"/></xs:sequence>'),
        '<xs:simpleType name="T"><xs:restriction base="T"/></xs:simpleType>'
        + root('<xs:sequence><xs:element name="a" type="T"/></xs:sequence>'),
    ],
)
def test_what_libxml2_does_not_take_is_an_error(tmp_path: Path, inside: str) -> None:
    """Unknown types and groups, and a type that is its own base, at which reading would never end."""
    with pytest.raises(etree.XMLSchemaParseError):
        layout(tmp_path, inside)


def test_what_is_no_schema_is_an_error(tmp_path: Path) -> None:
    """Other documents, no XML, and a schema without a namespace."""
    file = tmp_path / "site.xsd"
    for text in ("<a/>", ""):
        file.write_text(text)
        with pytest.raises(etree.LxmlError):
            Layout(file, "Root")
    file.write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>')
    with pytest.raises(LayoutUnreadable, match=r"site\.xsd has no target namespace"):
        Layout(file, "Root")
