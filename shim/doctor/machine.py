"""What the doctor takes from the machine, in one place, so that a test can give another."""

import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that is looked at.

    Attributes:
        environment: variables of this process.
        clock: its time, aware.
        room: what the kernel says of the disk under a path.
        sqlite: version of the SQLite library.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], datetime] = _now
    room: Callable[[Path], os.statvfs_result] = os.statvfs
    sqlite: tuple[int, ...] = sqlite3.sqlite_version_info
