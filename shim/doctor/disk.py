"""Room on the disks that are written to."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contracts.examination import Diagnosis, Level, Step
from shim.doctor.machine import Machine
from shim.settings import Settings

FULL: Final = Diagnosis(
    "disk-full",
    Level.BROKEN,
    "a disk that is written to is full",
    "Nothing can be accepted: a report is durable before it is acknowledged, or refused.",
    "Make room there: shim outbox prune, old logs, old backups; then run shim doctor again.",
)
NEARLY_FULL: Final = Diagnosis(
    "disk-nearly-full",
    Level.WARNING,
    "a disk that is written to is nearly full",
    "When it is full nothing can be accepted.",
    "Make room there, or move what grows; shim outbox prune shortens the state.",
)
DIAGNOSES: Final = (FULL, NEARLY_FULL)

_MEGABYTE: Final = 1024 * 1024
_FULL: Final = 16 * _MEGABYTE
"""A report takes 10 kB with all its rows; below this SQLite's log and its fold-in may not find their room."""
_NEARLY: Final = 256 * _MEGABYTE
"""A night with a backend down and ten thousand reports; time to be told in the morning."""
_NEARLY_FILES: Final = 100
"""A disk can run out of names for files as well."""


def look(settings: Settings, machine: Machine) -> Iterator[Step]:
    """Look at the disk of the state, where it is a file, and at that of temporary files."""
    places = {"temporary files": Path(tempfile.gettempdir())}
    if settings.state_file is not None:
        places = {"state": settings.state_file.parent, **places}
    for name, place in places.items():
        if place.is_dir():
            yield _room(name, place, machine)


def _room(name: str, place: Path, machine: Machine) -> Step:
    disk = machine.room(place)
    left = disk.f_bavail * disk.f_frsize
    names_left = disk.f_favail if disk.f_files else _NEARLY_FILES
    told = f"{left // _MEGABYTE} MB left at {place}"
    if left < _FULL or not names_left:
        return Step(name, (FULL.found(told),))
    if left < _NEARLY or names_left < _NEARLY_FILES:
        return Step(name, (NEARLY_FULL.found(told),))
    return Step(name, told=told)
