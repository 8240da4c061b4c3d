"""The agenda's rows as contracts show them: times in the practice's zone, keys as strings."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.firebird.transport import Row
from contracts.practice import ListSlotsRequest, Slot


def local_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return an aware time as the database stores it: local to the practice, without an offset, whole seconds."""
    return instant.astimezone(zone).replace(tzinfo=None, microsecond=0, fold=0)


def when_and_where(row: Row, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields of `AgendaTime` from a row with starts_at, minutes, clinic and therapist."""
    starts_at: datetime = row["starts_at"].replace(tzinfo=zone)
    return {
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=row["minutes"]),
        "clinic": row["clinic"],
        "therapist": row["therapist"],
    }


def window(request: ListSlotsRequest, zone: ZoneInfo) -> dict[str, Any]:
    """Return the parameters of `list_slots.sql`."""
    return {
        "max_rows": request.limit,
        "starts_from": local_time(request.starts_from, zone),
        "starts_before": local_time(request.starts_before, zone),
        "clinic": request.clinic or "",
        "therapist": request.therapist or "",
        "minutes": request.minutes or 0,
    }


def free_slot(row: Row, zone: ZoneInfo) -> Slot:
    """Map a row of `list_slots.sql`."""
    return Slot(slot=str(row["slot"]), **when_and_where(row, zone))
