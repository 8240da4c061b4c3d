"""Incidents and communication-log records as Planon's SOAP services have them now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.planon.session import Session
from adapters.soap import BadAnswer, SoapClient

EXTERNAL_REF: Final = "EXTERNAL_REF"
INCIDENT_NUMBER: Final = "INCIDENT_NUMBER"
_INCIDENT: Final = "Incident"
_LOG: Final = "CommunicationLog"


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """What an incident says that matters here; times are aware."""

    syscode: int
    number: str
    tenant_id: str | None
    reported_at: datetime | None
    sla_start: datetime | None
    sla_due: datetime | None


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """What a communication-log record says that matters here."""

    syscode: int
    number: str
    tenant_id: str
    reported_at: datetime | None


class Records:
    """Finds, reads and adds records. Safe for several threads."""

    def __init__(self, client: SoapClient, session: Session) -> None:
        self._client = client
        self._session = session

    def incidents(self, field: str, value: str, timeout_s: float | None = None) -> list[IncidentRecord]:
        """Return every incident whose field equals a value, as it is now.

        Args:
            field: EXTERNAL_REF or INCIDENT_NUMBER.
            value: compared by the server.
            timeout_s: for each of the calls, when it must be shorter than usual.

        Raises:
            LoginFailed, ExchangeFailed: the question could not be answered.
        """
        return self._all(_INCIDENT, _incident, field, value, timeout_s)

    def notes(self, field: str, value: str) -> list[NoteRecord]:
        """Return every communication-log record whose field equals a value; as incidents()."""
        return self._all(_LOG, _note, field, value, None)

    def add_note(self, frozen: bytes) -> int:
        """Create a communication-log record from a frozen document and return its syscode.

        Raises:
            LoginFailed: it was not executed.
            ExchangeFailed: see its kinds.
        """
        return int(
            self._session.with_id(
                lambda session: self._client.call_verbatim(_LOG, "create", {"args0": session}, frozen)
            )
        )

    def _all(
        self,
        service: str,
        convert: Callable[[Any], Any],
        field: str,
        value: str,
        timeout_s: float | None,
    ) -> list[Any]:
        wanted = {"fieldFilters": [{"fieldName": field, "filterValue": value, "operator": "EQUALS"}]}
        syscodes = self._call(service, "find", wanted, timeout_s) or []
        return [convert(self._call(service, "read", syscode, timeout_s)) for syscode in syscodes]

    def _call(self, service: str, operation: str, argument: Any, timeout_s: float | None) -> Any:
        return self._session.with_id(
            lambda session: self._client.call(service, operation, session, argument, timeout_s=timeout_s)
        )


def _incident(record: Any) -> IncidentRecord:
    return IncidentRecord(
        syscode=record.syscode,
        number=record.incidentNumber,
        tenant_id=record.tenantId,
        reported_at=_aware(record.reportedOn),
        sla_start=_aware(record.slaStart),
        sla_due=_aware(record.slaDue),
    )


def _note(record: Any) -> NoteRecord:
    return NoteRecord(record.syscode, record.incidentNumber, record.tenantId, _aware(record.reportedAt))


def _aware(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise BadAnswer(200, "a time without an offset")
    return moment
