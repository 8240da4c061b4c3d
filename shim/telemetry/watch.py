"""Everything that watches one process, made once: requests and the attempts of its worker are told to the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from shim.admission.policies import DELIVERIES, OPEN
from shim.systems import System
from shim.telemetry.logs import log_observation
from shim.telemetry.metrics import Metrics
from shim.telemetry.observation import Noted
from shim.telemetry.standing import Reach


@dataclass(frozen=True, slots=True)
class Watch:
    """The log, the metrics, and what was met of the systems."""

    metrics: Metrics
    reach: Reach

    @classmethod
    def of(cls, systems: Mapping[str, System]) -> "Watch":
        """Begin to watch."""
        return cls(Metrics(systems, (*OPEN.values(), *DELIVERIES.values(), "metrics")), Reach(systems))

    @property
    def noted(self) -> tuple[Noted, ...]:
        """Who is told of each request and attempt."""
        return (log_observation, self.metrics.note, self.reach.note)
