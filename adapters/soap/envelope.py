"""Puts frozen bytes into a SOAP 1.1 envelope without parsing them, so that what was validated is what is sent."""

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"


def envelope_around(frozen: bytes, namespace: str, operation: str, arguments: Mapping[str, str]) -> bytes:
    """Return an envelope whose operation element holds `arguments` and then `frozen`, byte for byte.

    Args:
        frozen: one element in UTF-8, without an XML declaration, that declares its own namespace.
        namespace: of the operation element.
        operation: its local name.
        arguments: leading child elements in the operation's namespace, in order.

    Raises:
        ValueError: `frozen` begins with a declaration, which is not allowed inside a document.
    """
    if frozen.lstrip().startswith(b"<?"):
        raise ValueError("a declaration cannot stand inside an envelope")
    head = "".join(f"<op:{name}>{escape(value)}</op:{name}>" for name, value in arguments.items())
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n',
            f"<env:Envelope xmlns:env={quoteattr(SOAP_11)}><env:Body>".encode(),
            f"<op:{operation} xmlns:op={quoteattr(namespace)}>{head}".encode(),
            frozen,
            f"</op:{operation}></env:Body></env:Envelope>".encode(),
        )
    )
