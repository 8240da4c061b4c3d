"""One delivery on one screen: the same facts as `shim explain`, and what somebody may do with it."""

from dataclasses import dataclass

from contracts.delivery import DeliveryState
from outbox.entry import Entry
from outbox.selection import LEFT
from outbox.stored import StoredEntries
from shim.explanation import Explanation, explanation, moves
from shim.handling import cannot_discard, cannot_retry


@dataclass(frozen=True, slots=True)
class One:
    """One delivery.

    Attributes:
        told: all that is known of it.
        moves: whether it has a next attempt.
        no_retry: why it cannot be taken up again; None if it can.
        no_discard: why it cannot be given up, even though it may be in the backend; None if it can.
        behind: entries that wait behind it.
    """

    told: Explanation
    moves: bool
    no_retry: str | None
    no_discard: str | None
    behind: int

    @property
    def unknown(self) -> bool:
        """Whether the backend may have it: also of one that is stuck, after a send that nobody answered."""
        return self.told.entry.unknown_since is not None and self.told.entry.state not in LEFT

    @property
    def may_exist(self) -> bool:
        """Whether giving it up needs somebody to say that it may be there."""
        return self.told.entry.state is DeliveryState.UNKNOWN


def one(entries: StoredEntries, entry: Entry) -> One:
    """Return all that is known of a delivery.

    Raises:
        StateUnavailable: the state cannot be read.
    """
    head = entries.head(entry)
    return One(
        explanation(entries, entry),
        moves(entry),
        cannot_retry(entries, entry),
        cannot_discard(entry, may_exist=True, consent=""),
        entries.behind(entry) if head is not None and head.id == entry.id else 0,
    )
