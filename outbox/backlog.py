"""When what waits was reported: how old a backlog is, and how it grew, from the entries themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from outbox.database import Database
from outbox.entry import from_ms, to_ms
from outbox.stored import LOOKING_SQL

BARS: Final = 24
_SLOT: Final = timedelta(minutes=5)
_SLOT_MS: Final = _SLOT // timedelta(milliseconds=1)
_WIDTHS: Final = (1, 3, 6, 12, 48, 144)
"""Slots of a bar: two hours in all, or as long as the oldest report needs, up to twelve days."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What leaves a destination without anybody's help, and has not left yet, by when it was reported.

    Attributes:
        oldest: the oldest report time.
        since: where the first bar begins; it holds what was reported earlier as well.
        width: of a bar.
        bars: entries of each; now is in the last one.
    """

    oldest: datetime
    since: datetime
    width: timedelta
    bars: tuple[int, ...]

    @property
    def most(self) -> int:
        """The highest bar."""
        return max(self.bars)


def backlogs(database: Database, now: datetime) -> dict[str, Backlog]:
    """Return the backlog of every destination that has one, all on one scale, which reaches back to the oldest."""
    counted: dict[str, dict[int, int]] = {}
    oldest: dict[str, int] = {}
    for row in database.read(LOOKING_SQL["report_times"], slot=_SLOT_MS):
        name = row["destination"]
        counted.setdefault(name, {})[row["slot"]] = row["entries"]
        oldest[name] = min(row["oldest"], oldest.get(name, row["oldest"]))
    last = to_ms(now) // _SLOT_MS
    slots = last - min((min(found) for found in counted.values()), default=last) + 1
    width = next((width for width in _WIDTHS if slots <= BARS * width), _WIDTHS[-1])
    since = from_ms((last + 1 - BARS * width) * _SLOT_MS)
    return {
        name: Backlog(from_ms(oldest[name]), since, width * _SLOT, _bars(found, last, width))
        for name, found in counted.items()
    }


def _bars(found: Mapping[int, int], last: int, width: int) -> tuple[int, ...]:
    bars = [0] * BARS
    for slot, entries in found.items():
        ago = max(0, last - slot) // width  # a client's clock may be ahead
        bars[max(0, BARS - 1 - ago)] += entries
    return tuple(bars)
