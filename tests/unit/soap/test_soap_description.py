from pathlib import Path

import pytest

import schemas
from adapters.soap import Http, SoapClient
from adapters.soap.description import DescriptionUnusable, load_description
from adapters.soap.envelope import envelope_around
from schemas.xml import parse

WSDL = schemas.path("wsdl/planon.wsdl")
IMPORT = '<xs:import namespace="urn:planon:communicationlog:1" schemaLocation="../xsd/planon/communication-log.xsd"/>'
HTTP = Http(1, 1)


def copy_importing(folder: Path, location: str) -> Path:
    """Copy the WSDL so that it imports its schema from elsewhere."""
    text = WSDL.read_text(encoding="utf-8")
    assert IMPORT in text
    copy = folder / "planon.wsdl"
    copy.write_text(text.replace("../xsd/planon/communication-log.xsd", location), encoding="utf-8")
    return copy


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_schema_outside_the_folder_is_refused(tmp_path: Path, scheme: str) -> None:
    """An absolute path is not read, although zeep's own forbid_external would let it pass."""
    outside = tmp_path / "outside.xsd"
    outside.write_bytes(schemas.path("xsd/planon/communication-log.xsd").read_bytes())
    folder = tmp_path / "inside"
    folder.mkdir()
    with pytest.raises(DescriptionUnusable):
        load_description(copy_importing(folder, f"{scheme}{outside}"), folder)


def test_a_remote_schema_is_refused(tmp_path: Path) -> None:
    """Nothing is fetched; the suite's closed socket would show an attempt."""
    with pytest.raises(DescriptionUnusable):
        load_description(copy_importing(tmp_path, "http://planon.invalid/log.xsd"), tmp_path)


def test_a_description_with_a_doctype_is_refused(tmp_path: Path) -> None:
    """A WSDL is no place for entities."""
    copy = tmp_path / "planon.wsdl"
    text = WSDL.read_text(encoding="utf-8")
    copy.write_text(text.replace("<wsdl:definitions", "<!DOCTYPE x>\n<wsdl:definitions", 1), encoding="utf-8")
    with pytest.raises(DescriptionUnusable):
        load_description(copy, tmp_path)


def test_a_missing_description_is_named(tmp_path: Path) -> None:
    """The message says which file."""
    with pytest.raises(DescriptionUnusable, match=r"gone\.wsdl"):
        load_description(tmp_path / "gone.wsdl", tmp_path)


def test_a_service_that_is_not_described_is_refused() -> None:
    """At start-up, not at the first call."""
    with pytest.raises(DescriptionUnusable, match="Property"):
        SoapClient(WSDL, WSDL.parent.parent, {"Property": "http://planon.invalid/"}, HTTP)


def test_a_client_knows_its_operations() -> None:
    """What a desk checks before it serves anybody."""
    client = SoapClient(WSDL, WSDL.parent.parent, {"Incident": "http://planon.invalid/"}, HTTP)
    assert client.describes("Incident", "find")
    assert not client.describes("Incident", "save")


def test_frozen_bytes_stay_as_they_are_in_an_envelope() -> None:
    """Quotes, blanks and entities that a serialiser would change are still there."""
    frozen = b"<N xmlns='urn:n'  a = \"1\" ><T>&#x20;&gt;&#62; </T ></N>"
    envelope = envelope_around(frozen, "urn:op", "create", {"args0": "<sid>"})
    assert frozen in envelope
    body = parse(envelope)[0]
    assert body[0].tag == "{urn:op}create"
    assert [(child.tag, child.text) for child in body[0]] == [("{urn:op}args0", "<sid>"), ("{urn:n}N", None)]


def test_a_declaration_cannot_go_into_an_envelope() -> None:
    """It would make the whole request ill-formed."""
    with pytest.raises(ValueError, match="declaration"):
        envelope_around(b'<?xml version="1.0"?><N/>', "urn:op", "create", {})
