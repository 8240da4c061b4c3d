"""The ledger's entries: what Planon holds, beside it what was sent, and the faults that struck on the way."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from simulators.planon.sla import SlaClock

STATUS_OF_CODE: Final = {
    "REPORTED": "Reported",
    "IN_PROGRESS": "In progress",
    "COMPLETED": "Completed",
    "CANCELED": "Canceled",
}
"""States as SOAP and the replica show them, by the code in a document."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A committed incident.

    Attributes:
        syscode: number of the record.
        number: the incident's number.
        commit: place in the order of all commits, notes included; from 1.
        fields: every element that is stored, as text.
        sent: every element that was sent.
        status: one of the values of `STATUS_OF_CODE`.
        clock: the SLA clock, or None while it does not run.
        committed_at: time of the commit, in UTC.
        faults: names of the faults that struck the request.
    """

    syscode: int
    number: str
    commit: int
    fields: Mapping[str, str]
    sent: Mapping[str, str]
    status: str
    clock: SlaClock | None
    committed_at: datetime
    faults: tuple[str, ...]

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
        """Return what the control port shows; `sent_fields` has only those elements that are stored otherwise."""
        return {
            "syscode": self.syscode,
            "incident_number": self.number,
            "commit": self.commit,
            "external_ref": self.fields.get("BO_EXTERNAL_REF"),
            "tenant_id": self.fields.get("BO_TENANT_ID"),
            "reported_at": self.fields.get("BO_REPORT_DATE"),
            "description": self.fields.get("BO_DESCRIPTION"),
            "priority": self.priority,
            "status": self.status,
            "sla_start": self.sla_start,
            "sla_due": self.sla_due,
            "committed_at": self.committed_at.isoformat(),
            "faults": list(self.faults),
            "fields": dict(self.fields),
            "sent_tenant_id": self.sent.get("BO_TENANT_ID"),
            "sent_description": self.sent.get("BO_DESCRIPTION"),
            "sent_fields": {name: text for name, text in self.sent.items() if self.fields.get(name) != text},
        }


@dataclass(frozen=True, slots=True)
class Note:
    """A committed communication-log record; `commit` and `faults` as in an incident."""

    syscode: int
    incident_number: str
    commit: int
    tenant_id: str
    reported_at: str
    text: str
    external_ref: str
    log_type: str
    committed_at: datetime
    faults: tuple[str, ...]
    sent_tenant_id: str
    sent_text: str

    def as_json(self) -> dict[str, Any]:
        """Return what the control port shows."""
        return asdict(self) | {"committed_at": self.committed_at.isoformat(), "faults": list(self.faults)}


@dataclass(frozen=True, slots=True)
class Dropped:
    """An incident that was given a number and forgotten."""

    number: str
    external_ref: str | None
    faults: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what the control port shows."""
        return {"incident_number": self.number, "external_ref": self.external_ref, "faults": list(self.faults)}


@dataclass(frozen=True, slots=True)
class Change:
    """A state of an incident and since when it has been so, for the replica to copy later."""

    at: datetime
    incident: Incident
