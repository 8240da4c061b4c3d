"""Delivers frozen documents to Planon and asks Planon itself whether they landed; never the replica."""

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from adapters.planon.outcomes import Accepted, AppSuiteReplies, Failure, failure_of
from adapters.planon.records import EXTERNAL_REF, INCIDENT_NUMBER, IncidentRecord, NoteRecord, Records
from adapters.planon.session import LoginFailed
from adapters.soap import ExchangeFailed, Http
from contracts.delivery import Absent, Conflicting, Delivered, Finding, NotSent, Outcome, Rejected, Sending
from contracts.errors import BackendUnavailable

INCIDENT: Final = "incident"
NOTE: Final = "note"
_READ_BACK_S: Final = 5.0
"""Limit of each call that reads a new incident back: the number is known, only what it says of the SLA is not."""
_RETRY_S: Final = 30.0
_XML: Final = {"Content-Type": "application/xml; charset=utf-8"}
_IN_TEXT: Final = re.compile(rb"[A-Za-z0-9._/-]{1,40}")


class AppSuiteEndpoint:
    """Posts incident documents; each post is a new incident."""

    def __init__(self, http: Http, url: str, account: tuple[str, str], replies: AppSuiteReplies) -> None:
        self._http = http
        self._url = url
        self._headers = {**_XML, "Authorization": f"Basic {b64encode(':'.join(account).encode()).decode()}"}
        self._replies = replies

    def post(self, frozen: bytes) -> Accepted | Failure:
        """Post the frozen bytes once and return what the answer proves."""
        try:
            answer = self._http.post(self._url, frozen, self._headers)
        except ExchangeFailed as error:
            return failure_of(error)
        return self._replies.outcome(answer)


class PlanonDestination:
    """Where incidents and notes are delivered; a `Destination`."""

    def __init__(self, appsuite: AppSuiteEndpoint, records: Records, settle_s: float) -> None:
        self.settle_s = settle_s
        self._appsuite = appsuite
        self._records = records

    def send(self, sending: Sending) -> Outcome:
        """Send once; see `Destination`."""
        if sending.kind == INCIDENT:
            return self._send_incident(sending)
        return self._send_note(sending)

    def find(self, sending: Sending) -> Finding:
        """Ask the SOAP services by external reference; see `Destination`."""
        try:
            if sending.kind == INCIDENT:
                return self._find_incident(sending)
            return self._find_note(sending)
        except (LoginFailed, ExchangeFailed) as error:
            raise BackendUnavailable(f"Planon could not be asked: {error}", _RETRY_S) from error

    def _send_incident(self, sending: Sending) -> Outcome:
        outcome = self._appsuite.post(sending.body)
        if not isinstance(outcome, Accepted):
            return outcome
        return _incident_delivered(outcome.number, self._sla(sending, outcome.number))

    def _sla(self, sending: Sending, number: str) -> dict[str, JsonValue]:
        try:
            records = self._records.incidents(INCIDENT_NUMBER, number, _READ_BACK_S)
        except (LoginFailed, ExchangeFailed):
            return {"state": "unverified"}
        ours = [record for record in records if _agrees(record, sending)]
        return _sla_of(ours[0]) if len(ours) == 1 else {"state": "unverified"}

    def _send_note(self, sending: Sending) -> Outcome:
        try:
            frozen, number = _with_parent(sending)
        except ValueError as error:
            return Rejected(str(error))
        try:
            incidents = self._records.incidents(INCIDENT_NUMBER, number)
        except (LoginFailed, ExchangeFailed) as error:
            return NotSent(f"the incident could not be read first: {error}")
        if [incident.tenant_id for incident in incidents] != [sending.subject]:
            # Two records under one number, or our own incident given to another tenant, are a person's matter.
            clients_mistake = sending.slot is None and len(incidents) <= 1
            return Rejected("no such incident of this tenant", not_found=clients_mistake)
        try:
            syscode = self._records.add_note(frozen)
        except (LoginFailed, ExchangeFailed) as error:
            return failure_of(error)
        return _note_delivered(syscode, number)

    def _find_incident(self, sending: Sending) -> Finding:
        found = self._records.incidents(EXTERNAL_REF, sending.reference)
        if not found:
            return Absent()
        return _contradiction(found, sending) or _incident_delivered(found[0].number, _sla_of(found[0]))

    def _find_note(self, sending: Sending) -> Finding:
        found = self._records.notes(EXTERNAL_REF, sending.reference)
        if not found:
            return Absent()
        return _contradiction(found, sending) or _note_delivered(found[0].syscode, found[0].number)


def _contradiction(found: Sequence[IncidentRecord | NoteRecord], sending: Sending) -> Conflicting | None:
    if len(found) > 1:
        return Conflicting(f"{len(found)} records have this reference")
    if found[0].tenant_id != sending.subject:
        return Conflicting("the record with this reference is about somebody else")
    if not _agrees(found[0], sending):
        return Conflicting("the record with this reference has another report time")
    return None


def _agrees(record: IncidentRecord | NoteRecord, sending: Sending) -> bool:
    same_time = record.reported_at == sending.reported_at.replace(microsecond=0)
    return record.tenant_id == sending.subject and same_time


def _with_parent(sending: Sending) -> tuple[bytes, str]:
    """Return the note's bytes with its slot filled, and the incident's number."""
    frozen = sending.body
    if sending.slot is not None:
        parent = (sending.parent_backend_id or "").encode()
        if not _IN_TEXT.fullmatch(parent):
            raise ValueError("the delivery that it follows has no usable number")
        if frozen.count(sending.slot) != 1:
            raise ValueError("the frozen note does not hold its slot exactly once")
        frozen = frozen.replace(sending.slot, parent)
    number = re.search(rb"<INCIDENT_NUMBER>([^<]+)</INCIDENT_NUMBER>", frozen)
    if number is None:
        raise ValueError("the frozen note names no incident")
    return frozen, number[1].decode()


def _incident_delivered(number: str, sla: dict[str, JsonValue]) -> Delivered:
    return Delivered(number, {"incident": number, "sla": sla})


def _note_delivered(syscode: int, number: str) -> Delivered:
    return Delivered(str(syscode), {"note": str(syscode), "incident": number})


def _sla_of(record: IncidentRecord) -> dict[str, JsonValue]:
    """What the backend itself says of the clock: it runs if there is a due time."""
    times: dict[str, datetime | None] = {"started_at": record.sla_start, "due_at": record.sla_due}
    shown: dict[str, JsonValue] = {name: time.isoformat() for name, time in times.items() if time is not None}
    return {"state": "missing" if record.sla_due is None else "running", **shown}
