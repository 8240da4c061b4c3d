from pathlib import Path

import pytest
from lxml import etree

import schemas
from adapters.soap.described import ReplySchema
from adapters.soap.description import load_description
from schemas.xml import parse

WSDL = schemas.path("wsdl/planon.wsdl")
INCIDENT = "urn:planon:webservices:incident:1"
SHARED = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" xmlns:t="urn:t"
    elementFormDefault="qualified">%s</xs:schema>"""
FIRST = SHARED % '<xs:include schemaLocation="parts.xsd"/><xs:element name="a" type="t:Short"/>'
SECOND = SHARED % '<xs:element name="b" type="xs:int"/>'
PARTS = SHARED % '<xs:simpleType name="Short"><xs:restriction base="xs:string"><xs:maxLength value="3"/>'
PARTS = PARTS.replace("</xs:schema>", "</xs:restriction></xs:simpleType></xs:schema>")


def split(*, parts: str = PARTS) -> ReplySchema:
    """Two schemas of one namespace in a WSDL, one of which includes a file, as generators write them."""
    types = f'<w:types xmlns:w="http://schemas.xmlsoap.org/wsdl/">{FIRST}{SECOND}</w:types>'
    return ReplySchema({Path("/site/x.wsdl"): types.encode(), Path("/site/parts.xsd"): parts.encode()})


@pytest.mark.parametrize(
    ("reply", "flaw"),
    [
        ('<a xmlns="urn:t">abc</a>', None),
        ('<a xmlns="urn:t">abcd</a>', "it breaks a rule of its schema (line 1)"),
        ('<b xmlns="urn:t">7</b>', None),
        ('<b xmlns="urn:t">seven</b>', "a value is not of its type (line 1)"),
        ('<c xmlns="urn:t"/>', "it is not described at all (line 1)"),
    ],
)
def test_schemas_of_one_namespace_are_one(reply: str, flaw: str | None) -> None:
    """libxml2 by itself would take the first and overlook the rest."""
    assert split().flaw(parse(reply.encode())) == flaw


def test_an_inclusion_that_is_not_there_is_refused() -> None:
    """It was not loaded from the site's folder, so it is not read from elsewhere."""
    with pytest.raises(LookupError):
        ReplySchema({Path("/site/x.xsd"): FIRST.encode()})


def test_a_schema_that_is_none_is_refused() -> None:
    """At start-up."""
    with pytest.raises(etree.XMLSchemaParseError):
        split(parts=PARTS.replace("xs:string", "xs:nothing"))


def test_the_packaged_description_judges_replies() -> None:
    """Its types come from three schemas in the WSDL and one file beside it."""
    _, schema = load_description(WSDL, WSDL.parent.parent)
    found = f'<r:findResponse xmlns:r="{INCIDENT}"><r:return>%s</r:return></r:findResponse>'
    assert schema.flaw(parse((found % "7").encode())) is None
    told = schema.flaw(parse((found % "Jansen").encode()))
    assert told == "a value is not of its type (line 1)"
