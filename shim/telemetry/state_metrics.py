"""What waits and what is out of reach, read from the state at a scrape: every instance says the same of it.

Only what has not left is counted, in an index: what was delivered is history, and counting it would read all of it. A
scrape that was expensive is believed for a while, so that scraping never takes more than a twentieth of the time.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from contracts.catalogue import DeskKind
from contracts.errors import StateUnavailable
from outbox.alerts import SQL as ALERTS
from outbox.database import Database
from outbox.entry import to_ms
from outbox.selection import OPEN
from outbox.statements import Statements
from shim.holds import SQL as HOLDS
from shim.systems import System
from shim.telemetry.metrics import OTHER

SHARE: Final = 20
"""What took a second to read is believed for so many."""
CODES_MAX: Final = 20
"""Attention codes of one destination that have a series of their own."""
ATTENTION: Final = {DeskKind.FACILITY: ("sla_missing", "sla_unverified"), DeskKind.PRACTICE: ()}
"""Codes that are told from the start, at 0: whoever watches them must not miss the first one."""
_CODE: Final = re.compile(r"[a-z][a-z_]{0,39}")
_LOOKING: Final = Statements("outbox", "looking")


class StateMetrics(Collector):
    """The state of one deployment. Thread-safe."""

    def __init__(
        self,
        database: Database,
        systems: Mapping[str, System],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is read before the first scrape."""
        self._database = database
        self._systems = systems
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read: list[Metric] = []
        self._believed_until = float("-inf")

    def collect(self) -> Iterator[Metric]:
        """Yield every family; without the state only that it cannot be read."""
        up = GaugeMetricFamily("legacy_shim_state_up", "1 when the state could be read for this scrape.")
        try:
            families = self._families()
        except StateUnavailable:
            families = []
        up.add_metric((), int(bool(families)))
        yield up
        yield from families

    def _families(self) -> list[Metric]:
        with self._lock:  # whoever asks at the same time waits, and reads nothing
            begun = self._monotonic()
            if begun >= self._believed_until:
                self._read = [*self._waiting(), *self._destinations(), self._alerts(), self._holds()]
                ended = self._monotonic()
                self._believed_until = ended + (ended - begun) * SHARE
            return self._read

    def _waiting(self) -> Iterator[Metric]:
        """Count what has not left, and tell how long ago the oldest of it was reported."""
        entries = GaugeMetricFamily(
            "legacy_shim_outbox_entries", "Entries that have not left.", labels=("destination", "state")
        )
        oldest = GaugeMetricFamily(
            "legacy_shim_outbox_oldest_age_seconds",
            "Since the oldest report that has not left; 0 without one.",
            labels=("destination",),
        )
        rows = {row["destination"]: row for row in self._database.read(_LOOKING["summarise_open"])}
        now = to_ms(self._clock())
        for name in self._known(rows):
            row = rows.get(name)
            for state in sorted(OPEN):
                entries.add_metric((name, state), 0 if row is None else row[state])
            oldest.add_metric((name,), 0 if row is None else max(0, now - row["oldest"]) / 1000)
        yield from (entries, oldest, self._attention())

    def _attention(self) -> Metric:
        family = GaugeMetricFamily(
            "legacy_shim_outbox_attention",
            "Delivered entries that somebody should look at, by why.",
            labels=("destination", "code"),
        )
        counts = {name: dict.fromkeys(ATTENTION[system.kind], 0) for name, system in self._systems.items()}
        for row in self._database.read(_LOOKING["count_attention"]):
            codes = counts.setdefault(row["destination"], {})
            code = row["attention"]
            if code not in codes and (not _CODE.fullmatch(code) or len(codes) >= CODES_MAX):
                code = OTHER
            codes[code] = codes.get(code, 0) + row["entries"]
        for name, codes in counts.items():
            for code, count in codes.items():
                family.add_metric((name, code), count)
        return family

    def _destinations(self) -> Iterator[Metric]:
        """Tell which are out of reach, and which an administrator holds."""
        broken = GaugeMetricFamily(
            "legacy_shim_outbox_breaker_open", "1 while a destination is out of reach.", labels=("destination",)
        )
        paused = GaugeMetricFamily(
            "legacy_shim_outbox_paused", "1 while an administrator holds a destination.", labels=("destination",)
        )
        rows = {row["name"]: row for row in self._database.read(_LOOKING["list_destinations"])}
        for name in self._known(rows):  # a system that was never out of reach has no row, and is 0 all the same
            row = rows.get(name)
            broken.add_metric((name,), int(row is not None and row["open_since"] is not None))
            paused.add_metric((name,), int(row is not None and row["paused_at"] is not None))
        yield from (broken, paused)

    def _alerts(self) -> Metric:
        family = CounterMetricFamily(
            "legacy_shim_outbox_alerts", "Beginnings and ends of outages.", labels=("destination", "kind")
        )
        counts = {(name, kind): 0 for name in self._systems for kind in ("opened", "closed")}
        counts |= {
            (row["destination"], row["kind"]): row["alerts"] for row in self._database.read(ALERTS["count_alerts"])
        }
        for labels, count in counts.items():
            family.add_metric(labels, count)
        return family

    def _holds(self) -> Metric:
        family = GaugeMetricFamily(
            "legacy_shim_holds", "Slots that are held now, where the shim keeps the holds.", labels=("system",)
        )
        counts = {name: 0 for name, system in self._systems.items() if system.kind is DeskKind.PRACTICE}
        counts |= {row["system"]: row["holds"] for row in self._database.read(HOLDS["count_live_holds"])}
        for name, count in counts.items():
            family.add_metric((name,), count)
        return family

    def _known(self, found: Iterable[str]) -> list[str]:
        """Return the configured systems, and what there is still something of."""
        return list(dict.fromkeys((*self._systems, *found)))
