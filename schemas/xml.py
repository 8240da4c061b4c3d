"""The one XML parser: everything that arrives as XML goes through it, so its limits hold everywhere.

A DOCTYPE is refused as a whole. Turning entities off alone is not enough: lxml then silently drops their text.
"""

from typing import Final

from lxml import etree

LIMIT_BYTES: Final = 1_048_576
"""The longest business document has 12 kB in UTF-8; a megabyte is a mistake or an attack."""


class XmlRefused(ValueError):
    """Raised when bytes are not a well-formed document within the limits.

    Attributes:
        reason: what is wrong, without any of the document's text.
        line: where, when the parser knows.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"{reason} (line {line})")
        self.reason = reason
        self.line = line


def parse(document: bytes, limit_bytes: int = LIMIT_BYTES) -> etree._Element:
    """Parse a document without DTD, entities, network, comments or processing instructions.

    Raises:
        XmlRefused: if it is too long, not well-formed or has a DOCTYPE.
    """
    if len(document) > limit_bytes:
        raise XmlRefused(f"has {len(document)} bytes, at most {limit_bytes} are read")
    try:
        root = etree.fromstring(document, _parser())
    except etree.XMLSyntaxError as error:
        raise XmlRefused("is not well-formed XML", error.lineno) from error
    # Any DOCTYPE, even an empty one, leaves an internal subset behind.
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("has a DOCTYPE")
    return root


def _parser() -> etree.XMLParser:
    # One per call: an lxml parser is locked while it is in use. collect_ids stays at its default, because switching it
    # off makes libxml2 load a local external DTD.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
