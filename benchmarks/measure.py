"""Timing loops, what a benchmark returns, and the table that every benchmark prints."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias, TypeVar

from rich.console import Console
from rich.table import Table

T = TypeVar("T")
Turn = Callable[[], Mapping[str, float]]
"""One round of one contender: what was measured, by name."""
_LEAST_ROUNDS: Final = 2
Figure: TypeAlias = "float | int | Sequence[int] | Mapping[str, Figure] | None"


@dataclass(frozen=True, slots=True)
class Sample:
    """Measurements of one thing, in the unit that its name ends with."""

    name: str
    what: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Half of the rounds had less."""
        return statistics.median(self.values)

    @property
    def p99(self) -> float:
        """One round in a hundred had more."""
        return sorted(self.values)[int(len(self.values) * 0.99)]


@dataclass(frozen=True, slots=True)
class Report:
    """What a benchmark found: every sample, and the figures that its last line tells."""

    samples: list[Sample]
    figures: Mapping[str, Figure]

    @classmethod
    def of_medians(cls, samples: list[Sample]) -> Self:
        """Report each sample's median under its own name."""
        return cls(samples, {sample.name: round(sample.median, 2) for sample in samples})


def timed(call: Callable[[], object], scale: float) -> float:
    """Return how long a call takes, in seconds times `scale`."""
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * scale


def median_us(call: Callable[[T], object], items: Iterable[T]) -> float:
    """Return microseconds of the median call: what held a few of them up, such as a checkpoint, does not show."""
    taken = []
    for item in items:
        begin = time.perf_counter()
        call(item)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e6


def alternate(turns: Sequence[Turn], rounds: int, within_s: float) -> dict[str, tuple[float, ...]]:
    """Let contenders take turns, each round begun by another one; return the rounds' values by name.

    No round begins after `within_s` seconds but the second: a slow disk gets fewer rounds.
    """
    taken: dict[str, list[float]] = {}
    until = time.monotonic() + within_s
    for number in range(rounds):
        if number >= _LEAST_ROUNDS and time.monotonic() > until:
            break
        for turn in (*turns[number % len(turns) :], *turns[: number % len(turns)]):
            for name, value in turn().items():
                taken.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in taken.items()}


def print_table(samples: list[Sample]) -> None:
    """Print rounds, median, p99 and maximum of each sample."""
    table = Table("", "what", "rounds", "median", "p99", "max")
    for sample in samples:
        figures = (f"{value:.4g}" for value in (sample.median, sample.p99, max(sample.values)))
        table.add_row(sample.name, sample.what, str(len(sample.values)), *figures)
    Console().print(table)
