"""New incidents of which little of the SLA window is left, by the backend's own start and due times."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.planon.replica import Replica, Row
from adapters.planon.status import status_of
from adapters.planon.within import ALL, AT_RISK, MANDANT, Mandants, mandant_in
from adapters.sql.messages import Step
from contracts.facility import Incident, ListAtRiskReply, SlaClock

_QUARTERS: Final = 4
"""An incident is at risk when less than one of so many parts of its window is left."""

_log = logging.getLogger(__name__)


def list_at_risk(replica: Replica, now: datetime, limit: int, mandants: Mandants = ALL) -> ListAtRiskReply:
    """Return at most `limit` new incidents at risk, overdue ones included, the nearest due time first.

    Args:
        replica: what is asked; it lags, so an incident of the last seconds may lack.
        now: aware.
        limit: number of incidents.
        mandants: whose incidents; each is asked for by itself, so that none is cut off behind another's.

    Raises:
        BackendUnavailable: the replica cannot be asked, or its statement does not tell whose an incident is.
    """
    mandants.require(replica, AT_RISK)
    codes = [""] if mandants.codes is None else sorted(mandants.codes)
    known = replica.statement(AT_RISK).parameters
    steps = [Step(AT_RISK, {MANDANT: code} if MANDANT in known else {}) for code in codes]
    rows = [
        row
        for code, answer in zip(codes, replica.ask(steps, replica.until()), strict=True)
        for row in answer
        # A database, or a site's statement, may not tell capitals from others; a limit does.
        if not mandants.limited or mandant_in(row) == code
    ]
    return ListAtRiskReply(incidents=at_risk(rows, now)[:limit], read_at=now)


def at_risk(rows: Sequence[Row], now: datetime) -> list[Incident]:
    """Return the incidents of these rows that are new and have less than a quarter of their window left."""
    read = [_read(row) for row in rows]
    if unreadable := read.count(None):
        _log.warning(
            "%d of %d incidents of the replica cannot be read: a time without an offset, or a value that is missing",
            unreadable,
            len(rows),
        )
    found = [
        (due_at, incident)
        for incident, started_at, due_at in filter(None, read)
        if incident.status == "reported" and (due_at - now) * _QUARTERS < due_at - started_at
    ]
    return [incident for _, incident in sorted(found, key=lambda each: (each[0], each[1].incident))]


def _read(row: Row) -> tuple[Incident, datetime, datetime] | None:
    """Return the incident with its window; None for a row that cannot be read, which hides no other."""
    try:
        started_at, due_at = _time(row["sla_start"]), _time(row["sla_due"])
        incident = Incident.model_validate(
            {
                "incident": row["incident_number"],
                "status": status_of(str(row["status"])),
                "reported_at": _time(row["reported_on"]),
                "priority": row["priority"],
                "sla": SlaClock(state="running", started_at=started_at, due_at=due_at),
            }
        )
    except ValueError:  # pydantic's too, for a time without an offset
        return None
    return incident, started_at, due_at


def _time(stored: object) -> datetime:
    return datetime.fromisoformat(str(stored))
