"""What waits in the outbox, and what somebody must do about it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, cast

from contracts.delivery import DeliveryState
from contracts.examination import Diagnosis, Finding, Level, Step
from outbox.database import Database
from outbox.overview import Overview, overviews
from shim.doctor.machine import Machine
from shim.doctor.reading import Reading
from shim.settings import Settings

STUCK: Final = Diagnosis(
    "entries-stuck",
    Level.BROKEN,
    "entries were given up or rejected, and somebody must act",
    "They are not delivered by themselves: a report or a note is missing in the system.",
    "See why, and what to type: shim outbox groups.",
)
UNKNOWN: Final = Diagnosis(
    "outcomes-unknown",
    Level.WARNING,
    "of some attempts nobody knows whether they were executed",
    "The backend is asked again by itself; until it tells, the entry is not sent again.",
    "If they stay, look for their reference in the backend: shim outbox list --state unknown.",
)
PAUSED: Final = Diagnosis(
    "system-paused",
    Level.WARNING,
    "an administrator holds a system's deliveries",
    "Nothing is delivered to it until somebody resumes it.",
    "If the reason is gone: shim outbox resume SYSTEM --reason REASON.",
)
OUT_OF_REACH: Final = Diagnosis(
    "system-out-of-reach",
    Level.WARNING,
    "a system has not answered lately",
    "What waits is kept and goes by itself as soon as it answers.",
    "Look at its own section below; to try now: shim outbox drain --system SYSTEM.",
)
STANDING: Final = Diagnosis(
    "backlog-stands",
    Level.WARNING,
    "entries wait, and none was delivered lately",
    "Perhaps no worker runs: shim serve delivers, unless it was started with --no-worker.",
    "Start shim serve or shim outbox work; shim outbox status shows what waits.",
)
ATTENTION: Final = Diagnosis(
    "records-want-attention",
    Level.WARNING,
    "delivered records lack something that somebody should look at",
    "A record without its SLA, for one, is not watched by anybody's clock.",
    "See which: shim outbox list --attention.",
)
DIAGNOSES: Final = (STUCK, UNKNOWN, PAUSED, OUT_OF_REACH, STANDING, ATTENTION)

_STANDS: Final = timedelta(minutes=15)
"""Three times the longest usual delay between attempts: whatever waits longer waits for something else."""


def look(settings: Settings, reading: Reading, machine: Machine) -> Iterator[Step]:
    """Yield a step for each system."""
    for overview in overviews(cast("Database", reading), machine.clock, settings.systems):
        yield Step(overview.destination, tuple(_found(overview, machine.clock())), _told(overview))


def _told(overview: Overview) -> str:
    waiting = overview.moving + overview.must_act
    return f"{waiting} on their way" if waiting else "nothing waits"


def _found(overview: Overview, now: datetime) -> Iterator[Finding]:
    name = overview.destination
    if overview.must_act:
        yield STUCK.found(f"{overview.must_act} of {name}")
    if unknown := overview.count(DeliveryState.UNKNOWN):
        yield UNKNOWN.found(f"{unknown} of {name}")
    if overview.paused_at is not None:
        yield PAUSED.found(f"{name} since {overview.paused_at:%Y-%m-%d %H:%M} UTC: {overview.paused_reason}")
    elif overview.open_since is not None:
        yield OUT_OF_REACH.found(f"{name} since {overview.open_since:%Y-%m-%d %H:%M} UTC")
    elif _stands(overview, now):
        oldest: Any = overview.oldest_reported_at
        yield STANDING.found(f"{overview.moving} of {name}, the oldest of {oldest:%Y-%m-%d %H:%M} UTC")
    for code, entries in sorted(overview.attention.items()):
        yield ATTENTION.found(f"{entries} of {name}: {code}")


def _stands(overview: Overview, now: datetime) -> bool:
    oldest = overview.oldest_reported_at
    moving = overview.count(DeliveryState.READY, DeliveryState.WAITING, DeliveryState.IN_FLIGHT)
    return bool(moving) and not overview.delivered and oldest is not None and now - oldest > _STANDS
