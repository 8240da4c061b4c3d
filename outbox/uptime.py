"""How long ago something was, told by a clock that nobody can set.

The wall clock may be stepped by an hour while an outcome is unknown; believing it would send a report twice. The
kernel's boot-time clock runs on through suspension, is the same for all processes of the host, and starts at 0 with
every boot.
"""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Uptime:
    """A moment on the host's boot-time clock."""

    boot: str
    ms: int

    def since_ms(self, earlier: "Uptime") -> int | None:
        """Return how many milliseconds have passed; None after a reboot or on another host: nobody can tell."""
        return self.ms - earlier.ms if self.boot == earlier.boot else None


def uptime() -> Uptime:
    """Return the current moment."""
    return Uptime(_boot(), time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)


@cache
def _boot() -> str:
    """Read once: no process outlives its boot, and the file costs more than a claim's statements."""
    return _BOOT_ID.read_text(encoding="ascii").strip()
