"""How far a drain is, how fast it goes, and when it will be over at that speed."""

from collections import deque
from dataclasses import dataclass
from typing import Final

WINDOW_S: Final = 20.0
"""The rate is that of the last 20 s: a ramp or an outage of before says nothing of what is to come."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a drain is.

    Attributes:
        total: entries that there were to deliver at its start.
        left: entries that are left now, new ones included.
        delivered: by this drain.
        rate: entries per second that leave, lately; None at the start.
        left_s: seconds until none is left, at that rate; None while nobody can tell.
    """

    total: int
    left: int
    delivered: int
    rate: float | None
    left_s: float | None


class Speed:
    """Measures how many entries leave per second."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def seen(self, at_s: float, left: int) -> float | None:
        """Take note of how many are left at a moment of a steady clock; return the rate, None while there is none."""
        self._seen.append((at_s, left))
        while len(self._seen) > 2 and at_s - self._seen[0][0] > WINDOW_S:  # noqa: PLR2004 - two make a rate
            self._seen.popleft()
        since_s, before = self._seen[0]
        return None if at_s <= since_s else max(0, before - left) / (at_s - since_s)
