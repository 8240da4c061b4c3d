"""Which process of which host somebody is, and whether that process still runs, told by the kernel of the same host."""

import os
from functools import cache
from pathlib import Path
from typing import Final

from outbox.uptime import uptime

_PROC: Final = Path("/proc")
_STATE, _START = 0, 19
"""Fields of /proc/<number>/stat behind the program's name."""
_ENDED: Final = frozenset({"Z", "X", "x"})


def this_process() -> str:
    """Return boot of the host, namespace of process numbers, number and start, which no other process ever shares."""
    return " ".join((*_place(), str(os.getpid()), _start(os.getpid()) or "unknown"))


def runs(process: str) -> bool | None:
    """Whether a process still runs; None if it is of another host, boot or container, or cannot be looked at."""
    *place, number, start = process.split()
    if tuple(place) != _place():
        return None
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another account's, and there
    found = _start(int(number))
    return None if found is None else found == start


def _start(number: int) -> str | None:
    """When a process began, in the kernel's ticks since the boot; "ended" if it has; None if that is kept from us."""
    try:
        said = (_PROC / str(number) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # such as a /proc that hides what others run
        return None
    fields = said.rpartition(")")[2].split()
    return "ended" if fields[_STATE] in _ENDED else fields[_START]


@cache
def _place() -> tuple[str, str]:
    return uptime().boot, str((_PROC / "self" / "ns" / "pid").readlink())
