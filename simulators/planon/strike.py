"""What the scenario has decided about one request; the ledger keeps the names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.planon.faults import DECIDING, NATURES, Fault


@dataclass(frozen=True, slots=True)
class Strike:
    """The faults that strike one request, with their numbers.

    Attributes:
        faults: numbers by fault: seconds, or characters. At most one fault decides the reply.
        latency_s: how long whatever goes back is held back.
    """

    faults: Mapping[Fault, Mapping[str, float | None]] = field(default_factory=dict)
    latency_s: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the faults, in the order of precedence."""
        return tuple(str(fault) for fault in self.faults)

    @property
    def deciding(self) -> Fault | None:
        """The fault that decides the reply, if one does."""
        return next((fault for fault in self.faults if NATURES[fault].stage in DECIDING), None)

    def has(self, fault: Fault) -> bool:
        """Whether this fault strikes."""
        return fault in self.faults

    def amount(self, fault: Fault, name: str) -> float:
        """Return a number of a fault that strikes and has it."""
        amount = self.faults[fault][name]
        if amount is None:
            raise KeyError(f"{fault} has no {name}")
        return amount


SPARED = Strike()
"""A request that nothing strikes."""
