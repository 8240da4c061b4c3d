import socket
import time
from contextlib import closing

import pytest

import schemas
from adapters.soap import BadAnswer, Http, NoAnswer, NotConnected, SoapClient, SoapFault
from tests.integration.soap.raw_server import Behaviour, RawServer, answer, reset, serving, trickling

WSDL = schemas.path("wsdl/planon.wsdl")
LIMIT_BYTES = 20_000
FILTER = {"fieldFilters": [{"fieldName": "EXTERNAL_REF", "filterValue": "X", "operator": "EQUALS"}]}
HTML = b"<html><body><h1>401</h1></body></html>"
RECORD = (
    "<r:syscode>1</r:syscode><r:incidentNumber>INC-1</r:incidentNumber><r:externalReference>X</r:externalReference>"
    "<r:tenantId>T</r:tenantId><r:mandant>WBV</r:mandant><r:status>Reported</r:status><r:priority>2</r:priority>"
    "<r:reportedOn>{}</r:reportedOn><r:description>  d </r:description>"
    '<r:slaStart xsi:nil="true"/><r:slaDue xsi:nil="true"/>'
)


def soap(body: str) -> bytes:
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:r="urn:planon:webservices:incident:1" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>{body}</e:Body></e:Envelope>'
    ).encode()


def reading(record: str) -> bytes:
    return soap(f"<r:readResponse><r:return>{record}</r:return></r:readResponse>")


def client_of(server: RawServer, timeout_s: float = 20) -> SoapClient:
    http = Http(1, timeout_s, limit_bytes=LIMIT_BYTES)
    return SoapClient(WSDL, WSDL.parent.parent, {"Incident": server.url, "CommunicationLog": server.url}, http)


def read(behaviour: Behaviour) -> object:
    with serving(behaviour) as server:
        return client_of(server).call("Incident", "read", "sid", 1)


def test_a_record_is_read() -> None:
    """The good case: texts keep their blanks, times their offset, nil is None."""
    record: object = read(answer(200, "text/xml; charset=utf-8", reading(RECORD.format("2026-11-19T22:14:03+01:00"))))
    assert record.description == "  d "  # type: ignore[attr-defined]
    assert record.reportedOn.isoformat() == "2026-11-19T22:14:03+01:00"  # type: ignore[attr-defined]
    assert record.slaDue is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (answer(401, "text/html", HTML), 401),
        (answer(502, "text/html", HTML), 502),
        (answer(200, "text/html", HTML), 200),
        (answer(200, "text/xml", HTML), 200),
        (answer(200, "text/html", reading(RECORD.format("2026-11-19T22:14:03Z"))), 200),
        (answer(500, "text/xml", HTML), 500),
        (answer(500, "text/xml", soap("")), 500),
        (answer(302, "text/xml", b"", "Location: http://127.0.0.1:1/\r\n"), 302),
        (answer(200, "text/xml", b"<!DOCTYPE x>" + reading(RECORD.format("2026-11-19T22:14:03Z"))), 200),
        (answer(200, "text/xml", reading(RECORD.format("gisteren"))), 200),
        (answer(200, "text/xml", reading(RECORD.format("2026-11-19T22:14:03Z") + "<r:new>1</r:new>")), 200),
        (answer(200, "text/xml", soap("<r:findResponse/>")), 200),
        (answer(200, "text/xml", soap("")), 200),
    ],
)
def test_what_is_no_reply_is_a_bad_answer(behaviour: Behaviour, status: int) -> None:
    """A proxy's page, a DOCTYPE, a date that is none: said with the HTTP status, never taken for a fault or for nil."""
    with pytest.raises(BadAnswer) as caught:
        read(behaviour)
    assert caught.value.evidence.status == status


@pytest.mark.parametrize("body", ["", "<r:readResponse/>", "<r:findResponse><r:return>x</r:return></r:findResponse>"])
def test_nothing_is_not_an_empty_list(body: str) -> None:
    """An empty body is no proof that the backend found nothing."""
    with serving(answer(200, "text/xml", soap(body))) as server, pytest.raises(BadAnswer):
        client_of(server).call("Incident", "find", "sid", FILTER)


def test_an_empty_reply_is_an_empty_list() -> None:
    """The backend's own way of saying that it found nothing."""
    with serving(answer(200, "text/xml", soap("<r:findResponse/>"))) as server:
        assert not client_of(server).call("Incident", "find", "sid", FILTER)


def test_a_fault_has_its_code_and_text() -> None:
    """Only a well-formed fault is one."""
    fault = "<e:Fault><faultcode>e:Server</faultcode><faultstring>Session is not valid</faultstring></e:Fault>"
    with pytest.raises(SoapFault) as caught:
        read(answer(500, "text/xml", soap(fault)))
    assert (caught.value.code, caught.value.text) == ("Server", "Session is not valid")


@pytest.mark.parametrize(
    ("value", "seconds"), [("17", 17), ("9" * 400, 3600), ("Thu, 19 Nov 2026 22:14:03 GMT", None), ("-1", None)]
)
def test_retry_after_is_passed_on(value: str, seconds: float | None) -> None:
    """Seconds are understood, up to an hour; anything else is ignored."""
    with pytest.raises(BadAnswer) as caught:
        read(answer(429, "text/html", HTML, f"Retry-After: {value}\r\n"))
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(
    "behaviour",
    [
        reset,
        lambda _connection: None,
        answer(200, "text/xml", reading(RECORD), length=LIMIT_BYTES),
        answer(200, "text/xml", b"x" * (LIMIT_BYTES + 1)),
    ],
    ids=["reset", "closed", "truncated", "too long"],
)
def test_half_an_answer_is_none(behaviour: Behaviour) -> None:
    """What broke after the request was sent proves nothing."""
    with pytest.raises(NoAnswer):
        read(behaviour)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Endless:",
        # A body that ends when the connection does, so that a cut one looks whole.
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n",
    ],
    ids=["body", "headers", "body without a length"],
)
def test_a_trickling_answer_meets_the_time_limit(head: bytes) -> None:
    """Every packet comes in time, the whole does not."""
    with serving(trickling(head)) as server:
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match="time-out"):
            client_of(server, timeout_s=0.3).call("Incident", "read", "sid", 1)
        assert time.monotonic() - begun < 10


def test_a_refused_connection_is_not_connected() -> None:
    """No byte was sent."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotConnected):
        client_of(RawServer(port)).call("Incident", "read", "sid", 1)


def test_a_connection_that_is_not_answered_is_not_connected() -> None:
    """A listener with a full queue drops SYNs, as a firewall does."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        try:
            with pytest.raises(NotConnected):
                Http(0.3, 5).post(f"http://127.0.0.1:{address[1]}/", b"x", {})
        finally:
            for filler in fillers:
                filler.close()


def test_every_request_has_a_connection_of_its_own() -> None:
    """A server that keeps connections alive meets a new one each time, so a reset is never ambiguous."""
    alive = answer(200, "text/xml", reading(RECORD.format("2026-11-19T22:14:03Z")), "Connection: keep-alive\r\n")
    connections: list[int] = []

    def watched(connection: socket.socket) -> None:
        connections.append(connection.getpeername()[1])
        alive(connection)
        assert connection.recv(1) == b""  # waits until the client closes

    with serving(watched) as server:
        client = client_of(server)
        for _ in range(3):
            client.call("Incident", "read", "sid", 1)
    assert len(set(connections)) == 3


def test_frozen_bytes_are_sent_verbatim() -> None:
    """The wire carries what was validated, byte for byte, in the operation's own element."""
    frozen = b"<CommunicationLog xmlns='urn:planon:communicationlog:1' ><TEXT>&#62; </TEXT ></CommunicationLog>"
    namespace = "urn:planon:webservices:communicationlog:1"
    reply = soap(f'<c:createResponse xmlns:c="{namespace}"><c:return>7</c:return></c:createResponse>')
    with serving(answer(200, "text/xml", reply)) as server:
        assert client_of(server).call_verbatim("CommunicationLog", "create", {"args0": "sid"}, frozen) == 7
    (request,) = server.requests
    assert b"<op:args0>sid</op:args0>" + frozen + b"</op:create>" in request
    assert b'SOAPAction: "urn:create"' in request
    assert b"Connection: close" in request
