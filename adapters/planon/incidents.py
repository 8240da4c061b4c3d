"""An incident as Planon has it now, for the tenant who asks about it; read from the SOAP services, not the replica."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from adapters.planon.read_back import ClockState, sla_of
from adapters.planon.records import IncidentRecord, Records
from adapters.planon.status import status_of
from adapters.planon.verdicts import unavailable
from adapters.soap import ExchangeFailed
from contracts.errors import BackendUnavailable, NotFound
from contracts.facility import GetIncidentRequest, Incident, SlaClock

_RETRY_S: Final = 60.0


class Incidents:
    """Reads incidents for `get_incident`. May be used by several threads at once."""

    def __init__(self, records: Records, settle_s: float, clock: Callable[[], datetime]) -> None:
        """Prepare.

        Args:
            records: where they are read.
            settle_s: seconds after a report within which a clock may still come.
            clock: aware current time.
        """
        self._records = records
        self._settle = timedelta(seconds=settle_s)
        self._clock = clock

    def get(self, request: GetIncidentRequest) -> Incident:
        """Return a tenant's incident; calls `find` and `read` once each.

        Raises:
            NotFound: there is none with this number, it is another tenant's, or it has no tenant: all the same answer.
            BackendUnavailable: it could not be read, or says something that the contract has no word for.
        """
        try:
            found = self._records.incidents(number=request.incident)
        except ExchangeFailed as error:
            raise unavailable(error) from error
        ours = [record for record in found if record.tenant == request.tenant]
        if not ours:
            raise NotFound("no such incident of this tenant")
        if len(found) > 1:
            raise BackendUnavailable(f"{len(found)} records have this incident's number", _RETRY_S)
        return self._shown(request.incident, ours[0])

    def _shown(self, number: str, record: IncidentRecord) -> Incident:
        try:
            status = status_of(record.status or "")
        except ValueError as error:
            raise BackendUnavailable(
                "the incident is in a state that the contract has no word for", _RETRY_S
            ) from error
        if record.priority is None or record.reported_at is None:
            raise BackendUnavailable("the incident has no priority or no report time in the backend", _RETRY_S)
        return Incident(
            incident=number,
            status=status,
            reported_at=record.reported_at,
            priority=record.priority,
            sla=SlaClock.model_validate(sla_of(record, self._state(record, record.reported_at))),
        )

    def _state(self, record: IncidentRecord, reported_at: datetime) -> ClockState:
        if record.sla_due is not None:
            return "running"
        return "missing" if self._clock() - reported_at > self._settle else "pending"
