"""What Planon has committed, in order. Being down or answering wrongly does not touch it: tests judge by it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from simulators.planon.sla import SlaClock, SlaEngine

_STATUS = {
    "REPORTED": "Reported",
    "IN_PROGRESS": "In progress",
    "COMPLETED": "Completed",
    "CANCELED": "Canceled",
}


@dataclass(frozen=True, slots=True)
class Incident:
    """A committed incident; `fields` holds every element of its document as text."""

    syscode: int
    number: str
    fields: Mapping[str, str]
    clock: SlaClock | None
    committed_at: datetime

    @property
    def status(self) -> str:
        """State as SOAP and the replica show it; a document without one is a new report."""
        return _STATUS[self.fields.get("BO_STATUS", "REPORTED")]

    @property
    def priority(self) -> int | None:
        """The AppSuite priority code."""
        value = self.fields.get("BO_PRIORITY")
        return None if value is None else int(value)

    @property
    def sla_start(self) -> str | None:
        """Start of the SLA clock, RFC 3339, or None when it does not run."""
        return None if self.clock is None else self.clock.start.isoformat()

    @property
    def sla_due(self) -> str | None:
        """Due time, RFC 3339, or None when the clock does not run."""
        return None if self.clock is None else self.clock.due.isoformat()

    def as_json(self) -> dict[str, Any]:
        """Return what the control port shows."""
        return {
            "syscode": self.syscode,
            "incident_number": self.number,
            "external_ref": self.fields.get("BO_EXTERNAL_REF"),
            "tenant_id": self.fields.get("BO_TENANT_ID"),
            "reported_at": self.fields.get("BO_REPORT_DATE"),
            "description": self.fields.get("BO_DESCRIPTION"),
            "priority": self.priority,
            "status": self.status,
            "sla_start": self.sla_start,
            "sla_due": self.sla_due,
            "committed_at": self.committed_at.isoformat(),
            "fields": dict(self.fields),
        }


@dataclass(frozen=True, slots=True)
class Note:
    """A committed communication-log record."""

    syscode: int
    incident_number: str
    tenant_id: str
    reported_at: str
    text: str
    external_ref: str
    log_type: str
    committed_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return what the control port shows."""
        return asdict(self) | {"committed_at": self.committed_at.isoformat()}


class Ledger:
    """Incidents and notes in the order of their commits. Safe for several threads."""

    def __init__(self, engine: SlaEngine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._lock = Lock()
        self._numbers = 0
        self._incidents: list[Incident] = []
        self._notes: list[Note] = []

    def commit_incident(self, fields: Mapping[str, str]) -> Incident:
        """Store an incident under the next number. A second one with the same reference is another incident."""
        with self._lock:
            self._numbers += 1
            incident = Incident(
                syscode=1000 + self._numbers,
                number=_number(self._numbers),
                fields=dict(fields),
                clock=self._engine.clock(fields),
                committed_at=self._now(),
            )
            self._incidents.append(incident)
            return incident

    def skip_number(self) -> str:
        """Return the next incident number and store nothing under it."""
        with self._lock:
            self._numbers += 1
            return _number(self._numbers)

    def commit_note(self, fields: Mapping[str, str]) -> Note | None:
        """Append a communication-log record, or return None when its incident does not exist."""
        with self._lock:
            if all(incident.number != fields["INCIDENT_NUMBER"] for incident in self._incidents):
                return None
            note = Note(
                syscode=500_001 + len(self._notes),
                incident_number=fields["INCIDENT_NUMBER"],
                tenant_id=fields["TENANT_ID"],
                reported_at=fields["REPORTED_AT"],
                text=fields["TEXT"],
                external_ref=fields["EXTERNAL_REF"],
                log_type=fields["LOG_TYPE"],
                committed_at=self._now(),
            )
            self._notes.append(note)
            return note

    def incidents(self) -> list[Incident]:
        """Return all incidents, oldest commit first."""
        with self._lock:
            return list(self._incidents)

    def notes(self) -> list[Note]:
        """Return all notes, oldest commit first."""
        with self._lock:
            return list(self._notes)

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return the whole ledger as the control port shows it."""
        return {
            "incidents": [incident.as_json() for incident in self.incidents()],
            "notes": [note.as_json() for note in self.notes()],
        }


def _number(count: int) -> str:
    return f"INC-{count:06}"
