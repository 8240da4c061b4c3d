"""Timing loops and the table that every benchmark prints."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Sample:
    """Durations of one thing, in the unit that its name ends with."""

    name: str
    what: str
    durations: tuple[float, ...]

    @property
    def median(self) -> float:
        """Half of the rounds were faster."""
        return statistics.median(self.durations)

    @property
    def p99(self) -> float:
        """One round in a hundred was slower."""
        return sorted(self.durations)[int(len(self.durations) * 0.99)]


def timed(call: Callable[[], object], scale: float) -> float:
    """Return how long a call takes, in seconds times `scale`."""
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * scale


def print_table(samples: list[Sample]) -> None:
    """Print rounds, median, p99 and maximum of each sample."""
    table = Table("", "what", "rounds", "median", "p99", "max")
    for sample in samples:
        figures = (f"{value:.1f}" for value in (sample.median, sample.p99, max(sample.durations)))
        table.add_row(sample.name, sample.what, str(len(sample.durations)), *figures)
    Console().print(table)
