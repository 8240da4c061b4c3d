"""One configured system: its adapter and options, what was accepted of it, and what its adapter finds."""

from collections.abc import Iterator
from typing import Any, Final, cast

from contracts.delivery import DeliveryState
from contracts.errors import StateUnavailable
from contracts.examination import Diagnosis, Examination, Landed, Level, Step
from outbox.database import Database
from outbox.entry import from_ms
from shim.doctor import listening
from shim.doctor.machine import Machine
from shim.doctor.reading import Reading
from shim.doctor.state import is_current, opened
from shim.drift import comparing as drift
from shim.settings import ConfigurationError, Settings
from shim.systems import adapter_and_options, find_adapter

ADAPTER_UNKNOWN: Final = Diagnosis(
    "adapter-unknown",
    Level.BROKEN,
    "no such adapter is installed",
    "The service does not start.",
    "Correct adapter in the system's section, or install the package that has it.",
)
OPTIONS_INVALID: Final = Diagnosis(
    "options-invalid",
    Level.BROKEN,
    "an option of the system is missing, unknown, or cannot be",
    "The service does not start.",
    "Mend the options that are named below; docs/reference.md has all of them.",
)
DIAGNOSES: Final = (ADAPTER_UNKNOWN, OPTIONS_INVALID, *drift.DIAGNOSES)

_NEWEST: Final = """SELECT backend_id, ended_at, kind FROM entry
WHERE destination = :destination AND state = :delivered AND backend_id IS NOT NULL
ORDER BY CASE contract WHEN 'create_incident' THEN 0 ELSE 1 END, ended_at DESC LIMIT 1"""


def look(settings: Settings, name: str, machine: Machine, until: float) -> Iterator[Step]:
    """Examine one system; ends soon after the monotonic time `until`, unless its driver hangs."""
    section = settings.systems[name]
    try:
        find_adapter(section.adapter)
    except ConfigurationError as error:
        yield Step("options", (ADAPTER_UNKNOWN.found(str(error)),))
        return
    try:
        adapter, options = adapter_and_options(name, section)
    except ConfigurationError as error:
        yield Step("options", (OPTIONS_INVALID.found(str(error)),))
        return
    yield Step("options", told=f"adapter {section.adapter}")
    yield listening.of_system(settings, name)
    newest: Landed | None = None
    if is_current(settings):
        with opened(settings) as reading:
            newest = _newest(reading, name)
            yield from drift.examined(cast("Database", reading), name, adapter, options, until)
    if adapter.examine is None:
        yield Step("backend", skipped=f"the adapter {section.adapter} examines nothing")
        return
    yield from adapter.examine(options, Examination(name, machine.clock, until, newest))


def _newest(reading: Reading, name: str) -> Landed | None:
    try:
        rows: list[Any] = reading.read(_NEWEST, destination=name, delivered=DeliveryState.DELIVERED.value)
    except StateUnavailable:
        return None
    return next((Landed(row["backend_id"], from_ms(row["ended_at"]), row["kind"]) for row in rows), None)
