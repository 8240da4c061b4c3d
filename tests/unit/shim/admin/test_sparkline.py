"""The chart of what waits, drawn and told."""

from datetime import UTC, datetime, timedelta

import pytest

from outbox.backlog import BARS, Backlog
from shim.admin.sparkline import HEIGHT, WIDTH, sparkline
from shim.local_time import time_of_day

SINCE = datetime(2026, 11, 19, 21, 15, tzinfo=UTC)


def backlog(width_min: int = 5, **bars: int) -> Backlog:
    counted = [bars.get(f"at_{place}", 0) for place in range(BARS)]
    return Backlog(SINCE, SINCE, timedelta(minutes=width_min), tuple(counted))


def test_the_highest_bar_is_as_high_as_the_chart() -> None:
    """The others to scale, within it; one of ten thousand is seen, and none is no bar."""
    drawn = sparkline(backlog(at_0=10_000, at_12=5_000, at_23=1))
    first, middle, last = drawn.bars
    assert (first.x, first.y, first.height) == (0, 0, HEIGHT)
    assert (middle.height, middle.y) == (HEIGHT // 2, HEIGHT // 2)
    assert last.height > 0
    assert last.y + last.height == HEIGHT
    assert first.width < middle.x < last.x < last.x + last.width <= WIDTH


@pytest.mark.parametrize(("minutes", "words"), [(5, "5 minutes"), (60, "an hour"), (240, "4 hours")])
def test_it_is_told_to_who_does_not_see_it(minutes: int, words: str) -> None:
    """How many, since when, what a bar is, and when the most were reported."""
    told = sparkline(backlog(minutes, at_2=3, at_23=7)).told
    begins, ends = (time_of_day(SINCE + at * timedelta(minutes=minutes)) for at in (23, 24))
    assert told == (
        f"10 wait, by report time since {time_of_day(SINCE)}: a bar is {words}, the highest 7, from {begins} to {ends}"
    )
