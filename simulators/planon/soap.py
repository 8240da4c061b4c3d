"""The three SOAP services of `schemas/wsdl/planon.wsdl`: session, incident, communication log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Final, TypeVar

from lxml import etree

import schemas
from schemas.xml import XmlRefused
from simulators.planon import envelope
from simulators.planon.envelope import Call, Record
from simulators.planon.exchange import Answer, Prepared
from simulators.planon.ledger import Incident, Ledger, Note
from simulators.planon.sessions import Sessions, SoapFault

_SESSION: Final = "urn:planon:webservices:session:1"
_INCIDENT: Final = "urn:planon:webservices:incident:1"
_LOG: Final = "urn:planon:webservices:communicationlog:1"
_LOG_DOCUMENT: Final = "{urn:planon:communicationlog:1}CommunicationLog"

RecordT = TypeVar("RecordT", Incident, Note)
_Returned = Sequence[str | int | Record]


class SoapServices:
    """Dispatches a SOAP request to its operation."""

    def __init__(self, ledger: Ledger, sessions: Sessions) -> None:
        self._ledger = ledger
        self._sessions = sessions
        self._log_schema = etree.XMLSchema(file=str(schemas.path("xsd/planon/communication-log.xsd")))
        self._lock = Lock()  # a schema's error log belongs to all threads
        self._operations: Mapping[tuple[str, str, str], tuple[str, Callable[[Call], _Returned]]] = {
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
        return Prepared(kind, lambda: _executed(call, operation))

    def _login(self, call: Call) -> _Returned:
        return [self._sessions.login(call.text(0), call.text(1))]

    def _logout(self, call: Call) -> _Returned:
        self._sessions.logout(call.text(0))
        return []

    def _find_incidents(self, call: Call) -> _Returned:
        self._sessions.touch(call.text(0))
        return _matching(
            call.filters(),
            ((it.syscode, it.fields.get("BO_EXTERNAL_REF"), it.number) for it in self._ledger.incidents()),
        )

    def _read_incident(self, call: Call) -> _Returned:
        self._sessions.touch(call.text(0))
        return [_incident_record(_with_syscode(self._ledger.incidents(), call))]

    def _create_note(self, call: Call) -> _Returned:
        self._sessions.touch(call.text(0))
        document = call.element.find(_LOG_DOCUMENT)
        if document is None:
            raise SoapFault("CommunicationLog is missing")
        with self._lock:
            if not self._log_schema.validate(document):
                raise SoapFault("CommunicationLog does not satisfy its schema")
        note = self._ledger.commit_note({etree.QName(child).localname: child.text or "" for child in document})
        if note is None:
            raise SoapFault("INCIDENT_NUMBER is not an incident")
        return [note.syscode]

    def _find_notes(self, call: Call) -> _Returned:
        self._sessions.touch(call.text(0))
        return _matching(
            call.filters(), ((it.syscode, it.external_ref, it.incident_number) for it in self._ledger.notes())
        )

    def _read_note(self, call: Call) -> _Returned:
        self._sessions.touch(call.text(0))
        return [_log_record(_with_syscode(self._ledger.notes(), call))]


def _refusing(text: str) -> Prepared:
    return Prepared("", lambda: envelope.fault("Client", text))


def _executed(call: Call, operation: Callable[[Call], _Returned]) -> Answer:
    try:
        return envelope.answer(call, operation(call))
    except SoapFault as error:
        return envelope.fault("Server", str(error))


def _matching(wanted: Mapping[str, str], rows: Iterable[tuple[int, str | None, str]]) -> list[str | int | Record]:
    return [
        syscode
        for syscode, reference, number in rows
        if wanted.items() <= {"EXTERNAL_REF": reference, "INCIDENT_NUMBER": number}.items()
    ]


def _with_syscode(records: list[RecordT], call: Call) -> RecordT:
    wanted = call.text(1)
    for record in records:
        if str(record.syscode) == wanted:
            return record
    raise SoapFault("No such record")


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
