"""Times as an administrator reads and types them: on the wall clock of this machine."""

import re
from datetime import datetime, timedelta
from typing import Final

from shim import root

_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_LONGEST_S: Final = 36_500 * 86_400
_DIGITS: Final = 12
_AGE: Final = re.compile(r"(\d+) ?(s|m|min|h|d)")


def local(moment: datetime) -> str:
    """Return the local time with its offset."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")


def time_of_day(moment: datetime) -> str:
    """Return the local time to the minute, with the day if that is not today."""
    here = moment.astimezone()
    return here.strftime("%H:%M" if here.date() == root.utc_now().astimezone().date() else "%m-%d %H:%M")


def age(now: datetime, then: datetime) -> str:
    """Return how long ago something was."""
    return duration((now - then).total_seconds())


def duration(seconds: float) -> str:
    """Return how long something takes, in minutes or, from two hours on, in hours."""
    minutes = int(seconds) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 - two hours read better as hours


def ago(text: str) -> timedelta:
    """Read an age such as `2h`, `90m` or `3d`.

    Raises:
        ValueError: it is none.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no age; write 90s, 30m, 2h or 3d")
    seconds = int(found[1]) * _UNITS[found[2]] if len(found[1]) <= _DIGITS else _LONGEST_S + 1
    if seconds > _LONGEST_S:
        raise ValueError(f"{text!r} is more than any clock can tell; write less")
    return timedelta(seconds=seconds)
