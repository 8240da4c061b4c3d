import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import requests
import zeep.exceptions
from lxml import etree

from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator
from tests.incident import FIELDS
from tests.integration.planon_simulator.raw import NOTE

Post = Callable[..., requests.Response]


def test_a_wrong_password_is_a_fault_that_says_unknown(soap: Any) -> None:
    """The only word that the real one has for it."""
    with pytest.raises(zeep.exceptions.Fault, match=r"^unknown$"):
        soap.PlanonSession.login("shim", "wrong")


def test_an_incident_is_found_by_reference_and_read(soap: Any, session: str, post: Post) -> None:
    """The operation find answers syscodes, read the record with its SLA clock."""
    post()
    post(BO_EXTERNAL_REF="DEMO-OTHER")
    (syscode,) = soap.Incident.find(session, soap.filter(EXTERNAL_REF="DEMO-ABCDEFGHIJ234567"))
    record = soap.Incident.read(session, syscode)
    assert record.incidentNumber == "INC-000001"
    assert (record.tenantId, record.mandant, record.priority, record.status) == ("TNT-10001", "WBV", 2, "Reported")
    assert record.reportedOn == datetime.fromisoformat("2026-11-19T22:14:03+01:00")
    assert record.slaStart == record.reportedOn
    assert record.slaDue == datetime.fromisoformat("2026-11-20T06:14:03+01:00")
    assert record.description == FIELDS["BO_DESCRIPTION"]


def test_what_the_document_left_out_is_nil(soap: Any, session: str, post: Post) -> None:
    """A record without SLA fields reads as None, not as an error."""
    post(BO_REPORT_DATE=None, BO_PRIORITY=None, BO_TENANT_ID=None)
    (syscode,) = soap.Incident.find(session, soap.filter(INCIDENT_NUMBER="INC-000001"))
    record = soap.Incident.read(session, syscode)
    absent = (record.reportedOn, record.priority, record.tenantId, record.slaStart, record.slaDue)
    assert absent == (None, None, None, None, None)


def test_duplicates_are_all_found(soap: Any, session: str, post: Post) -> None:
    """Two incidents with one reference are two syscodes; an unknown reference is none."""
    post()
    post()
    assert len(soap.Incident.find(session, soap.filter(EXTERNAL_REF="DEMO-ABCDEFGHIJ234567"))) == 2
    assert not soap.Incident.find(session, soap.filter(EXTERNAL_REF="DEMO-NOBODY"))


def test_filters_are_joined(soap: Any, session: str, post: Post) -> None:
    """Both fields must hold."""
    post()
    post()
    both = soap.filter(EXTERNAL_REF="DEMO-ABCDEFGHIJ234567", INCIDENT_NUMBER="INC-000002")
    assert soap.Incident.find(session, both) == [1002]


def test_a_note_is_appended_found_and_read(soap: Any, session: str, post: Post, control: SimulatorControl) -> None:
    """The record comes back character for character, and shows in the ledger."""
    post()
    syscode = soap.CommunicationLog.create(session, NOTE)
    assert soap.CommunicationLog.find(session, soap.filter(EXTERNAL_REF="DEMO-NOTE")) == [syscode]
    assert soap.CommunicationLog.find(session, soap.filter(INCIDENT_NUMBER="INC-000001")) == [syscode]
    record = soap.CommunicationLog.read(session, syscode)
    assert (record.text, record.logType, record.incidentNumber) == (NOTE["TEXT"], "TENANT_MESSAGE", "INC-000001")
    assert record.reportedAt == datetime.fromisoformat(NOTE["REPORTED_AT"])
    (note,) = control.notes()
    assert {name: note[name.lower()] for name in NOTE} == NOTE


def test_validated_bytes_can_go_into_the_body_as_they_are(
    soap: Any, simulator: PlanonSimulator, session: str, post: Post, control: SimulatorControl
) -> None:
    """The operation create carries the CommunicationLog element itself, with its own prefix and declarations."""
    del soap
    post()
    root = etree.Element(
        "{urn:planon:communicationlog:1}CommunicationLog", nsmap={"x": "urn:planon:communicationlog:1"}
    )
    for name, value in NOTE.items():
        etree.SubElement(root, f"{{urn:planon:communicationlog:1}}{name}").text = value
    envelope = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        b'<c:create xmlns:c="urn:planon:webservices:communicationlog:1"><c:args0>%s</c:args0>%s</c:create>'
        b"</s:Body></s:Envelope>"
    ) % (session.encode(), etree.tostring(root))
    answer = requests.post(f"{simulator.url}/soap/CommunicationLog", data=envelope, timeout=30)
    assert answer.status_code == 200
    assert control.notes()[0]["text"] == NOTE["TEXT"]


@pytest.mark.parametrize("changes", [{"INCIDENT_NUMBER": "INC-999999"}, {"LOG_TYPE": "GOSSIP"}])
def test_a_note_that_cannot_be_filed_is_a_fault(
    soap: Any, session: str, post: Post, control: SimulatorControl, changes: dict[str, str]
) -> None:
    """An unknown incident and a value outside the schema are refused; nothing is stored."""
    post()
    with pytest.raises(zeep.exceptions.Fault):
        soap.CommunicationLog.create(session, NOTE | changes)
    assert control.notes() == []


@pytest.mark.parametrize("end", ["logout", "expire"])
def test_a_session_that_has_ended_is_a_fault(soap: Any, session: str, control: SimulatorControl, end: str) -> None:
    """After a log-out, or when the server threw its sessions away, every call faults."""
    soap.Incident.find(session, soap.filter(EXTERNAL_REF="A"))
    if end == "logout":
        soap.PlanonSession.logout(session)
    else:
        control.apply(expire_sessions=True)
    with pytest.raises(zeep.exceptions.Fault, match="Session is not valid"):
        soap.Incident.find(session, soap.filter(EXTERNAL_REF="A"))


def test_a_session_that_idles_is_a_fault(
    soap: Any, session: str, control: SimulatorControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call prolongs a session; half an hour without one ends it."""
    start = time.monotonic()
    wanted = soap.filter(EXTERNAL_REF="A")
    for minutes in (29, 58):
        monkeypatch.setattr("simulators.planon.sessions.monotonic", lambda at=start + minutes * 60: at)
        soap.Incident.find(session, wanted)
    monkeypatch.setattr("simulators.planon.sessions.monotonic", lambda: start + 89 * 60)
    with pytest.raises(zeep.exceptions.Fault, match="Session is not valid"):
        soap.Incident.find(session, wanted)
    assert control.incidents() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/soap/Incident", b"no xml"),
        ("/soap/Incident", b"<!DOCTYPE a><a/>"),
        ("/soap/Incident", b"<a/>"),
        (
            "/soap/PlanonSession",
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><close/></s:Body></s:Envelope>',
        ),
    ],
)
def test_what_is_no_call_is_answered_with_a_fault(simulator: PlanonSimulator, path: str, body: bytes) -> None:
    """Garbage, a DOCTYPE, no envelope and an unknown operation are SOAP faults with status 500."""
    answer = requests.post(f"{simulator.url}{path}", data=body, timeout=30)
    assert answer.status_code == 500
    assert etree.fromstring(answer.content).findtext(".//faultcode") == "soapenv:Client"


def test_the_wsdl_is_not_served(simulator: PlanonSimulator) -> None:
    """Clients bring their own."""
    assert requests.get(f"{simulator.url}/soap/Incident?wsdl", timeout=30).status_code == 404
