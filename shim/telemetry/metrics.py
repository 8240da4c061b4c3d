"""What this process has done, for `/metrics`: how long calls and attempts took by phase, and what came of them.

Every label is a name of the configuration or the catalogue, or a fixed word of the code. Nobody who calls can make a
series: what is not among the known words is counted as `other`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from contracts.catalogue import Effect
from contracts.errors import ContractError
from shim.systems import System
from shim.telemetry.observation import UNMATCHED, Observation

OTHER: Final = "other"
SERVICE: Final = "shim"
"""The system of what concerns no single one; no configured system can be called so."""
OWN: Final = "own"
OUTCOMES: Final = frozenset(
    {
        *("delivered", "rejected", "parked", "not found", "not sent", "unknown", "not answered", "absent"),
        *("absent, not settled", "sent again", "not begun"),
        *("ok", "pending", "failed", "sla_missing", "sla_unverified", "record_differs", "not_checked"),
    }
)
"""What can come of an attempt, in the words of its record, and of a look at what was delivered."""
BUCKETS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_PHASES: Final = ("system", "contract", "phase")
_WHOLE: Final = ("system", "contract")


def statuses() -> frozenset[str]:
    """Return every status that the service answers with on purpose."""
    known = {200, 201, 202, 204, 303, 304, 307, 400, 404, 405, 500}
    kinds: list[type[ContractError]] = [ContractError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        known |= {kind.status} if isinstance(getattr(kind, "status", None), int) else set()
    return frozenset(str(status) for status in known)


class Metrics:
    """Counts observations. Thread-safe; `note` costs some microseconds."""

    def __init__(self, systems: Mapping[str, System], actions: Iterable[str] = ()) -> None:
        """Begin.

        Args:
            systems: by name; each of their contracts is a pair of labels.
            actions: of the routes that belong to no system.
        """
        pairs = [(system.name, contract.name) for system in systems.values() for contract in system.contracts]
        actions = dict.fromkeys((*actions, UNMATCHED))
        self._pairs: Final = frozenset((*pairs, *((SERVICE, action) for action in actions)))
        self._statuses = statuses()
        self._took = Histogram(
            "legacy_shim_contract_seconds",
            "What the time of an answered request was spent on; its phases add up to legacy_shim_request_seconds.",
            _PHASES,
            buckets=BUCKETS_S,
            registry=None,
        )
        self._whole = Histogram(
            "legacy_shim_request_seconds",
            "From the first byte of a request to the last one of its answer.",
            _WHOLE,
            buckets=BUCKETS_S,
            registry=None,
        )
        self._answers = Counter(
            "legacy_shim_requests", "Requests that were answered.", (*_WHOLE, "status"), registry=None
        )
        self._attempt_took = Histogram(
            "legacy_shim_delivery_phase_seconds",
            "What the time of an attempt was spent on; its phases add up to legacy_shim_delivery_seconds.",
            _PHASES,
            buckets=BUCKETS_S,
            registry=None,
        )
        self._attempt_whole = Histogram(
            "legacy_shim_delivery_seconds",
            "How long one attempt of the outbox took.",
            _WHOLE,
            buckets=BUCKETS_S,
            registry=None,
        )
        self._attempts = Counter(
            "legacy_shim_deliveries",
            "Attempts of the outbox, by what came of them.",
            (*_WHOLE, "outcome"),
            registry=None,
        )
        self._series: dict[tuple[Histogram, tuple[str, ...]], Histogram] = {}
        # An increase of what is not there yet would miss the first one.
        for system in systems.values():
            for contract in system.contracts:
                for status in ("200", "500", "503"):
                    self._answers.labels(system.name, contract.name, status)
                if contract.effect is Effect.DURABLE:
                    self._attempts.labels(system.name, contract.name, "delivered")

    def register(self, registry: CollectorRegistry) -> None:
        """Show the counts in a registry."""
        for each in (self._took, self._whole, self._answers, self._attempt_took, self._attempt_whole, self._attempts):
            registry.register(each)

    def note(self, observation: Observation) -> None:
        """Count a request that was answered, or an attempt that was made."""
        pair = self._pair(observation)
        if observation.kind == "request":
            took, whole, count = self._took, self._whole, self._answers
            status = str(observation.status)
            came = status if status in self._statuses else OTHER
        else:
            took, whole, count = self._attempt_took, self._attempt_whole, self._attempts
            came = word(observation.outcome) if observation.outcome in OUTCOMES else OTHER
        self._observe(whole, pair, observation.seconds)
        for phase, seconds in observation.phases.items():
            self._observe(took, (*pair, phase), seconds)
        self._observe(took, (*pair, OWN), observation.own_s)
        count.labels(*pair, came).inc()

    def _observe(self, family: Histogram, labels: tuple[str, ...], seconds: float) -> None:
        # Looking a series up by its labels costs more than counting in it.
        series = self._series.get((family, labels))
        if series is None:
            series = self._series[family, labels] = family.labels(*labels)
        series.observe(seconds)

    def _pair(self, observation: Observation) -> tuple[str, str]:
        if observation.system is None:
            pair = (SERVICE, observation.action)
        else:
            pair = (observation.system, observation.contract or OTHER)
        return pair if pair in self._pairs else (SERVICE, OTHER)


def word(outcome: str) -> str:
    """Return an ending's word as a label, such as `not_sent`."""
    return outcome.replace(", ", "_").replace(" ", "_")
