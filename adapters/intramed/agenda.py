"""The agenda's rows as contracts show them: times in the practice's zone, keys as strings."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.sql.messages import Row
from contracts.desks import Hold
from contracts.practice import ListSlotsRequest, Slot

OVERLAPPED_BY_ONE_HOLD = 4
"""Slots that one hold mostly takes away: those of the same therapist that overlap it."""
LONGEST = timedelta(minutes=480)
"""Of one slot; what begins in a window may last this long after it."""
_UP = timedelta(seconds=1) - timedelta.resolution
"""Slots begin on whole seconds: an edge between two of them is the later one."""


def local_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return an aware time as the database stores it: local to the practice, without an offset, whole seconds."""
    return instant.astimezone(zone).replace(tzinfo=None, microsecond=0, fold=0)


def when_and_where(row: Row, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields of `AgendaTime` from a row with starts_at, minutes, clinic and therapist.

    A stored time that the clock skips in March is read by the offset before the change, one that it repeats in October
    as the first of the two.
    """
    # Through UTC: adding minutes to a local time would ignore a change of the clock between start and end.
    starts_at = row["starts_at"].replace(tzinfo=zone).astimezone(UTC)
    return {
        "starts_at": starts_at.astimezone(zone),
        "ends_at": (starts_at + timedelta(minutes=row["minutes"])).astimezone(zone),
        "clinic": row["clinic"],
        "therapist": row["therapist"],
    }


def window(request: ListSlotsRequest, starts_from: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Return the parameters of `list_slots.sql`, without the number of rows."""
    last = (request.starts_before + _UP).astimezone(zone)
    # Late in the hour that the clock repeats, what began earlier may have a later local time; rows are sifted again.
    repeated = timedelta(hours=last.fold)
    return {
        "starts_from": local_time(starts_from + _UP, zone),
        "starts_before": local_time(last, zone) + repeated,
        "clinic": request.clinic or "",
        "therapist": request.therapist or "",
        "minutes": request.minutes or 0,
    }


def free_slots(
    rows: Sequence[Row], request: ListSlotsRequest, starts_from: datetime, zone: ZoneInfo, held: Sequence[Hold]
) -> Iterator[Slot]:
    """Map rows of `list_slots.sql`, without those that begin outside the window or that a hold takes away."""
    for row in rows:
        slot = Slot(slot=str(row["slot"]), **when_and_where(row, zone))
        if starts_from <= slot.starts_at < request.starts_before and not any(_takes(hold, slot) for hold in held):
            yield slot


def _takes(hold: Hold, slot: Slot) -> bool:
    return hold.resource == slot.therapist and hold.starts_at < slot.ends_at and slot.starts_at < hold.ends_at
