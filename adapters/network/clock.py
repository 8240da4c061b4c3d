"""A backend's clock beside ours: another zone, or another time."""

from datetime import datetime, timedelta
from typing import Final

from contracts.examination import Diagnosis, Finding, Level

ZONE_DIFFERS: Final = Diagnosis(
    "zone-differs",
    Level.BROKEN,
    "the backend's local time is whole quarter hours away from what its configured zone says",
    "Every report time and appointment would be wrong by that much.",
    "Correct the option zone of the system, or the time zone of the backend's machine.",
)
CLOCK_SKEWED: Final = Diagnosis(
    "clock-skewed",
    Level.BROKEN,
    "the backend's clock and this machine's do not agree",
    "Holds end too early or too late, and what has begun already is offered.",
    "Let both machines follow a time server; look at this one with: timedatectl.",
)
DIAGNOSES: Final = (ZONE_DIFFERS, CLOCK_SKEWED)

TOLERATED: Final = timedelta(seconds=30)
"""A third of the shortest usual hold, and more than a slow answer takes; a machine without a time server drifts by
seconds a week."""
_STEP: Final = timedelta(minutes=15)
"""Zones differ by whole quarters of an hour."""


def compared(theirs: datetime, ours: datetime) -> tuple[Finding, ...]:
    """Compare two readings of the same moment, both aware or both local to the backend's zone."""
    ahead = theirs - ours
    if abs(ahead) < TOLERATED:
        return ()
    steps = round(ahead / _STEP)
    if steps and abs(ahead - steps * _STEP) < TOLERATED:
        return (ZONE_DIFFERS.found(f"{_told(steps * _STEP)} {_side(ahead)}"),)
    return (CLOCK_SKEWED.found(f"{_told(ahead)} {_side(ahead)}"),)


def _side(ahead: timedelta) -> str:
    return "ahead of us" if ahead > timedelta(0) else "behind us"


def _told(span: timedelta) -> str:
    seconds = round(abs(span).total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
