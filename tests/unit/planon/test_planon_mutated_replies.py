"""Valid replies, broken at random: never another exception than a declared one, never a record or number made up."""

import xml.etree.ElementTree as ET  # a second parser, to judge the first
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import schemas
from adapters.planon.mapping import load_mapping
from adapters.planon.outcomes import AppSuiteReplies
from adapters.planon.records import IncidentRecord, Records
from adapters.planon.verdicts import Verdict, row_of
from adapters.soap import Answer, ExchangeFailed, SoapClient

MAPPING: Final = load_mapping(None)
REPLIES: Final = AppSuiteReplies(
    etree.XMLSchema(file=str(schemas.path("xsd/appsuite/reply.xsd"))), "urn:appsuite:reply:1"
)
ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
INCIDENT: Final = "urn:planon:webservices:incident:1"
LOG: Final = "urn:planon:webservices:communicationlog:1"
NUMBER: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<IncidentReply xmlns="urn:appsuite:reply:1"><IncidentNumber>INC-000482</IncidentNumber></IncidentReply>'
)
FAULT: Final = b'<Fault xmlns="urn:appsuite:reply:1"><Code>SCHEMA_VIOLATION</Code><Text>x</Text></Fault>'
RECORD: Final = (
    "<r:syscode>1001</r:syscode><r:incidentNumber>INC-000482</r:incidentNumber>"
    "<r:externalReference>LS-TAP</r:externalReference><r:tenantId>TNT-10001</r:tenantId><r:mandant>WBV</r:mandant>"
    "<r:status>Reported</r:status><r:priority>2</r:priority><r:reportedOn>2026-11-19T22:14:03+01:00</r:reportedOn>"
    "<r:description>het lekt &amp; drupt</r:description><r:slaStart>2026-11-19T22:14:03+01:00</r:slaStart>"
    '<r:slaDue xsi:nil="true"/>'
)


def soap(body: str, namespace: str = INCIDENT) -> bytes:
    return (
        f'<e:Envelope xmlns:e="{ENVELOPE}" xmlns:r="{namespace}" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>{body}</e:Body></e:Envelope>'
    ).encode()


READ: Final = soap(f"<r:readResponse><r:return>{RECORD}</r:return></r:readResponse>")
FOUND: Final = soap("<r:findResponse><r:return>1001</r:return></r:findResponse>")
CREATED: Final = soap("<r:createResponse><r:return>500001</r:return></r:createResponse>", LOG)
FAULTED: Final = soap("<e:Fault><faultcode>e:Client</faultcode><faultstring>x</faultstring></e:Fault>")
PIECES: Final = (
    b"<",
    b">",
    b"&",
    b"</",
    b"/>",
    b"]]>",
    b"<!--",
    b"<![CDATA[",
    b"<!DOCTYPE x>",
    b"&#0;",
    b"\x00",
    b"\xff",
    b'"',
    b"1",
    b"-",
    b"_",
    b" ",
)


class Canned:
    """Answers every POST with what a test has prepared, in turn."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def post(self, *_args: object, **_options: object) -> Answer:
        return self.answers.pop(0)


class OneSession:
    """Lends the same session to every call."""

    def with_id(self, call: Callable[[str], Any], within_s: float | None = None) -> Any:
        del within_s
        return call("sid")


@pytest.fixture(scope="module")
def canned() -> Canned:
    return Canned()


@pytest.fixture(scope="module")
def records(canned: Canned) -> Records:
    wsdl = schemas.path("wsdl/planon.wsdl")
    addresses = dict.fromkeys(("Incident", "CommunicationLog"), "http://planon.invalid/")
    client = SoapClient(wsdl, wsdl.parent.parent, addresses, canned)  # type: ignore[arg-type]
    return Records(client, OneSession(), MAPPING.records)  # type: ignore[arg-type]


@st.composite
def mutated(draw: st.DrawFn, *valid: bytes) -> bytes:
    """One of the replies, cut off, with bytes changed, left out, doubled or put in, or with a part of another one."""
    body = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(body)))
        until = min(len(body), at + draw(st.integers(0, 60)))
        other = draw(st.sampled_from(valid))
        piece = draw(
            st.one_of(
                st.sampled_from(PIECES), st.binary(max_size=3), st.just(body[at:until] * 2), st.just(other[at:until])
            )
        )
        body = body[:at] + piece + body[until if draw(st.booleans()) else at :]
    return body[: draw(st.integers(0, len(body)))] if draw(st.integers(0, 4)) == 0 else body


STATUSES: Final = st.sampled_from([200, 200, 200, 500, 400, 201, 502])
MEDIA_TYPES: Final = st.sampled_from(["text/xml", "text/xml", "text/xml", "text/html", ""])


def told(body: bytes, path: str) -> list[str | None]:
    """What the other parser finds."""
    return [element.text for element in ET.fromstring(body).findall(path)]  # noqa: S314 - without a DOCTYPE by now


@settings(max_examples=400, deadline=None)
@given(body=mutated(NUMBER, FAULT), status=STATUSES, media_type=MEDIA_TYPES)
def test_an_appsuite_reply(body: bytes, status: int, media_type: str) -> None:
    """A number is accepted only where another parser finds that one number too, in a reply with HTTP 200."""
    try:
        accepted = REPLIES.accepted(Answer(status, media_type, body))
    except ExchangeFailed as error:
        if row_of(error).verdict is Verdict.REJECTED:
            assert status == 400
            assert told(body, "{urn:appsuite:reply:1}Code")[0] in {"NOT_XML", "SCHEMA_VIOLATION", "TOO_LARGE"}
        return
    assert (status, media_type) == (200, "text/xml")
    assert told(body, "{urn:appsuite:reply:1}IncidentNumber") == [accepted.number]


@settings(max_examples=300, deadline=None)
@given(body=mutated(CREATED, FAULTED, FOUND), status=STATUSES, media_type=MEDIA_TYPES)
def test_a_reply_to_a_write(records: Records, canned: Canned, body: bytes, status: int, media_type: str) -> None:
    """A syscode comes only from a reply to that operation, and a refusal only from a fault with HTTP 500."""
    canned.answers = [Answer(status, media_type, body)]
    try:
        syscode = records.add_note(b"<N xmlns='urn:n'/>")
    except ExchangeFailed as error:
        if row_of(error).verdict is Verdict.REJECTED:
            assert status == 500
            assert len(told(body, f"{{{ENVELOPE}}}Body/{{{ENVELOPE}}}Fault")) == 1
        return
    assert status == 200
    (text,) = told(body, f"{{{ENVELOPE}}}Body/{{{LOG}}}createResponse/{{{LOG}}}return")
    assert text is not None
    assert int(text) == syscode > 0


@settings(max_examples=400, deadline=None)
@given(found=mutated(FOUND), read=mutated(READ, FOUND, FAULTED), status=STATUSES)
def test_replies_to_a_look_up(records: Records, canned: Canned, found: bytes, read: bytes, status: int) -> None:
    """A record is the one that was asked for, with the values that another parser reads; nothing found is said so."""
    canned.answers = [Answer(200, "text/xml", found), *[Answer(status, "text/xml", read)] * 10]
    try:
        answered = records.incidents(reference="LS-TAP")
    except ExchangeFailed:
        return
    returned = f"{{{ENVELOPE}}}Body/{{{INCIDENT}}}findResponse/{{{INCIDENT}}}return"
    assert len(set(told(found, returned))) == len(answered)
    assert len(told(found, returned.rpartition("/")[0])) == 1  # an empty answer is one too, and only that
    for record in answered:
        agrees(record, read)


def agrees(record: IncidentRecord, body: bytes) -> None:
    """Compare a record with what the other parser reads."""
    path = f"{{{ENVELOPE}}}Body/{{{INCIDENT}}}readResponse/{{{INCIDENT}}}return/{{{INCIDENT}}}"

    def text(name: str) -> str | None:
        (found,) = told(body, path + name)
        return found or None

    assert record.reference == text("externalReference") == "LS-TAP"
    assert (record.tenant or None, record.number or None) == (text("tenantId"), text("incidentNumber"))
    assert record.syscode == int(text("syscode") or "0")
    for moment, name in ((record.reported_at, "reportedOn"), (record.sla_due, "slaDue")):
        assert moment == (datetime.fromisoformat((text(name) or "").strip()) if text(name) else None)
