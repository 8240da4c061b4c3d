"""Delivers frozen documents to Planon and asks Planon itself whether they landed; never the replica."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from adapters.planon.endpoint import AppSuiteEndpoint
from adapters.planon.read_back import ReadBack, differences
from adapters.planon.records import IncidentRecord, NoteRecord, Records
from adapters.planon.verdicts import Verdict, outcome_of, row_of, unavailable
from adapters.soap import ExchangeFailed, Flaw, SoapFault
from contracts.delivery import (
    Absent,
    Checked,
    Conflicting,
    Delivered,
    Finding,
    NotSent,
    Outcome,
    Rejected,
    Sending,
    Unknown,
)

INCIDENT: Final = "incident"
NOTE: Final = "note"
_NUMBER: Final = re.compile(r"[A-Za-z0-9._/-]{1,40}")


class PlanonDestination:
    """Where incidents and notes are delivered; a `Destination`."""

    def __init__(
        self,
        appsuite: AppSuiteEndpoint,
        records: Records,
        read_back: ReadBack,
        settle_s: float,
        number_element: str,
        fingerprints: Mapping[str, str],
    ) -> None:
        """Prepare; `number_element` is what a note calls the element with the incident's number."""
        self.settle_s = settle_s
        self.unknown: Unknown = "verify"
        self._fingerprints = fingerprints
        self._number_in = re.compile(rf"<{re.escape(number_element)}>([^<]+)<".encode())
        self._appsuite = appsuite
        self._records = records
        self._read_back = read_back

    def fingerprint(self, kind: str) -> str | None:
        """Return what a kind of document is validated with now; see `Destination`."""
        return self._fingerprints.get(kind)

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
        except ExchangeFailed as error:
            raise unavailable(error) from error

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        """Look at a delivered incident again; see `Destination`. A note has no clock that must be seen to run."""
        if sending.kind != INCIDENT:
            return Checked(None, None, "a note is not looked at again")
        return self._read_back.checked(backend_id, self._read_back.of(sending, backend_id), age_s)

    def _send_incident(self, sending: Sending) -> Outcome:
        try:
            number = self._appsuite.post(sending.body).number
        except ExchangeFailed as error:
            return outcome_of(error)
        return self._read_back.delivered(number, self._read_back.of(sending, number))

    def _send_note(self, sending: Sending) -> Outcome:
        try:
            frozen, number = _with_parent(sending, self._number_in)
        except ValueError as error:
            return Rejected(str(error))
        try:
            incidents = self._records.incidents(number=number)
        except ExchangeFailed as error:
            reason = f"the incident could not be read first: {row_of(error).name}: {error}"
            # A fault that is about this incident says that the service is there, and others may pass.
            about_entry = isinstance(error, SoapFault) and row_of(error).verdict is not Verdict.TRANSIENT
            return NotSent(reason, getattr(error, "retry_after_s", None), about_entry)
        if [incident.tenant for incident in incidents] != [sending.subject]:
            # Two records under one number, or our own incident given to another tenant, are a person's matter.
            clients_mistake = sending.slot is None and len(incidents) <= 1
            return Rejected("no such incident of this tenant", not_found=clients_mistake)
        try:
            syscode = self._records.add_note(frozen)
        except ExchangeFailed as error:
            return outcome_of(error)
        return _note_delivered(syscode, number)

    def _find_incident(self, sending: Sending) -> Finding:
        found = self._records.incidents(reference=sending.reference)
        if not found:
            return Absent()
        contradiction = _contradiction(found, sending)
        if contradiction is not None:
            return contradiction
        return self._read_back.delivered(_number(found[0]), self._read_back.of_record(sending, found[0]))

    def _find_note(self, sending: Sending) -> Finding:
        try:
            _, number = _with_parent(sending, self._number_in)
        except ValueError as error:
            return Conflicting(str(error))
        found = self._records.notes(sending.reference)
        if not found:
            return Absent()
        contradiction = _contradiction(found, sending)
        if contradiction is None and found[0].number != number:
            return Conflicting("the record with this reference is not under the incident that the note names")
        return contradiction or _note_delivered(found[0].syscode, number)


def _contradiction(found: Sequence[NoteRecord], sending: Sending) -> Conflicting | None:
    if len(found) > 1:
        return Conflicting(f"{len(found)} records have this reference")
    differs = differences(found[0], sending)
    return Conflicting(f"the record with this reference differs in {', '.join(differs)}") if differs else None


def _number(record: IncidentRecord) -> str:
    if record.number is None or not _NUMBER.fullmatch(record.number):
        raise ExchangeFailed(Flaw.UNREADABLE, detail="a number that no incident can have")
    return record.number


def _with_parent(sending: Sending, number_in: re.Pattern[bytes]) -> tuple[bytes, str]:
    """Return the note's bytes with its slot filled, and the incident's number."""
    frozen = sending.body
    if sending.slot is not None:
        parent = sending.parent_backend_id or ""
        if not _NUMBER.fullmatch(parent):
            raise ValueError("the delivery that it follows has no usable number")
        if frozen.count(sending.slot) != 1:
            raise ValueError("the frozen note does not hold its slot exactly once")
        frozen = frozen.replace(sending.slot, parent.encode())
    number = number_in.search(frozen)
    if number is None:
        raise ValueError("the frozen note names no incident")
    return frozen, number[1].decode()


def _note_delivered(syscode: int, number: str) -> Delivered:
    return Delivered(str(syscode), {"note": str(syscode), "incident": number})
