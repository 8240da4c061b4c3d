"""The three SOAP services of `schemas/wsdl/planon.wsdl`: session, incident, communication log."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Final

from lxml import etree

import schemas
from schemas.xml import XmlRefused
from simulators.planon import envelope
from simulators.planon.entries import Incident, Note
from simulators.planon.envelope import Call, Record
from simulators.planon.exchange import Answer, Prepared
from simulators.planon.ledger import Ledger
from simulators.planon.sessions import Sessions, SoapFault
from simulators.planon.strike import Strike

_SESSION: Final = "urn:planon:webservices:session:1"
_INCIDENT: Final = "urn:planon:webservices:incident:1"
_LOG: Final = "urn:planon:webservices:communicationlog:1"
_NO_RECORD: Final = "No such record"
_LOG_DOCUMENT: Final = "{urn:planon:communicationlog:1}CommunicationLog"

_Returned = Sequence[str | int | Record]
_Operation = Callable[[Call, Strike], _Returned]


class SoapServices:
    """Dispatches a SOAP request to its operation."""

    def __init__(self, ledger: Ledger, sessions: Sessions) -> None:
        self._ledger = ledger
        self._sessions = sessions
        self._log_schema = etree.XMLSchema(file=str(schemas.path("xsd/planon/communication-log.xsd")))
        self._lock = Lock()  # a schema's error log belongs to all threads
        self._operations: Mapping[tuple[str, str, str], tuple[str, _Operation]] = {
            ("PlanonSession", _SESSION, "login"): ("login", self._login),
            ("PlanonSession", _SESSION, "logout"): ("logout", self._logout),
            ("Incident", _INCIDENT, "find"): ("find", self._find_incidents),
            ("Incident", _INCIDENT, "read"): ("read", self._read_incident),
            ("CommunicationLog", _LOG, "create"): ("note", self._create_note),
            ("CommunicationLog", _LOG, "find"): ("find", self._find_notes),
            ("CommunicationLog", _LOG, "read"): ("read", self._read_note),
        }

    def prepare(self, service: str, request: bytes) -> Prepared:
        """Return the request, ready to be executed; one that cannot be read will be answered with a fault."""
        try:
            call = envelope.read(request)
        except (XmlRefused, SoapFault) as error:
            return _refusing(str(error))
        found = self._operations.get((service, call.namespace, call.operation))
        if found is None:
            return _refusing("The service has no such operation")
        kind, operation = found
        return Prepared(
            kind,
            lambda strike: _executed(call, operation, strike),
            lambda: self._end_session(call),
        )

    def _end_session(self, call: Call) -> None:
        with suppress(SoapFault):  # it names none
            self._sessions.expire(call.text(0))

    def _login(self, call: Call, _: Strike) -> _Returned:
        return [self._sessions.login(call.text(0), call.text(1))]

    def _logout(self, call: Call, _: Strike) -> _Returned:
        self._sessions.logout(call.text(0))
        return []

    def _find_incidents(self, call: Call, _: Strike) -> _Returned:
        self._sessions.touch(call.text(0))
        return self._ledger.find_incidents(call.filters())

    def _read_incident(self, call: Call, _: Strike) -> _Returned:
        self._sessions.touch(call.text(0))
        incident = self._ledger.incident(_syscode(call))
        if incident is None:
            raise SoapFault(_NO_RECORD)
        return [_incident_record(incident)]

    def _create_note(self, call: Call, strike: Strike) -> _Returned:
        self._sessions.touch(call.text(0))
        document = call.element.find(_LOG_DOCUMENT)
        if document is None:
            raise SoapFault("CommunicationLog is missing")
        with self._lock:
            if not self._log_schema.validate(document):
                raise SoapFault("CommunicationLog does not satisfy its schema")
        fields = {etree.QName(child).localname: child.text or "" for child in document}
        note = self._ledger.commit_note(fields, strike)
        if note is None:
            raise SoapFault("INCIDENT_NUMBER is not an incident")
        return [note.syscode]

    def _find_notes(self, call: Call, _: Strike) -> _Returned:
        self._sessions.touch(call.text(0))
        return self._ledger.find_notes(call.filters())

    def _read_note(self, call: Call, _: Strike) -> _Returned:
        self._sessions.touch(call.text(0))
        note = self._ledger.note(_syscode(call))
        if note is None:
            raise SoapFault(_NO_RECORD)
        return [_log_record(note)]


def _refusing(text: str) -> Prepared:
    return Prepared("", lambda _: envelope.fault("Client", text))


def _executed(call: Call, operation: _Operation, strike: Strike) -> Answer:
    try:
        return envelope.answer(call, operation(call, strike))
    except SoapFault as error:
        return envelope.fault("Server", str(error))


def _syscode(call: Call) -> int:
    try:
        return int(call.text(1))
    except ValueError as error:
        raise SoapFault(_NO_RECORD) from error


def _incident_record(incident: Incident) -> Record:
    fields = incident.fields
    return (
        ("syscode", incident.syscode),
        ("incidentNumber", incident.number),
        ("externalReference", fields.get("BO_EXTERNAL_REF")),
        ("tenantId", fields.get("BO_TENANT_ID")),
        ("mandant", fields.get("BO_MANDANT")),
        ("status", incident.status),
        ("priority", incident.priority),
        ("reportedOn", fields.get("BO_REPORT_DATE")),
        ("description", fields.get("BO_DESCRIPTION")),
        ("slaStart", incident.sla_start),
        ("slaDue", incident.sla_due),
    )


def _log_record(note: Note) -> Record:
    return (
        ("syscode", note.syscode),
        ("incidentNumber", note.incident_number),
        ("externalReference", note.external_ref),
        ("tenantId", note.tenant_id),
        ("reportedAt", note.reported_at),
        ("text", note.text),
        ("logType", note.log_type),
    )
