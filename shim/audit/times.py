"""How long the audit is kept, and moments as somebody types them."""

import re
from datetime import datetime, timedelta
from typing import Final

LEAST_YEARS: Final = 5
"""How long logging is kept at least: NEN 7513 names five years unless another term was laid down."""
_KEEP: Final = re.compile(r"(\d+) ?(y|d)")
_AGE: Final = re.compile(r"(\d+) ?(s|m|h|d|y)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def before(keep: str, now: datetime) -> datetime:
    """Return the moment before which is let go if so much is kept, such as `5y` or `2000d`.

    Raises:
        ValueError: it is no such length.
    """
    found = _KEEP.fullmatch(keep.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"{keep!r} is no length of time; write 5y, or 2000d")
    return _years_ago(now, int(found[1])) if found[2] == "y" else now - timedelta(days=int(found[1]))


def is_too_short(keep_from: datetime, now: datetime) -> bool:
    """Whether less is kept than `LEAST_YEARS`."""
    return keep_from > _years_ago(now, LEAST_YEARS)


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that is typed as an age such as `2h` or `30d`, or as a date or a time of RFC 3339.

    A date is its beginning, and a time without an offset is one, by this machine's clock.

    Raises:
        ValueError: it is neither.
    """
    found = _AGE.fullmatch(text.strip())
    if found is not None:
        number, unit = int(found[1]), found[2]
        return _years_ago(now, number) if unit == "y" else now - timedelta(seconds=number * _SECONDS[unit])
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except ValueError:
        raise ValueError(f"{text!r} is no moment; write 2h, 30d, 2026-11-21 or 2026-11-21T22:14:00+01:00") from None


def _years_ago(now: datetime, years: int) -> datetime:
    if years >= now.year:
        raise ValueError(f"{years} years ago there was no clock")
    try:
        return now.replace(year=now.year - years)
    except ValueError:  # 29 February
        return now.replace(year=now.year - years, day=28)
