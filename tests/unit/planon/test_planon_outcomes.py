import pytest
from lxml import etree

import schemas
from adapters.planon.outcomes import Accepted, AppSuiteReplies
from adapters.planon.session import LoginFailed, SessionEnded
from adapters.planon.verdicts import TABLE, Verdict, outcome_of, row_of, unavailable
from adapters.soap import Answer, BadAnswer, Evidence, ExchangeFailed, Flaw, NoAnswer, NotConnected, SoapFault
from contracts.delivery import NotSent, OutcomeUnknown, Rejected

REPLIES = AppSuiteReplies(etree.XMLSchema(file=str(schemas.path("xsd/appsuite/reply.xsd"))), "urn:appsuite:reply:1")
NUMBER = b'<IncidentReply xmlns="urn:appsuite:reply:1"><IncidentNumber>INC-1</IncidentNumber></IncidentReply>'
HTML = b"<html><body>Bad gateway</body></html>"
XML = "text/xml"
SEEN = Evidence(0.25, 500, XML, 300, "Client")

Outcome = Accepted | Rejected | NotSent | OutcomeUnknown


def fault(code: str) -> bytes:
    text = "Jansen said: lekt"
    return f'<Fault xmlns="urn:appsuite:reply:1"><Code>{code}</Code><Text>{text}</Text></Fault>'.encode()


def outcome(answer: Answer) -> Outcome:
    try:
        return REPLIES.accepted(answer)
    except ExchangeFailed as error:
        return outcome_of(error)


@pytest.mark.parametrize(
    ("status", "media_type", "body", "expected"),
    [
        (200, XML, NUMBER, Accepted),
        (200, "application/xml", NUMBER, Accepted),
        (200, "text/html", NUMBER, OutcomeUnknown),
        (200, XML, HTML, OutcomeUnknown),
        (200, XML, NUMBER[:-1], OutcomeUnknown),
        (200, XML, b"<!DOCTYPE x>" + NUMBER, OutcomeUnknown),
        (200, XML, NUMBER.replace(b"INC-1", b""), OutcomeUnknown),
        (200, XML, NUMBER.replace(b"INC-1", b"INC 1 "), OutcomeUnknown),
        (200, XML, b"", OutcomeUnknown),
        (200, XML, fault("SCHEMA_VIOLATION"), OutcomeUnknown),
        (201, XML, NUMBER, OutcomeUnknown),
        (302, XML, b"", OutcomeUnknown),
        (400, XML, fault("SCHEMA_VIOLATION"), Rejected),
        (413, XML, fault("TOO_LARGE"), Rejected),
        (400, XML, fault("UNAUTHORISED"), NotSent),
        (400, XML, fault("SOMETHING_ELSE"), OutcomeUnknown),
        (400, XML, NUMBER, OutcomeUnknown),
        (400, "text/html", HTML, OutcomeUnknown),
        (401, XML, fault("UNAUTHORISED"), NotSent),
        (401, "text/html", HTML, NotSent),
        (403, "text/html", HTML, NotSent),
        (404, "text/html", HTML, OutcomeUnknown),
        (429, "text/html", HTML, NotSent),
        (500, XML, fault("SCHEMA_VIOLATION"), OutcomeUnknown),
        (502, "text/html", HTML, OutcomeUnknown),
        (503, "text/html", HTML, OutcomeUnknown),
    ],
)
def test_an_answer_proves(status: int, media_type: str, body: bytes, expected: type[Outcome]) -> None:
    """Only a well-formed refusal, and what never reached the endpoint's work, is not unknown."""
    proved = outcome(Answer(status, media_type, body))
    assert type(proved) is expected
    assert "Jansen" not in str(proved)


@pytest.mark.parametrize("status", [201, 302, 401, 403, 429, 500, 503])
def test_a_status_that_proves_enough_is_the_reason(status: int) -> None:
    """Whoever answered with it, a gateway too: its body is not read, though it be AppSuite's own fault."""
    with pytest.raises(BadAnswer) as caught:
        REPLIES.accepted(Answer(status, XML, fault("SCHEMA_VIOLATION")))
    assert caught.value.flaw is Flaw.STATUS


def test_throttling_says_when_to_come_back() -> None:
    """The backend's Retry-After reaches the outbox, and whoever asked."""
    throttled = Answer(429, "", b"", 17).bad(Flaw.STATUS)
    told = outcome_of(throttled)
    assert isinstance(told, NotSent)
    assert told.retry_after_s == 17
    assert unavailable(throttled).retry_after_s == 17
    assert unavailable(LoginFailed(throttled)).retry_after_s == 17


@pytest.mark.parametrize(
    ("error", "row", "expected"),
    [
        (NotConnected(Flaw.REFUSED), "no connection", NotSent),
        (NotConnected(Flaw.CONNECT_TIMED_OUT), "no connection in time", NotSent),
        (LoginFailed(SoapFault("", "unknown", SEEN)), "no session", NotSent),
        (LoginFailed(NoAnswer(Flaw.TIMED_OUT)), "no session", NotSent),
        (SessionEnded(SoapFault("Server", "Session is not valid", SEEN)), "session ended at once", NotSent),
        (NoAnswer(Flaw.TIMED_OUT), "time-out", OutcomeUnknown),
        (NoAnswer(Flaw.TRUNCATED, Evidence(0.1, 401)), "truncated", OutcomeUnknown),
        (NoAnswer(Flaw.BROKEN, Evidence(0.1, 429)), "broken", OutcomeUnknown),
        (SoapFault("Client", "Jansen", SEEN), "record refused", Rejected),
        (SoapFault("Client", "unknown", SEEN), "fault unknown", OutcomeUnknown),
        (SoapFault("Client", "unknown tenant", SEEN), "record refused", Rejected),
        (SoapFault("Client", "Jansen", Evidence(0.1, 200, XML, 300, "Client")), "fault of the service", OutcomeUnknown),
        (SoapFault("Server", "Jansen", Evidence(0.1, 500, XML, 300, "Server")), "fault of the service", OutcomeUnknown),
        (BadAnswer(Flaw.STATUS, Evidence(0.1, 401)), "log-in refused", NotSent),
        (BadAnswer(Flaw.ENCODED, Evidence(0.1, 403)), "log-in refused", NotSent),
        (BadAnswer(Flaw.STATUS, Evidence(0.1, 429)), "throttled", NotSent),
        (BadAnswer(Flaw.STATUS, Evidence(0.1, 502)), "gateway", OutcomeUnknown),
        (BadAnswer(Flaw.MEDIA_TYPE, Evidence(0.1, 200)), "error page", OutcomeUnknown),
        (ExchangeFailed(Flaw.FAULT), "anything else", OutcomeUnknown),
    ],
)
def test_a_failure_proves(error: ExchangeFailed, row: str, expected: type[Outcome]) -> None:
    """What was not executed may be sent again; everything in doubt is unknown."""
    assert row_of(error).name == row
    proved = outcome_of(error)
    assert type(proved) is expected
    assert "Jansen" not in str(proved)


def test_the_evidence_is_kept_and_quotes_nobody() -> None:
    """Status, media type, length, fault code and time are in the reason; a made-up media type is not repeated."""
    told = str(outcome_of(SoapFault("Client", "Jansen", SEEN)))
    assert "(HTTP 500, text/xml, 300 bytes, fault Client, 0.25 s)" in told
    assert str(Evidence(1.0, 200, "text/jansen", 3)) == "HTTP 200, another media type, 3 bytes, 1.00 s"


def test_only_what_proves_it_is_not_unknown() -> None:
    """The table as a whole: a row that is sure names how it is; the last row takes everything and proves nothing."""
    assert TABLE[-1].verdict is Verdict.UNKNOWN
    assert TABLE[-1].fits(ExchangeFailed(Flaw.FAULT))
    sure = [row for row in TABLE if row.verdict is not Verdict.UNKNOWN]
    assert all(row.raised or row.flaws for row in sure)
    assert all(row.seen.endswith(".") for row in TABLE)
