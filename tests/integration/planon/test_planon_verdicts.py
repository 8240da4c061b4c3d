"""Each row of the table of failures, seen over a real socket."""

import socket
from contextlib import closing, suppress
from pathlib import Path

import pytest

from adapters.planon.verdicts import TABLE, Verdict, outcome_of
from adapters.soap import ExchangeFailed, Flaw
from contracts.delivery import Delivered, NotSent, Outcome, OutcomeUnknown, Rejected
from contracts.errors import BackendUnavailable
from tests.integration.planon.answering import NUMBER, SESSION, answering, fault, numbered, refused, soap, xml
from tests.integration.planon.services_stage import incident, note, services
from tests.integration.soap.raw_server import Behaviour, answer, reset
from tests.integration.soap.tls import certificate, tls_server

HTML = b"<html><body><h1>Jansen</h1></body></html>"
ENDED = "Session is not valid"
NOT_SENT = {"no session", "no time left", "no connection", "no connection in time", "certificate"}
TRANSIENT = {"session ended at once", "log-in refused", "throttled", "log-in refused by a fault"}
REJECTED = {"document refused", "record refused"}
"""Rows by what they prove; every other row proves nothing."""
SOAP_12 = b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>'
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"


def raw(answered: bytes) -> Behaviour:
    return lambda connection: connection.sendall(answered)


def patience(behaviour: Behaviour) -> float:
    """Long enough for a busy machine, unless the time-out is what is tested."""
    return 1.0 if behaviour is silent else 10.0


def silent(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(1)  # until the client gives up


ON_APPSUITE: list[tuple[str, Behaviour]] = [
    ("log-in refused", answer(401, "text/html", HTML)),
    ("log-in refused", answer(403, "text/xml", refused("UNAUTHORISED"))),
    ("log-in refused", answer(401, "text/html", b"x", "Content-Encoding: gzip\r\n")),
    ("throttled", answer(429, "text/html", HTML, "Retry-After: 17\r\n")),
    ("log-in refused by a fault", answer(400, "text/xml", refused("UNAUTHORISED"))),
    ("document refused", answer(400, "text/xml", refused("SCHEMA_VIOLATION"))),
    ("document refused", answer(413, "application/xml", refused("TOO_LARGE"))),
    ("misplaced fault", answer(200, "text/xml", refused("SCHEMA_VIOLATION"))),
    ("gateway", answer(502, "text/html", HTML)),
    ("gateway", answer(503, "text/xml", refused("UNAUTHORISED"))),
    ("gateway", answer(504, "text/html", b"")),
    ("time-out", silent),
    ("broken", reset),
    ("broken", lambda _connection: None),
    ("truncated", answer(200, "text/xml", numbered(), length=5_000)),
    ("truncated", answer(401, "text/html", HTML, length=5_000)),
    ("broken chunks", raw(CHUNKED + b"zz\r\n" + numbered())),
    ("broken chunks", raw(CHUNKED + b"ffff\r\n" + numbered())),
    ("too long", answer(200, "text/xml", b"x" * 1_100_000)),
    ("no HTTP", raw(b"220 mail.invalid ESMTP\r\n\r\n")),
    ("no HTTP", raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200 + b"\r\n")),
    ("no HTTP", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx")),
    ("interim", raw(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")),
    ("no content", raw(b"HTTP/1.1 204 No Content\r\n\r\n")),
    ("no content", answer(200, "text/xml", b"")),
    ("redirect", answer(302, "text/xml", numbered(), "Location: http://127.0.0.1:1/\r\n")),
    ("encoded", answer(200, "text/xml", numbered(), "Content-Encoding: gzip\r\n")),
    ("multipart", answer(200, 'multipart/related; type="application/xop+xml"; boundary=x', b"--x--")),
    ("error page", answer(200, "text/html", HTML)),
    ("error page", answer(404, "text/html", HTML)),
    ("another status", answer(201, "text/xml", numbered())),
    ("another status", answer(500, "text/xml", refused("SCHEMA_VIOLATION"))),
    ("wrong encoding", answer(200, "text/xml; charset=iso-8859-1", numbered())),
    ("refused XML", xml(numbered()[:-1])),
    ("refused XML", xml(b"<!DOCTYPE x>" + numbered())),
    ("no reply", answer(400, "text/xml", numbered())),
    ("not as described", xml(numbered("INC 1"))),
    ("not as described", xml(HTML)),
    ("not as described", answer(400, "text/xml", refused("SOMETHING_ELSE"))),
]
ON_CREATE: list[tuple[str, Behaviour]] = [
    ("session ended at once", xml(fault("e:Server", ENDED), 500)),
    ("log-in refused", answer(401, "text/html", HTML)),
    ("throttled", answer(429, "text/html", HTML, "Retry-After: 17\r\n")),
    ("fault unknown", xml(fault("e:Client", "unknown"), 500)),
    ("fault unknown", xml(fault("e:Server", " unknown "), 500)),
    ("record refused", xml(fault("e:Client", "Jansen"), 500)),
    ("record refused", xml(fault("Client", "Jansen"), 500)),
    ("fault of the service", xml(fault("e:Server", "Jansen"), 500)),
    ("fault of the service", xml(fault("e:Client", "Jansen"), 200)),
    ("fault of the service", xml(fault("r:Client", "Jansen"), 500)),
    ("fault of the service", xml(fault("e:Jansen", "Jansen"), 500)),
    ("fault of SOAP 1.2", answer(500, "application/soap+xml", SOAP_12)),
    ("fault of SOAP 1.2", xml(SOAP_12, 500)),
    ("gateway", answer(502, "text/html", HTML)),
    ("time-out", silent),
    ("broken", reset),
    ("error page", answer(200, "text/html", HTML)),
    ("another status", answer(404, "text/html", HTML)),
    ("no reply", xml(HTML)),
    ("no reply", xml(soap(""))),
    ("not as described", xml(soap("<r:createResponse/>", "urn:planon:webservices:communicationlog:1"))),
    (
        "unreadable value",
        xml(
            soap(
                "<r:createResponse><r:return>-7</r:return></r:createResponse>",
                "urn:planon:webservices:communicationlog:1",
            )
        ),
    ),
]


def holds(name: str, outcome: Outcome) -> None:
    """The outcome is what the row says, with its evidence and nobody's words."""
    sure = {**dict.fromkeys(NOT_SENT | TRANSIENT, NotSent), **dict.fromkeys(REJECTED, Rejected)}
    assert type(outcome) is sure.get(name, OutcomeUnknown)
    assert not isinstance(outcome, Delivered)
    assert outcome.reason.startswith(f"{name}: ")
    assert outcome.reason.endswith(" s)")
    assert "Jansen" not in outcome.reason


@pytest.mark.parametrize(("name", "behaviour"), ON_APPSUITE, ids=[f"{n}-{i}" for i, (n, _) in enumerate(ON_APPSUITE)])
def test_an_answer_to_an_incident(name: str, behaviour: Behaviour) -> None:
    """What the AppSuite endpoint may do with a document, and what that proves."""
    with answering({"incident": behaviour}, timeout_s=patience(behaviour)) as planon:
        outcome = planon.services.destination.send(incident())
        holds(name, outcome)
        assert planon.asked() == ["incident"]  # nothing below the outbox repeats a request
    if isinstance(outcome, NotSent):
        assert outcome.retry_after_s == (17 if name == "throttled" else None)


@pytest.mark.parametrize(("name", "behaviour"), ON_CREATE, ids=[f"{n}-{i}" for i, (n, _) in enumerate(ON_CREATE)])
def test_an_answer_to_a_note(name: str, behaviour: Behaviour) -> None:
    """What a SOAP write may be answered, and what that proves."""
    with answering({"create": behaviour}, timeout_s=patience(behaviour)) as planon:
        outcome = planon.services.destination.send(note(NUMBER))
        holds(name, outcome)
        expected = ["login", "find", "read", "create"]
        assert planon.asked() == expected + (["login", "create"] if name == "session ended at once" else [])


@pytest.mark.parametrize(("name", "behaviour"), ON_CREATE, ids=[f"{n}-{i}" for i, (n, _) in enumerate(ON_CREATE)])
def test_a_look_up_that_fails_leaves_the_question_open(name: str, behaviour: Behaviour) -> None:
    """Whatever goes wrong while asking is no answer: neither found nor absent."""
    with (
        answering({"find": behaviour}, timeout_s=patience(behaviour)) as planon,
        pytest.raises(BackendUnavailable) as caught,
    ):
        planon.services.destination.find(incident())
    assert "Jansen" not in caught.value.detail
    assert caught.value.retry_after_s == (17 if name == "throttled" else 30)


@pytest.mark.parametrize(
    "behaviour", [xml(fault("e:Server", "unknown"), 500), answer(502, "text/html", HTML), reset, silent]
)
def test_without_a_session_nothing_is_sent(behaviour: Behaviour) -> None:
    """A log-in fails with the text `unknown` whatever the cause; the call behind it was never made."""
    with answering({"login": behaviour}, timeout_s=patience(behaviour)) as planon:
        outcome = planon.services.destination.send(note(NUMBER))
        assert isinstance(outcome, NotSent)
        assert "no session: " in outcome.reason
        with pytest.raises(BackendUnavailable, match="no session: "):
            planon.services.destination.find(incident())
        assert set(planon.asked()) == {"login"}


def test_an_empty_session_is_none() -> None:
    """A log-in that succeeds without an id gives nothing to call with."""
    empty = xml(soap("<r:loginResponse><r:return/></r:loginResponse>", SESSION))
    with answering({"login": empty}) as planon, pytest.raises(BackendUnavailable, match="gave no session"):
        planon.services.destination.find(incident())


def test_a_look_up_without_time_is_not_begun() -> None:
    """When earlier calls have used all the time up, the next one is not sent."""
    with answering() as planon:
        with pytest.raises(ExchangeFailed) as caught:
            planon.services._records.incidents(number=NUMBER, within_s=0.0)
        holds("no time left", outcome_of(caught.value))
        assert planon.asked() == []


def refused_port() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_refused_connection_is_not_sent() -> None:
    """No byte left."""
    with services(f"{refused_port()}/soap", refused_port()) as planon:
        holds("no connection", planon.destination.send(incident()))


def test_a_connection_that_nobody_answers_is_not_sent() -> None:
    """A listener with a full queue drops SYNs, as a firewall does."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            with services(f"{url}/soap", url, connect_timeout_s=0.3) as planon:
                holds("no connection in time", planon.destination.send(incident()))
        finally:
            for filler in fillers:
                filler.close()


def test_a_certificate_that_is_not_trusted_is_not_sent(tmp_path: Path) -> None:
    """The handshake ends before the request begins."""
    with tls_server(certificate(tmp_path)) as url, services(f"{url}/soap", url) as planon:
        holds("certificate", planon.destination.send(incident()))


def test_every_row_is_driven_and_every_flaw_has_one() -> None:
    """A new row needs a case above; a new flaw falls into `anything else` only on purpose."""
    driven = {name for name, _ in (*ON_APPSUITE, *ON_CREATE)}
    driven |= {"no session", "no connection", "no connection in time", "certificate", "no time left"}
    assert driven == {row.name for row in TABLE} - {"anything else"}
    assert len({row.name for row in TABLE}) == len(TABLE)
    assert {row.name for row in TABLE if row.verdict is Verdict.NOT_SENT} == NOT_SENT
    assert {row.name for row in TABLE if row.verdict is Verdict.TRANSIENT} == TRANSIENT
    assert {row.name for row in TABLE if row.verdict is Verdict.REJECTED} == REJECTED
    named = {flaw for row in TABLE for flaw in row.flaws}
    assert set(Flaw) - named == {Flaw.FAULT}
