"""The one XML parser: everything that arrives as XML goes through it, so its limits hold everywhere.

A DOCTYPE is refused as a whole, before libxml2 sees it: turning entities off alone is not enough, because lxml then
silently drops their text. Only encodings in which a byte below 128 is that ASCII character are read, so that what is
looked for in the bytes is what the parser sees.
"""

import re
from collections.abc import Mapping
from typing import Final

from lxml import etree

LIMIT_BYTES: Final = 1_048_576
"""The longest business document has 12 kB in UTF-8; a megabyte is a mistake or an attack."""
LIMIT_TAGS: Final = 40_000
"""A document has some eighty, at start and end; a megabyte of empty ones would take 30 MB of memory."""

_ENCODINGS: Final = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"})
_UTF_8_BOM: Final = b"\xef\xbb\xbf"
_WIDE_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_DECLARATION: Final = b"<?xml"
_DECLARATION_BYTES: Final = 200
_DECLARED: Final = re.compile(rb"""encoding\s*=\s*["']([^"']*)["']""")
_SKIPPED: Final = ((b"<?", b"?>"), (b"<!--", b"-->"))
_NOT_WELL_FORMED: Final = "is not well-formed XML"

_CODES: Final = etree.ErrorTypes
_CAUSES: Final[Mapping[int, str]] = {
    _CODES.ERR_INVALID_CHAR: "a character that XML forbids",
    _CODES.ERR_INVALID_CHARREF: "a reference to a character that XML forbids",
    _CODES.ERR_INVALID_ENCODING: "bytes that its encoding does not have",
    _CODES.ERR_UNDECLARED_ENTITY: "an entity that is not declared",
    _CODES.ERR_ENTITYREF_SEMICOL_MISSING: "an ampersand that begins no entity",
    _CODES.ERR_NAME_REQUIRED: "a name is missing",
    _CODES.ERR_DOCUMENT_END: "something behind its end",
    _CODES.ERR_TAG_NAME_MISMATCH: "an end tag that belongs to no start tag",
    _CODES.ERR_TAG_NOT_FINISHED: "it breaks off inside an element",
    _CODES.ERR_GT_REQUIRED: "it breaks off inside a tag",
    _CODES.ERR_CDATA_NOT_FINISHED: "it breaks off inside a CDATA section",
    _CODES.ERR_COMMENT_NOT_FINISHED: "it breaks off inside a comment",
    _CODES.ERR_PI_NOT_FINISHED: "it breaks off inside a processing instruction",
    _CODES.ERR_ATTRIBUTE_REDEFINED: "an attribute that is there twice",
    _CODES.ERR_ATTRIBUTE_NOT_STARTED: "an attribute without quotes",
    _CODES.ERR_LT_IN_ATTRIBUTE: "markup in an attribute",
    _CODES.ERR_RESERVED_XML_NAME: "a declaration that is not at its beginning",
    _CODES.ERR_MISPLACED_CDATA_END: "the end of a CDATA section that did not begin",
    _CODES.ERR_VERSION_MISSING: "a declaration without a version",
    _CODES.NS_ERR_UNDEFINED_NAMESPACE: "a prefix that is not declared",
}
"""What libxml2's codes mean. Its own messages quote the document."""
_TOO_DEEP: Final = frozenset({_CODES.ERR_RESOURCE_LIMIT, _CODES.ERR_NAME_TOO_LONG})


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
        XmlRefused: if it is too long, not well-formed, in another encoding than UTF-8, ASCII, ISO-8859-1 or
            Windows-1252, or has a DOCTYPE.
    """
    _refuse_before_parsing(document, limit_bytes)
    try:
        root = etree.fromstring(document, _parser())
    except etree.XMLSyntaxError as error:
        raise XmlRefused(_cause(error), error.lineno) from error
    # Any DOCTYPE, even an empty one, leaves an internal subset behind.
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("has a DOCTYPE")
    return root


def _refuse_before_parsing(document: bytes, limit_bytes: int) -> None:
    if len(document) > limit_bytes:
        raise XmlRefused(f"has {len(document)} bytes, at most {limit_bytes} are read")
    if document.startswith(_WIDE_BOMS):
        raise XmlRefused("is in UTF-16 or UTF-32, which is not read")
    if b"\x00" in document:
        raise XmlRefused("holds a NUL byte")
    if document.count(b"<") > LIMIT_TAGS:
        raise XmlRefused(f"has more than {LIMIT_TAGS} tags")
    text = document.removeprefix(_UTF_8_BOM)
    encoding = _declared_encoding(text)
    if encoding not in _ENCODINGS:
        raise XmlRefused("declares an encoding that is not read")
    if text is not document and encoding != "utf-8":
        raise XmlRefused("begins with the mark of UTF-8 and declares another encoding")
    if _doctype_first(text):
        raise XmlRefused("has a DOCTYPE")


def _declared_encoding(text: bytes) -> str:
    if not text.startswith(_DECLARATION):
        return "utf-8"
    end = text.find(b"?>", 0, _DECLARATION_BYTES)
    if end < 0:
        raise XmlRefused(f"has a declaration of more than {_DECLARATION_BYTES} bytes, or one without an end")
    declared = _DECLARED.search(text, 0, end)
    return declared[1].decode("ascii", "replace").lower() if declared else "utf-8"


def _doctype_first(text: bytes) -> bool:
    """Whether the first markup that is neither a comment nor an instruction is a DOCTYPE: it can stand nowhere else."""
    at = 0
    while (at := text.find(b"<", at)) >= 0:
        end = next((ends for begins, ends in _SKIPPED if text.startswith(begins, at)), None)
        if end is None:
            return text.startswith(b"<!DOCTYPE", at)
        at = text.find(end, at + 2)
        if at < 0:
            return False  # it breaks off, which the parser will say
    return False


def _cause(error: etree.XMLSyntaxError) -> str:
    code = getattr(error, "code", 0)  # which the stub forgets
    if code in _TOO_DEEP:
        return "is nested too deeply, or has a name or a value that is too long"
    cause = _CAUSES.get(code)
    return f"{_NOT_WELL_FORMED}: {cause}" if cause else _NOT_WELL_FORMED


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
