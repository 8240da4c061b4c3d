"""One cause that entries share, as the page shows it before somebody acts on all of them."""

from dataclasses import dataclass
from datetime import datetime

from contracts.delivery import DeliveryState
from outbox.entry import Entry
from outbox.overview import Overview, groups, overviews
from outbox.selection import FAILING, STUCK
from shim import root
from shim.admin.acting import Acting
from shim.handling import is_mismatch
from shim.root import State


@dataclass(frozen=True, slots=True)
class GroupNow:
    """What failed for one cause.

    Attributes:
        cause: in the backend's words, or the shim's.
        by_state: how many are in each state.
        entries: the first ones.
        oldest_reported_at: of all of them.
        seen: what a confirmation carries, so that it is about what was shown.
        system: how the system is: what is retried waits while it is out of reach, or paused.
        mismatch: composing anew is the way out, which is done at the command line.
    """

    cause: str
    by_state: dict[DeliveryState, int]
    entries: tuple[Entry, ...]
    oldest_reported_at: datetime
    seen: str
    system: Overview
    mismatch: bool

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_state.values())

    @property
    def stuck(self) -> int:
        """Those that somebody must act on: they alone are given up."""
        return sum(self.by_state.get(state, 0) for state in STUCK)

    @property
    def retried(self) -> int:
        """Those that can be taken up again."""
        return sum(self.by_state.get(state, 0) for state in FAILING)


def group_now(state: State, acting: Acting, system: str, code: str) -> GroupNow | None:
    """Return a group as it is now; None if nothing fails for that cause.

    Raises:
        StateUnavailable: the state cannot be read.
    """
    found = groups(state.database, system)
    mine = [group for group in found if group.code == code]
    shown = acting.group(system, code) if mine else None
    if shown is None:
        return None
    return GroupNow(
        mine[0].cause,
        {group.state: group.entries for group in mine},
        shown.entries,
        min(group.oldest_reported_at for group in mine),
        shown.seen,
        next(
            overview for overview in overviews(state.database, root.utc_now, [system]) if overview.destination == system
        ),
        is_mismatch(mine[0].cause),
    )
