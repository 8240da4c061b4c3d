"""Which entries somebody means: one description for looking at them, for trying on, and for acting on all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contracts.delivery import DeliveryState
from outbox.entry import to_ms

STUCK: Final = frozenset({DeliveryState.REJECTED, DeliveryState.PARKED})
"""Somebody must act."""
LEFT: Final = frozenset({DeliveryState.DELIVERED, DeliveryState.DISCARDED})
OPEN: Final = frozenset(DeliveryState) - LEFT
FAILING: Final = STUCK | {DeliveryState.UNKNOWN, DeliveryState.READY}
"""What can have a cause that it shares with others: it is stuck, nobody knows, or it is put off."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Entries of which all of these hold; None holds for every entry.

    Attributes:
        destination: of this one.
        states: in one of these.
        order_key: under this key.
        reported_before: reported earlier.
        cause: failed for this cause, as `outbox.reasons.error_group` names it.
    """

    destination: str | None = None
    states: frozenset[DeliveryState] = OPEN
    order_key: str | None = None
    reported_before: datetime | None = None
    cause: str | None = None

    def parameters(self, among: Iterable[DeliveryState]) -> dict[str, Any]:
        """Return a statement's parameters; of the states only those among these."""
        return {
            "destination": self.destination,
            "states": f" {' '.join(sorted(self.states & frozenset(among)))} ",
            "order_key": self.order_key,
            "before": None if self.reported_before is None else to_ms(self.reported_before),
            "cause": self.cause,
        }
