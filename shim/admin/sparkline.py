"""A small chart of a backlog: a bar for each part of the time, and a sentence that tells the same."""

from dataclasses import dataclass
from typing import Final

from outbox.backlog import Backlog
from shim.local_time import time_of_day

WIDTH: Final = 240
HEIGHT: Final = 48
_GAP: Final = 2
_LEAST: Final = 3
"""A bar that stands for anything at all is seen, beside one that stands for ten thousand."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle of the chart, in its own units; y grows downwards."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Sparkline:
    """What a template draws.

    Attributes:
        bars: those that stand for something.
        begins: where the time axis begins, in words.
        scale: what a bar is, and how many the highest stands for.
        told: the same in one sentence, for who does not see it.
    """

    bars: tuple[Bar, ...]
    begins: str
    scale: str
    told: str


def sparkline(backlog: Backlog) -> Sparkline:
    """Draw a backlog; its highest bar is as high as the chart."""
    step = WIDTH // len(backlog.bars)
    bars = tuple(
        Bar(place * step, HEIGHT - height, step - _GAP, height)
        for place, entries in enumerate(backlog.bars)
        if (height := _height(entries, backlog.most))
    )
    return Sparkline(bars, time_of_day(backlog.since), _scale(backlog), _told(backlog))


def _height(entries: int, most: int) -> int:
    return max(_LEAST, round(HEIGHT * entries / most)) if entries else 0


def _scale(backlog: Backlog) -> str:
    minutes = int(backlog.width.total_seconds()) // 60
    width = f"{minutes} minutes" if minutes < 60 else "an hour" if minutes == 60 else f"{minutes // 60} hours"  # noqa: PLR2004 - an hour
    return f"a bar is {width}, the highest {backlog.most}"


def _told(backlog: Backlog) -> str:
    place = backlog.bars.index(backlog.most)
    begins, ends = (time_of_day(backlog.since + at * backlog.width) for at in (place, place + 1))
    since = time_of_day(backlog.since)
    total = sum(backlog.bars)
    return f"{total} wait, by report time since {since}: {_scale(backlog)}, from {begins} to {ends}"
