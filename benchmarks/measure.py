"""Timing loops, what a benchmark returns, and the table that every benchmark prints."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rich.console import Console
from rich.table import Table

Figure = float | int | Sequence[int]


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


def print_table(samples: list[Sample]) -> None:
    """Print rounds, median, p99 and maximum of each sample."""
    table = Table("", "what", "rounds", "median", "p99", "max")
    for sample in samples:
        figures = (f"{value:.4g}" for value in (sample.median, sample.p99, max(sample.values)))
        table.add_row(sample.name, sample.what, str(len(sample.values)), *figures)
    Console().print(table)
