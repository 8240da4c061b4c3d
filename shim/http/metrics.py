"""`/metrics`: what waits and what is out of reach, read from the state at each scrape: every instance says the same."""

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from outbox.alerts import SQL as ALERTS
from outbox.database import Database
from outbox.selection import OPEN
from outbox.statements import Statements

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
LOOKING: Final = Statements("outbox", "looking")


class OutboxMetrics(Collector):
    """The outbox of one state. What was delivered is history, and counting it would read all of it."""

    def __init__(self, database: Database, systems: Iterable[str]) -> None:
        self._database = database
        self._systems = tuple(systems)

    def collect(self) -> Iterator[Metric]:
        """Read and yield every family."""
        read = self._database.read
        entries = GaugeMetricFamily(
            "legacy_shim_outbox_entries", "Entries that have not left.", labels=("destination", "state")
        )
        for row in read(LOOKING["summarise_open"]):
            for state in OPEN:
                entries.add_metric((row["destination"], state), row[state])
        yield entries
        broken = GaugeMetricFamily(
            "legacy_shim_outbox_breaker_open", "1 while a destination is out of reach.", labels=("destination",)
        )
        # A system that was never out of reach has no row, and is 0 all the same.
        is_open = dict.fromkeys(self._systems, False)
        is_open |= {row["name"]: row["open_since"] is not None for row in read(ALERTS["list_breakers"])}
        for name, opened in is_open.items():
            broken.add_metric((name,), int(opened))
        yield broken
        alerts = CounterMetricFamily(
            "legacy_shim_outbox_alerts", "Beginnings and ends of outages.", labels=("destination", "kind")
        )
        for row in read(ALERTS["count_alerts"]):
            alerts.add_metric((row["destination"], row["kind"]), row["alerts"])
        yield alerts


def registry_of(database: Database, systems: Iterable[str]) -> CollectorRegistry:
    """Return a registry of its own for one application and its systems; registering reads nothing."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OutboxMetrics(database, systems))
    return registry


def scraped(registry: CollectorRegistry) -> bytes:
    """Return the text of a scrape.

    Raises:
        StateUnavailable: the state cannot be read.
    """
    return generate_latest(registry)
