"""Free slots of a window: never fewer than asked for while there are more, whatever is left out on the way."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from adapters.intramed.agenda import local_time, when_and_where
from adapters.intramed.calls import Deadline
from adapters.intramed.within import Clinics
from adapters.sql.messages import Row, Step
from contracts.desks import Hold
from contracts.practice import ListSlotsRequest, Slot

_OVERLAPPED_BY_ONE_HOLD: Final = 4
"""Slots that one hold mostly takes away: those of the same therapist that overlap it."""
_UP: Final = timedelta(seconds=1) - timedelta.resolution
"""Slots begin on whole seconds: an edge between two of them is the later one."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is asked of the agenda.

    Attributes:
        request: the window.
        clinics: that exist for whoever asks.
        starts_from: its start, or now.
        zone: of the practice.
        held: the holds that the practice does not know.
    """

    request: ListSlotsRequest
    clinics: Clinics
    starts_from: datetime
    zone: ZoneInfo
    held: Sequence[Hold]

    def read(self, asked: Sequence[str], deadline: Deadline) -> list[Slot]:
        """Return the earliest free slots in these clinics; '' stands for all of them.

        Each clinic is asked for by itself: a practice has more slots than one statement may give.
        """
        limit, window = self.request.limit, self._window()
        max_rows = limit + _OVERLAPPED_BY_ONE_HOLD * len(self.held)
        while True:
            window["max_rows"] = max_rows
            answers = deadline.read_all(*(Step("list_slots", {**window, "clinic": clinic}) for clinic in asked))
            free = [self._free(rows, clinic) for rows, clinic in zip(answers, asked, strict=True)]
            if all(len(s) >= limit or len(rows) < max_rows for s, rows in zip(free, answers, strict=True)):
                return list(islice(heapq.merge(*free, key=lambda slot: (slot.starts_at, int(slot.slot))), limit))
            max_rows *= 4

    def _window(self) -> dict[str, Any]:
        last = (self.request.starts_before + _UP).astimezone(self.zone)
        # Late in the hour that the clock repeats, what began earlier may have a later local time; rows are sifted
        # again.
        repeated = timedelta(hours=last.fold)
        return {
            "starts_from": local_time(self.starts_from + _UP, self.zone),
            "starts_before": local_time(last, self.zone) + repeated,
            "therapist": self.request.therapist or "",
            "minutes": self.request.minutes or 0,
        }

    def _free(self, rows: Sequence[Row], clinic: str) -> list[Slot]:
        """Map rows, without those that begin outside the window, that a hold takes away, or that are elsewhere."""
        slots = (
            Slot(slot=str(row["slot"]), **when_and_where(row, self.zone))
            for row in rows
            # The database may not tell capitals from others; a limit does.
            if self.clinics.codes is None or row["clinic"] == clinic
        )
        return [
            slot for slot in slots if self._is_in_window(slot) and not any(_takes(hold, slot) for hold in self.held)
        ]

    def _is_in_window(self, slot: Slot) -> bool:
        return self.starts_from <= slot.starts_at < self.request.starts_before


def _takes(hold: Hold, slot: Slot) -> bool:
    return hold.resource == slot.therapist and hold.starts_at < slot.ends_at and slot.starts_at < hold.ends_at
