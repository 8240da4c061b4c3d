"""`/metrics`: everything that is told of one process and its state, in one registry and in Prometheus' own text."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from outbox.database import Database
from shim.drift.noticing import Standing
from shim.guard import Kind
from shim.guarding import LeakCounter
from shim.systems import System
from shim.telemetry.live_metrics import Calls, LiveMetrics
from shim.telemetry.metrics import Metrics
from shim.telemetry.state_metrics import StateMetrics

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


def registry_of(
    database: Database,
    systems: Mapping[str, System],
    metrics: Metrics,
    leaks: LeakCounter,
    standing: Standing | None,
    calls: Iterable[Calls],
    writable: Callable[[], bool],
    clock: Callable[[], datetime],
) -> CollectorRegistry:
    """Return a registry of its own for one application; registering reads nothing.

    Args:
        database: the state.
        systems: by name.
        metrics: what this process counts.
        leaks: what its guard has found.
        standing: which systems may be written to; None for all.
        calls: its bulkheads.
        writable: whether the state takes a commit.
        clock: aware current time.
    """
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    metrics.register(registry)
    for system in systems.values():
        for contract in system.contracts:
            for kind in Kind:  # at 0 from the start, or nobody would see the first one
                leaks.count(system.name, contract.name, {kind.value: 0})
    leaks.register(registry)
    registry.register(LiveMetrics(systems, standing, calls, writable))
    registry.register(StateMetrics(database, systems, clock))
    return registry


def scraped(registry: CollectorRegistry) -> bytes:
    """Return the text of a scrape; of a state that cannot be read it only says so."""
    return generate_latest(registry)
