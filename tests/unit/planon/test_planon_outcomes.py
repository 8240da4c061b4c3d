import pytest

from adapters.planon.documents import Documents
from adapters.planon.mapping import load_mapping
from adapters.planon.outcomes import Accepted, Failure, failure_of
from adapters.planon.session import LoginFailed
from adapters.soap import Answer, BadAnswer, NoAnswer, NotConnected, SoapFault
from contracts.delivery import NotSent, OutcomeUnknown, Rejected

REPLIES = Documents(load_mapping(None)).replies
NUMBER = b'<IncidentReply xmlns="urn:appsuite:reply:1"><IncidentNumber>INC-1</IncidentNumber></IncidentReply>'
HTML = b"<html><body>Bad gateway</body></html>"
XML = "text/xml"


def fault(code: str) -> bytes:
    text = "Jansen said: lekt"
    return f'<Fault xmlns="urn:appsuite:reply:1"><Code>{code}</Code><Text>{text}</Text></Fault>'.encode()


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
def test_an_answer_proves(status: int, media_type: str, body: bytes, expected: type[Accepted | Failure]) -> None:
    """Only a well-formed refusal, and what never reached the endpoint's work, is not unknown."""
    outcome = REPLIES.outcome(Answer(status, media_type, body))
    assert type(outcome) is expected
    assert "Jansen" not in str(outcome)


def test_throttling_says_when_to_come_back() -> None:
    """The backend's Retry-After reaches the outbox."""
    assert REPLIES.outcome(Answer(429, "", b"", 17)) == NotSent("the endpoint is throttling", 17)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotConnected("refused"), NotSent),
        (LoginFailed("unknown"), NotSent),
        (NoAnswer("time-out"), OutcomeUnknown),
        (SoapFault("Client", "Jansen"), Rejected),
        (SoapFault("Server", "Jansen"), OutcomeUnknown),
        (BadAnswer(401, "html"), NotSent),
        (BadAnswer(403, "html"), NotSent),
        (BadAnswer(429, "html", 5), NotSent),
        (BadAnswer(502, "html"), OutcomeUnknown),
        (BadAnswer(200, "html"), OutcomeUnknown),
        (RuntimeError(), OutcomeUnknown),
    ],
)
def test_a_failure_proves(error: Exception, expected: type[Failure]) -> None:
    """What was not executed may be sent again; everything in doubt is unknown."""
    outcome = failure_of(error)
    assert type(outcome) is expected
    assert "Jansen" not in str(outcome)
