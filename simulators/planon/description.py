"""The WSDL that a service can be told to serve itself, as many servers do for whoever asks with `?wsdl`."""

from typing import Final

from lxml import etree

import schemas
from schemas.xml import parse

_WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_SERVICES: Final = ("PlanonSession", "Incident", "CommunicationLog")
_LOST: Final = "find"


def description(service: str, *, changed: bool) -> bytes | None:
    """Return the WSDL of a service; None of one that there is not.

    Args:
        service: as in its address.
        changed: whether it has lost an operation since.
    """
    if service not in _SERVICES:
        return None
    root = parse(schemas.path("wsdl/planon.wsdl").read_bytes())
    if changed:
        for port in root.iterfind(f"{_WSDL}portType"):
            for operation in port.findall(f"{_WSDL}operation"):
                if operation.get("name") == _LOST:
                    port.remove(operation)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
