"""What this machine knows of time: its zones."""

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.examination import Diagnosis, Level, Step
from shim.doctor.machine import Machine

ZONES_MISSING: Final = Diagnosis(
    "zone-data-missing",
    Level.BROKEN,
    "this machine has no data of time zones",
    "No local time can be written or understood, so no system can be opened.",
    "Install it: apt install tzdata; in a container, add it to the image.",
)
DIAGNOSES: Final = (ZONES_MISSING,)
_ZONE: Final = "Europe/Amsterdam"


def look(machine: Machine) -> Iterator[Step]:
    """Look whether zones are known, and say what time it is here."""
    try:
        ZoneInfo.no_cache(_ZONE)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        yield Step("time zones", (ZONES_MISSING.found(f"{_ZONE} is not known"),))
        return
    yield Step("time zones", told=f"{machine.clock():%Y-%m-%d %H:%M:%S} UTC here")
