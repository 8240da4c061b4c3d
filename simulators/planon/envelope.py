"""SOAP 1.1 envelopes: reading the one call of a body, and writing an answer or a fault."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from schemas.xml import parse
from simulators.planon.exchange import Answer
from simulators.planon.index import SEARCHABLE
from simulators.planon.sessions import SoapFault

_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_SHARED: Final = "urn:planon:webservices:1"
_ENVELOPE_12: Final = "http://www.w3.org/2003/05/soap-envelope"
_XML_12: Final = "application/soap+xml; charset=utf-8"

Record = Sequence[tuple[str, str | int | None]]
"""Element names and values of a record in the schema's order; None becomes nil."""


@dataclass(frozen=True, slots=True)
class Call:
    """The first child of a SOAP body."""

    element: etree._Element

    @property
    def namespace(self) -> str:
        """Namespace of the operation's element."""
        return etree.QName(self.element).namespace or ""

    @property
    def operation(self) -> str:
        """Name of the operation."""
        return etree.QName(self.element).localname

    def text(self, number: int) -> str:
        """Return the text of an argument."""
        return self._argument(number).text or ""

    def filters(self) -> dict[str, str]:
        """Return wanted values by field name, from args1."""
        wanted: dict[str, str] = {}
        for item in self._argument(1).iterfind(f"{{{_SHARED}}}fieldFilters"):
            name, value, operator = (
                item.findtext(f"{{{_SHARED}}}{part}") for part in ("fieldName", "filterValue", "operator")
            )
            if name not in SEARCHABLE or operator != "EQUALS" or value is None:
                raise SoapFault("Filter is not supported")
            wanted[name] = value
        if not wanted:
            raise SoapFault("A filter is needed")
        return wanted

    def _argument(self, number: int) -> etree._Element:
        found = self.element.find(f"{{{self.namespace}}}args{number}")
        if found is None:
            raise SoapFault(f"args{number} is missing")
        return found


def read(envelope: bytes) -> Call:
    """Return the call in an envelope.

    Raises:
        XmlRefused: if it is no XML.
        SoapFault: if it is no SOAP 1.1 envelope with one call.
    """
    root = parse(envelope)
    body = root.find(f"{{{_ENVELOPE}}}Body")
    if root.tag != f"{{{_ENVELOPE}}}Envelope" or body is None or len(body) != 1:
        raise SoapFault("Not a SOAP 1.1 envelope with one call")
    return Call(body[0])


def answer(call: Call, returned: Sequence[str | int | Record]) -> Answer:
    """Return the response to a call with one `return` element per value."""
    root, body = _envelope()
    response = etree.SubElement(body, f"{{{call.namespace}}}{call.operation}Response", nsmap={"ns": call.namespace})
    for value in returned:
        element = etree.SubElement(response, f"{{{call.namespace}}}return")
        if isinstance(value, str | int):
            element.text = str(value)
        else:
            _fill(element, call.namespace, value)
    return Answer(200, _serialised(root))


def fault(code: str, text: str) -> Answer:
    """Return a fault; `code` is Client or Server."""
    root, body = _envelope()
    element = etree.SubElement(body, f"{{{_ENVELOPE}}}Fault")
    etree.SubElement(element, "faultcode").text = f"soapenv:{code}"
    etree.SubElement(element, "faultstring").text = text
    return Answer(500, _serialised(root))


def fault_12(text: str) -> Answer:
    """Return a fault in an envelope of SOAP 1.2, which nobody has asked for."""
    names = {
        part: f"{{{_ENVELOPE_12}}}{part}" for part in ("Envelope", "Body", "Fault", "Code", "Value", "Reason", "Text")
    }
    root = etree.Element(names["Envelope"], nsmap={"env": _ENVELOPE_12})
    element = etree.SubElement(etree.SubElement(root, names["Body"]), names["Fault"])
    etree.SubElement(etree.SubElement(element, names["Code"]), names["Value"]).text = "env:Receiver"
    reason = etree.SubElement(etree.SubElement(element, names["Reason"]), names["Text"])
    reason.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    reason.text = text
    return Answer(500, _serialised(root), _XML_12)


def _fill(element: etree._Element, namespace: str, record: Record) -> None:
    for name, value in record:
        child = etree.SubElement(element, f"{{{namespace}}}{name}")
        if value is None:
            child.set(_NIL, "true")
        else:
            child.text = str(value)


def _envelope() -> tuple[etree._Element, etree._Element]:
    root = etree.Element(f"{{{_ENVELOPE}}}Envelope", nsmap={"soapenv": _ENVELOPE})
    return root, etree.SubElement(root, f"{{{_ENVELOPE}}}Body")


def _serialised(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
