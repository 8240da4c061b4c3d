"""Replies that a hostile or broken server may send: what is wrong, the bytes, and the reason that must be given.

Each is served in place of the AppSuite endpoint's reply or of the reply to `read`. `CANARY` and `FILE` in a body stand
for the address of a listener and the path of a file that nobody may touch.
"""

import gzip
import zlib
from dataclasses import dataclass
from typing import Final

from tests.integration.planon.answering import RECORD, finding, numbered, reading, soap
from tests.integration.planon.services_stage import TENANT

GOOD_NUMBER: Final = numbered()
GOOD_READ: Final = reading(RECORD)
_ROOT: Final = b"<IncidentReply"
_SUBSET: Final = b"<!DOCTYPE IncidentReply [%s]>"
_LAUGHS: Final = b"".join(
    b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10 if level else b"ha" * 10) for level in range(10)
)


@dataclass(frozen=True)
class Attack:
    """One reply; `reason` is a part of what must be said of it."""

    name: str
    body: bytes
    reason: str
    media_type: str = "text/xml; charset=utf-8"
    status: int = 200
    headers: str = ""


def declared(encoding: str, body: bytes, mark: bytes = b"") -> bytes:
    """Put a declaration in front of a document."""
    return mark + f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + body


def _with(subset: bytes, text: bytes = b"&x;") -> bytes:
    return _SUBSET % subset + GOOD_NUMBER.replace(b"INC-000001", text)


def _changed(old: str, new: str) -> bytes:
    assert old in RECORD
    return reading(RECORD.replace(old, new))


_DOCTYPE: Final = "has a DOCTYPE"
_BROKEN: Final = "is not well-formed XML: "
_FORBIDDEN: Final = "a reply that its description forbids"
_TOO_DEEP: Final = "is nested too deeply, or has a name or a value that is too long"
_SYSCODE: Final = "<r:syscode>1001</r:syscode>"

_ENTITIES: Final = (
    Attack("billion laughs", _with(_LAUGHS, b"&l9;"), _DOCTYPE),
    Attack("quadratic blow-up", _with(b'<!ENTITY x "%s">' % (b"x" * 50_000), b"&x;" * 5_000), _DOCTYPE),
    Attack("external entity, file", _with(b'<!ENTITY x SYSTEM "file://FILE">'), _DOCTYPE),
    Attack("external entity, path", _with(b'<!ENTITY x SYSTEM "FILE">'), _DOCTYPE),
    Attack("external entity, network", _with(b'<!ENTITY x SYSTEM "CANARY">'), _DOCTYPE),
    Attack("external entity, public", _with(b'<!ENTITY x PUBLIC "-//X//Y" "CANARY">'), _DOCTYPE),
    Attack("parameter entity", _with(b'<!ENTITY % p SYSTEM "CANARY"> %p;', b"INC-1"), _DOCTYPE),
    Attack("parameter entity, file", _with(b'<!ENTITY % p SYSTEM "file://FILE"> %p;', b"INC-1"), _DOCTYPE),
    Attack(
        "parameter entity that makes another",
        _with(b'<!ENTITY % a SYSTEM "file://FILE"><!ENTITY % b "<!ENTITY x SYSTEM \'CANARY?%a;\'>"> %b;'),
        _DOCTYPE,
    ),
    Attack("external DTD", b'<!DOCTYPE IncidentReply SYSTEM "CANARY">' + GOOD_NUMBER, _DOCTYPE),
    Attack("external DTD, file", b'<!DOCTYPE IncidentReply SYSTEM "file://FILE">' + GOOD_NUMBER, _DOCTYPE),
    Attack("entity in an attribute", _with(b'<!ENTITY x "ha">').replace(_ROOT, _ROOT + b' a="&x;"'), _DOCTYPE),
    Attack("attribute default", _with(b'<!ATTLIST IncidentReply xmlns CDATA "urn:x">', b"INC-1"), _DOCTYPE),
    Attack("empty DOCTYPE", b"<!DOCTYPE IncidentReply>" + GOOD_NUMBER, _DOCTYPE),
    Attack("DOCTYPE behind a comment", b"<!-- <x> --><?p <x> ?><!DOCTYPE IncidentReply>" + GOOD_NUMBER, _DOCTYPE),
    Attack("DOCTYPE without an end", b"<!DOCTYPE IncidentReply [" + _LAUGHS, _DOCTYPE),
    Attack("undeclared entity", GOOD_NUMBER.replace(b"INC-", b"&nbsp;"), _BROKEN + "an entity that is not declared"),
    Attack("DOCTYPE in SOAP", b'<!DOCTYPE x [<!ENTITY x SYSTEM "file://FILE">]>' + GOOD_READ, _DOCTYPE),
)
_ENCODINGS: Final = (
    Attack("UTF-16", GOOD_NUMBER.decode().encode("utf-16"), "is in UTF-16 or UTF-32"),
    Attack("UTF-16 without a mark", GOOD_NUMBER.decode().encode("utf-16-le"), "holds a NUL byte"),
    Attack("UTF-32", GOOD_NUMBER.decode().encode("utf-32"), "is in UTF-16 or UTF-32"),
    Attack(
        "DOCTYPE in UTF-7",
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x SYSTEM +ACI-CANARY+ACIAPg-' + GOOD_NUMBER,
        "declares an encoding that is not read",
    ),
    Attack(
        "UTF-7 behind a long declaration",
        b'<?xml version="1.0"' + b" " * 500 + b'encoding="UTF-7"?>' + GOOD_NUMBER,
        "has a declaration of more than 200 bytes",
    ),
    Attack("EBCDIC", declared("IBM037", GOOD_NUMBER), "declares an encoding that is not read"),
    Attack("unknown encoding", declared("x-nobody", GOOD_NUMBER), "declares an encoding that is not read"),
    Attack(
        "mark of UTF-8, declared Latin-1",
        declared("ISO-8859-1", GOOD_NUMBER, b"\xef\xbb\xbf"),
        "begins with the mark of UTF-8 and declares another encoding",
    ),
    Attack(
        "charset against declaration",
        declared("ISO-8859-1", GOOD_NUMBER),
        "a media type that contradicts the answer's encoding",
    ),
    Attack(
        "charset UTF-7",
        GOOD_NUMBER,
        "a media type that contradicts the answer's encoding",
        media_type="text/xml; charset=utf-7",
    ),
    Attack("bytes that UTF-8 does not have", GOOD_NUMBER.replace(b"INC", b"\xc3\x28"), _BROKEN + "bytes that its"),
    Attack("overlong UTF-8", GOOD_NUMBER.replace(b"INC", b"\xc0\xbc"), _BROKEN + "bytes that its encoding"),
    Attack("half of a surrogate pair", GOOD_NUMBER.replace(b"INC", b"\xed\xa0\x80"), _BROKEN),
    Attack("NUL", GOOD_NUMBER.replace(b"INC", b"\x00"), "holds a NUL byte"),
    Attack("NUL by reference", GOOD_NUMBER.replace(b"INC", b"&#0;"), _BROKEN + "a character that XML forbids"),
    Attack("control character", GOOD_NUMBER.replace(b"INC", b"\x08"), _BROKEN + "a character that XML forbids"),
)
_SIZES: Final = (
    Attack("huge text", GOOD_NUMBER.replace(b"INC", b"x" * 2_000_000), "the answer is too long"),
    Attack("huge attribute", GOOD_NUMBER.replace(_ROOT, _ROOT + b' a="%s"' % (b"x" * 900_000)), _FORBIDDEN),
    Attack("huge name", b"<" + b"a" * 500_000 + b"/>", _TOO_DEEP),
    Attack("many attributes", b"<a %s/>" % b"".join(b'a%d="" ' % n for n in range(60_000)), _FORBIDDEN),
    Attack("many namespaces", b"<a %s/>" % b"".join(b'xmlns:a%d="u" ' % n for n in range(40_000)), _FORBIDDEN),
    Attack("deep nesting", b"<a>" * 20_000 + b"</a>" * 20_000, _TOO_DEEP),
    Attack("many siblings", b"<a>%s</a>" % (b"<b/>" * 200_000), "has more than 40000 tags"),
    Attack("many comments", b"<a>%s</a>" % (b"<!---->" * 100_000), "has more than 40000 tags"),
    Attack("many references", GOOD_NUMBER.replace(b"INC", b"&lt;" * 200_000), _FORBIDDEN),
    Attack("many instructions", b"<?a?>" * 150_000 + GOOD_NUMBER, "has more than 40000 tags"),
    Attack(
        "gzip bomb",
        gzip.compress(b"x" * 100_000_000),
        "a content encoding that was not asked for",
        headers="Content-Encoding: gzip\r\n",
    ),
    Attack(
        "gzip bomb in a redirect",
        gzip.compress(b"x" * 100_000_000),
        "a redirect",
        status=302,
        headers="Content-Encoding: gzip\r\nLocation: CANARY\r\n",
    ),
    Attack(
        "deflate bomb",
        zlib.compress(b"x" * 100_000_000),
        "a content encoding that was not asked for",
        headers="Content-Encoding: deflate, gzip\r\n",
    ),
    Attack("gzip inside", gzip.compress(GOOD_NUMBER), "holds a NUL byte"),
    Attack("multipart bomb", b"--x\r\n" * 100_000, "in several parts", media_type="multipart/related; boundary=x"),
)
_SHAPES: Final = (
    Attack("truncated", GOOD_NUMBER[:-20], _BROKEN + "it breaks off inside"),
    Attack("two documents", GOOD_NUMBER + GOOD_NUMBER, _BROKEN + "something behind its end"),
    Attack("declaration inside", b"\n<?xml version='1.0'?>" + GOOD_NUMBER, _BROKEN + "a declaration that is not"),
    Attack("undeclared prefix", b"<r:a/>", _BROKEN + "a prefix that is not declared"),
    Attack("attribute twice", b'<a b="" b=""/>', _BROKEN + "an attribute that is there twice"),
    Attack("wrong tag", b"<a></b>", _BROKEN + "an end tag that belongs to no start tag"),
    Attack("open CDATA", b"<a><![CDATA[", _BROKEN + "it breaks off inside a CDATA section"),
    Attack("only a comment", b"<!-- -->", "is not well-formed XML"),
    Attack("wrong namespace", GOOD_NUMBER.replace(b"urn:appsuite:reply:1", b"urn:appsuite:reply:2"), _FORBIDDEN),
    Attack("no namespace", b"<IncidentReply><IncidentNumber>INC-1</IncidentNumber></IncidentReply>", _FORBIDDEN),
    Attack(
        "two numbers",
        GOOD_NUMBER.replace(b"</IncidentReply>", b"<IncidentNumber>X</IncidentNumber></IncidentReply>"),
        _FORBIDDEN,
    ),
    Attack(
        "XInclude",
        GOOD_NUMBER.replace(
            b"INC-000001", b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://FILE" parse="text"/>'
        ),
        _FORBIDDEN,
    ),
    Attack("number with a blank", numbered("INC 1"), _FORBIDDEN),
    Attack("number too long", numbered("9" * 41), _FORBIDDEN),
    Attack("empty number", numbered(""), _FORBIDDEN),
    Attack("SOAP instead of AppSuite", GOOD_READ, _FORBIDDEN),
)
ON_APPSUITE: Final = (*(each for each in _ENTITIES if each.name != "DOCTYPE in SOAP"), *_ENCODINGS, *_SIZES, *_SHAPES)

_RECORD_RULES: Final = (
    Attack("syscode that is no number", _changed(_SYSCODE, "<r:syscode>x</r:syscode>"), "not of its type"),
    Attack("syscode with an underscore", _changed(_SYSCODE, "<r:syscode>1_001</r:syscode>"), "not of its type"),
    Attack(
        "syscode in Arabic digits",
        _changed(_SYSCODE, "<r:syscode>\u0661\u0660\u0660\u0661</r:syscode>"),
        "not of its type",
    ),
    Attack("syscode beyond an int", _changed(_SYSCODE, "<r:syscode>99999999999</r:syscode>"), "not of its type"),
    Attack("negative syscode", _changed(_SYSCODE, "<r:syscode>-1001</r:syscode>"), "a syscode that no record has"),
    Attack("another syscode", _changed(_SYSCODE, "<r:syscode>1002</r:syscode>"), "not what find was asked for"),
    Attack("nil syscode", _changed(_SYSCODE, '<r:syscode xsi:nil="true"/>'), "nil where none is allowed"),
    Attack(
        "nil number",
        _changed("<r:incidentNumber>INC-000001</r:incidentNumber>", '<r:incidentNumber xsi:nil="true"/>'),
        "nil where none is allowed",
    ),
    Attack(
        "nil and a value",
        _changed(f"<r:tenantId>{TENANT}", f'<r:tenantId xsi:nil="true">{TENANT}'),
        "nil and a value at once",
    ),
    Attack("month 13", _changed("2026-11-20T06", "2026-13-20T06"), "not of its type"),
    Attack("hour 25", _changed("2026-11-20T06", "2026-11-20T25"), "not of its type"),
    Attack("year 0000", _changed("2026-11-20T06", "0000-11-20T06"), "(HTTP 200"),
    Attack("year 12345", _changed("2026-11-20T06", "12345-11-20T06"), "a value that cannot be read"),
    Attack("week date", _changed("2026-11-20T06", "2026-W47-5T06"), "not of its type"),
    Attack("time without an offset", _changed("06:14:03+01:00", "06:14:03"), "a time without an offset"),
    Attack("offset of 20 hours", _changed("06:14:03+01:00", "06:14:03+20:00"), "not of its type"),
    Attack("element twice", _changed(_SYSCODE, _SYSCODE * 2), "an element is missing, or one too many"),
    Attack("element missing", _changed(_SYSCODE, ""), "an element is missing, or one too many"),
    Attack("element unknown", _changed(_SYSCODE, _SYSCODE + "<r:x/>"), "an element is missing, or one too many"),
    Attack(
        "elements in another order", reading(RECORD.replace(_SYSCODE, "") + _SYSCODE), "an element is missing, or one"
    ),
    Attack("element inside a value", _changed(TENANT, f"{TENANT}<r:x/>"), "an element inside a value"),
    Attack("attribute on a value", _changed("<r:tenantId>", '<r:tenantId x="1">'), "an attribute on a value"),
    Attack("text between elements", _changed(_SYSCODE, f"{_SYSCODE}Jansen"), "text between elements"),
    Attack("another type", _changed("<r:tenantId>", '<r:tenantId xsi:type="r:x">'), "a type that is not described"),
    Attack(
        "XInclude in SOAP",
        _changed(TENANT, '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://FILE"/>'),
        "an element inside a value",
    ),
    Attack(
        "schemaLocation",
        _changed(_SYSCODE, "").replace(
            b"<r:readResponse>",
            b'<r:readResponse xsi:schemaLocation="urn:planon:webservices:incident:1 CANARY urn:x file://FILE">',
        ),
        "an element is missing, or one too many",
    ),
    Attack("stylesheet", b'<?xml-stylesheet href="CANARY"?>' + _changed(_SYSCODE, ""), "an element is missing, or one"),
)
_ENVELOPES: Final = (
    Attack("DOCTYPE in SOAP", _ENTITIES[-1].body, _DOCTYPE),
    Attack("no envelope", GOOD_NUMBER, "XML that is not a SOAP envelope"),
    Attack("empty body", soap(""), "exactly one reply or fault"),
    Attack("two replies", GOOD_READ.replace(b"<e:Body>", b"<e:Body><r:findResponse/>"), "exactly one reply or fault"),
    Attack("two bodies", GOOD_READ.replace(b"</e:Envelope>", b"<e:Body/></e:Envelope>"), "not a SOAP envelope"),
    Attack("text in the body", soap("Jansen <r:findResponse/>"), "exactly one reply or fault"),
    Attack(
        "fault and reply",
        GOOD_READ.replace(
            b"<e:Body>", b"<e:Body><e:Fault><faultcode>e:Client</faultcode><faultstring>x</faultstring></e:Fault>"
        ),
        "exactly one reply or fault",
    ),
    Attack("fault without a code", soap("<e:Fault><faultstring>x</faultstring></e:Fault>"), "without exactly one code"),
    Attack(
        "fault with two codes",
        soap(
            "<e:Fault><faultcode>e:Client</faultcode><faultcode>e:Server</faultcode><faultstring>x</faultstring></e:Fault>"
        ),
        "without exactly one code",
    ),
    Attack("another operation's reply", finding(1001), "the reply to another operation"),
    Attack(
        "another service's reply",
        GOOD_READ.replace(b"webservices:incident:1", b"webservices:session:1"),
        "the reply to another operation",
    ),
    Attack("reply with status 500", GOOD_READ, "an error status without a fault", status=500),
    Attack(
        "SOAP 1.2",
        GOOD_READ.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"),
        "an envelope of SOAP 1.2",
    ),
    Attack(
        "header behind the body",
        GOOD_READ.replace(b"</e:Envelope>", b"<e:Header/></e:Envelope>"),
        "not a SOAP envelope",
    ),
    Attack("JSON", b'{"number": 1}', "is not well-formed XML"),
)
ON_READ: Final = (*_RECORD_RULES, *_ENVELOPES)
