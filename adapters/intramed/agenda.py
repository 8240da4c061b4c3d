"""The agenda's rows as contracts show them: times in the practice's zone, keys as strings."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.sql.messages import Row

LONGEST = timedelta(minutes=480)
"""Of one slot; what begins in a window may last this long after it."""


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
