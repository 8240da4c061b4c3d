"""Times as an administrator reads them: on the wall clock of this machine."""

from datetime import datetime


def local(moment: datetime) -> str:
    """Return the local time with its offset."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")


def time_of_day(moment: datetime) -> str:
    """Return the local time, with the day if that is not today."""
    here = moment.astimezone()
    return here.strftime("%H:%M:%S" if here.date() == datetime.now().astimezone().date() else "%m-%d %H:%M")


def age(now: datetime, then: datetime) -> str:
    """Return how long ago something was."""
    minutes = int((now - then).total_seconds()) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 - two hours read better as hours
