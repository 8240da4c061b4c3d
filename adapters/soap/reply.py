"""Reads the envelope of an answer: exactly one reply to the operation that was called, or exactly one fault."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any, Final

from lxml import etree

from adapters.soap.answer import Answer
from adapters.soap.described import ReplySchema
from adapters.soap.envelope import SOAP_11
from adapters.soap.errors import Flaw, SoapFault
from schemas.xml import XmlRefused, parse

_OK: Final = 200
_FAULT: Final = 500
"""SOAP 1.1 sends its faults with this status, and only its faults."""
_MEDIA_TYPES: Final = frozenset({"text/xml"})
_SOAP_12: Final = "http://www.w3.org/2003/05/soap-envelope"
_PARTS: Final = ([f"{{{SOAP_11}}}Body"], [f"{{{SOAP_11}}}Header", f"{{{SOAP_11}}}Body"])
_STANDARD: Final = frozenset({"VersionMismatch", "MustUnderstand", "Client", "Server"})


def document_in(answer: Answer, media_types: Collection[str]) -> etree._Element:
    """Parse an answer's body by the rules for everything that comes in.

    Raises:
        BadAnswer: it is no XML, or its media type is none of these or names another encoding than its bytes have.
    """
    if not answer.body:
        raise answer.bad(Flaw.EMPTY)
    if answer.media_type not in media_types:
        raise answer.bad(Flaw.MEDIA_TYPE)
    try:
        root = parse(answer.body)
    except XmlRefused as error:
        raise answer.bad(Flaw.XML, str(error)) from error
    declared = (root.getroottree().docinfo.encoding or "utf-8").lower()
    if answer.charset not in {None, declared} and not {answer.charset, declared} <= {"utf8", "utf-8", "us-ascii"}:
        raise answer.bad(Flaw.CHARSET)
    return root


def envelope_in(answer: Answer) -> etree._Element:
    """Parse an answer that may be SOAP, after a look at its status and media type: a proxy answers in HTML.

    Raises:
        BadAnswer: it is no envelope of SOAP 1.1.
    """
    if answer.status not in {_OK, _FAULT}:
        raise answer.bad(Flaw.STATUS)
    if answer.media_type == "application/soap+xml":
        raise answer.bad(Flaw.SOAP_12)
    root = document_in(answer, _MEDIA_TYPES)
    name = etree.QName(root)
    if name.localname == "Envelope" and name.namespace == _SOAP_12:
        raise answer.bad(Flaw.SOAP_12)
    if root.tag != f"{{{SOAP_11}}}Envelope" or [part.tag for part in root] not in _PARTS:
        raise answer.bad(Flaw.NO_ENVELOPE)
    return root


def reply_in(answer: Answer, envelope: etree._Element, expected: str, schema: ReplySchema) -> etree._Element:
    """Return the one reply in an envelope.

    Args:
        answer: that it came in.
        envelope: as envelope_in() read it.
        expected: name of the reply, as lxml writes names.
        schema: that the reply must satisfy.

    Raises:
        SoapFault: the envelope holds a fault.
        BadAnswer: it holds anything else.
    """
    content = list(envelope[-1])
    if len(content) != 1 or (envelope[-1].text or "").strip():
        raise answer.bad(Flaw.NOT_ONE)
    if content[0].tag == f"{{{SOAP_11}}}Fault":
        raise _fault(answer, content[0])
    if answer.status != _OK:
        raise answer.bad(Flaw.NO_REPLY)
    # zeep reads another operation's reply as an empty result: a find would be "not found".
    if content[0].tag != expected:
        raise answer.bad(Flaw.OTHER_REPLY)
    broken = schema.flaw(content[0])
    if broken is not None:
        raise answer.bad(Flaw.NOT_AS_DESCRIBED, broken)
    return content[0]


def read_whole(answer: Answer, reply: etree._Element, result: Any) -> None:
    """Compare a reply with what zeep made of it: it turns what it cannot read, such as the year 0, into None.

    Raises:
        BadAnswer: something is missing.
    """
    texts = sum(1 for element in reply.iter() if len(element) == 0 and element.text)
    if texts != sum(1 for value in _leaves(result) if value is not None):
        raise answer.bad(Flaw.UNREADABLE)


def _fault(answer: Answer, fault: etree._Element) -> Exception:
    codes, texts = fault.findall("faultcode"), fault.findall("faultstring")
    told = (codes[0].text or "").strip() if len(codes) == len(texts) == 1 else ""
    if not told:
        return answer.bad(Flaw.NO_FAULT_CODE)
    prefix, colon, name = told.rpartition(":")
    ours = codes[0].nsmap.get(prefix) == SOAP_11 if colon else True  # many servers leave the prefix out
    standard = name.partition(".")[0]
    code = standard if ours and standard in _STANDARD else ""
    evidence = replace(answer.evidence, code=code or "of its own")
    return SoapFault(code, texts[0].text or "", evidence)


def _leaves(result: Any) -> Iterator[Any]:
    if isinstance(result, list | tuple):
        for item in result:
            yield from _leaves(item)
    elif hasattr(result, "__values__"):
        for item in result.__values__.values():
            yield from _leaves(item)
    else:
        yield result
