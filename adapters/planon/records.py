"""Incidents and communication-log records as Planon's SOAP services have them now."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from adapters.planon.record_names import NoteAttributes, RecordNames
from adapters.planon.session import Session
from adapters.soap import ExchangeFailed, Flaw, SoapClient
from contracts.desks import AdapterMisconfigured

_INCIDENT: Final = "Incident"
_LOG: Final = "CommunicationLog"
_MANY: Final = 10
"""One record has a number, or a reference. A server that answers with more has not looked at the filter."""
_SYSCODES: Final = range(1, 2**31)


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """What a record says that matters here; times are aware, and what is nil in the backend is None.

    Attributes:
        syscode: the record's own key.
        number: of the incident.
        reference: the external reference.
        tenant: key of the tenant.
        reported_at: when the person sent the message.
    """

    syscode: int
    number: str | None
    reference: str | None
    tenant: str | None
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class IncidentRecord(NoteRecord):
    """What an incident says beside that.

    Attributes:
        status: in the backend's words.
        priority: the backend's code.
        sla_start, sla_due: of the SLA clock.
        same: text of every attribute that must hold what an element of the document held, by the attribute's name.
    """

    status: str | None
    priority: int | None
    sla_start: datetime | None
    sla_due: datetime | None
    same: Mapping[str, str | None]


RecordT = TypeVar("RecordT", bound=NoteRecord)


class Records:
    """Finds, reads and adds records. Safe for several threads."""

    def __init__(self, client: SoapClient, session: Session, names: RecordNames) -> None:
        self._client = client
        self._session = session
        self._names = names

    def incidents(
        self, *, number: str | None = None, reference: str | None = None, within_s: float | None = None
    ) -> list[IncidentRecord]:
        """Return every incident with a number or a reference, as it is now: one `find`, and a `read` for each.

        Args:
            number: of the incident.
            reference: the external reference, if it is asked for instead.
            within_s: for all calls together, a log-in included, when it must be shorter than usual.

        Raises:
            LoginFailed, ExchangeFailed: the question could not be answered, or not with these records alone.
        """
        return self._all(_INCIDENT, self._incident, number, reference, within_s)

    def notes(self, reference: str) -> list[NoteRecord]:
        """Return every communication-log record with an external reference; as incidents()."""
        return self._all(_LOG, lambda record: _note(record, self._names.note), None, reference, None)

    def add_note(self, frozen: bytes) -> int:
        """Create a communication-log record from a frozen document and return its syscode.

        Raises:
            LoginFailed: it was not executed.
            ExchangeFailed: see its kinds.
        """
        syscode: int | None = self._session.with_id(
            lambda session: self._client.call_verbatim(_LOG, "create", {"args0": session}, frozen)
        )
        return _usable(syscode)

    def check(self) -> None:
        """Verify that the WSDL's records have every attribute that the mapping names.

        Raises:
            AdapterMisconfigured: naming the attribute.
        """
        for service, wanted in ((_INCIDENT, self._names.of_incident()), (_LOG, self._names.of_note())):
            missing = sorted(wanted - self._client.members(service, "read"))
            if missing:
                raise AdapterMisconfigured(f"mapping: {missing[0]} is no attribute of what the WSDL's {service} reads")

    def _all(
        self,
        service: str,
        convert: Callable[[Any], RecordT],
        number: str | None,
        reference: str | None,
        within_s: float | None,
    ) -> list[RecordT]:
        until = None if within_s is None else time.monotonic() + within_s
        field, value = (self._names.by_number, number) if reference is None else (self._names.by_reference, reference)
        wanted = {"fieldFilters": [{"fieldName": field, "filterValue": value, "operator": "EQUALS"}]}
        syscodes = list(dict.fromkeys(self._call(service, "find", wanted, until) or []))
        if len(syscodes) > _MANY:
            raise ExchangeFailed(Flaw.UNREADABLE, detail=f"find named {len(syscodes)} records where one is usual")
        found = []
        for syscode in syscodes:
            record = convert(self._call(service, "read", _usable(syscode), until))
            # A filter that the server ignores would make the wrong record ours, or a search that found nothing of use.
            if record.syscode != syscode or value != (record.number if reference is None else record.reference):
                raise ExchangeFailed(Flaw.UNREADABLE, detail="a record is not what find was asked for")
            found.append(record)
        return found

    def _call(self, service: str, operation: str, argument: Any, until: float | None) -> Any:
        def call(session: str) -> Any:
            return self._client.call(service, operation, session, argument, timeout_s=_left_s(until))

        return self._session.with_id(call, _left_s(until))

    def _incident(self, record: Any) -> IncidentRecord:
        names, same = self._names.incident, {name: getattr(record, name) for name in self._names.same}
        common = _note(record, names)
        return IncidentRecord(
            syscode=common.syscode,
            number=common.number,
            reference=common.reference,
            tenant=common.tenant,
            reported_at=common.reported_at,
            status=getattr(record, names.status),
            priority=getattr(record, names.priority),
            sla_start=_aware(getattr(record, names.sla_start)),
            sla_due=_aware(getattr(record, names.sla_due)),
            same={name: None if value is None else str(value) for name, value in same.items()},
        )


def _left_s(until: float | None) -> float | None:
    """Return what is left now: a log-in in between has used some of it."""
    if until is None:
        return None
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise ExchangeFailed(Flaw.NO_TIME)
    return left_s


def _note(record: Any, names: NoteAttributes) -> NoteRecord:
    return NoteRecord(
        syscode=_usable(getattr(record, names.syscode)),
        number=getattr(record, names.number),
        reference=getattr(record, names.reference),
        tenant=getattr(record, names.tenant),
        reported_at=_aware(getattr(record, names.reported_at)),
    )


def _usable(syscode: int | None) -> int:
    if syscode is None or syscode not in _SYSCODES:
        raise ExchangeFailed(Flaw.UNREADABLE, detail="a syscode that no record has")
    return syscode


def _aware(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise ExchangeFailed(Flaw.UNREADABLE, detail="a time without an offset")
    return moment
