"""How this process stands at the moment of a scrape: calls under way, systems that are read-only, and what it is."""

import platform
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Final, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from shim.drift.noticing import Standing


class Calls(Protocol):
    """The numbers of one bulkhead."""

    @property
    def name(self) -> str:
        """What it is for."""
        ...

    @property
    def under_way(self) -> int:
        """Calls that have their turn."""
        ...

    @property
    def waiting(self) -> int:
        """Calls that wait for it."""
        ...

    @property
    def refused(self) -> int:
        """Calls that did not come to it, since the start."""
        ...

    @property
    def late(self) -> int:
        """Calls that were answered before they came back, since the start."""
        ...


_BULKHEAD: Final = ("bulkhead",)


class LiveMetrics(Collector):
    """What is so now. Reads no state, but for the proof that it can be written."""

    def __init__(
        self, systems: Iterable[str], standing: Standing | None, calls: Iterable[Calls], writable: Callable[[], bool]
    ) -> None:
        """Prepare.

        Args:
            systems: their names.
            standing: which of them may be written to; None for all.
            calls: the bulkheads.
            writable: whether the state takes a commit.
        """
        self._systems = tuple(systems)
        self._standing = standing
        self._calls = tuple(calls)
        self._writable = writable

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield InfoMetricFamily(
            "legacy_shim_build",
            "What this process is.",
            {"version": version("legacy-shim"), "python": platform.python_version()},
        )
        writable = GaugeMetricFamily("legacy_shim_state_writable", "1 when the state takes a commit.")
        writable.add_metric((), int(self._writable()))
        yield writable
        read_only = GaugeMetricFamily(
            "legacy_shim_system_read_only",
            "1 while what describes a system differs from what was accepted.",
            labels=("system",),
        )
        for name in self._systems:
            held = self._standing is not None and self._standing.read_only(name) is not None
            read_only.add_metric((name,), int(held))
        yield read_only
        yield from self._bulkheads()

    def _bulkheads(self) -> Iterator[Metric]:
        under_way = GaugeMetricFamily("legacy_shim_calls_under_way", "Calls that have their turn.", labels=_BULKHEAD)
        waiting = GaugeMetricFamily("legacy_shim_calls_waiting", "Calls that wait for their turn.", labels=_BULKHEAD)
        refused = CounterMetricFamily(
            "legacy_shim_calls_refused", "Calls that were refused because too much was under way.", labels=_BULKHEAD
        )
        late = CounterMetricFamily(
            "legacy_shim_calls_late", "Calls that were answered before they came back.", labels=_BULKHEAD
        )
        for each in self._calls:
            under_way.add_metric((each.name,), each.under_way)
            waiting.add_metric((each.name,), each.waiting)
            refused.add_metric((each.name,), each.refused)
            late.add_metric((each.name,), each.late)
        yield from (under_way, waiting, refused, late)
