"""What the first screen shows: every system with its backlog, what needs somebody, and what goes by itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.delivery import DeliveryState
from outbox.backlog import Backlog, backlogs
from outbox.entry import Entry
from outbox.overview import Group, Overview, groups, overviews
from outbox.selection import STUCK, Selection
from shim.admin.sentence import Sentence, sentence
from shim.admin.sparkline import Sparkline, sparkline
from shim.drift.comparing import Descriptions, Seen
from shim.root import State

ATTENTION: Final = 20
"""Deliveries that want a look, on the first screen."""
STATES = (
    *(DeliveryState.READY, DeliveryState.WAITING, DeliveryState.IN_FLIGHT, DeliveryState.UNKNOWN),
    *(DeliveryState.PARKED, DeliveryState.REJECTED),
)


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Since when a system is not written to, and which of its files, or what it serves, differs."""

    since: datetime
    different: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SystemNow:
    """One system.

    Attributes:
        overview: what is counted.
        read_only: None when it may be written to.
        backlog: what waits for it, by report time; None when nothing does.
        sparkline: the same as a chart.
    """

    overview: Overview
    read_only: ReadOnly | None
    backlog: Backlog | None
    sparkline: Sparkline | None

    @property
    def is_well(self) -> bool:
        """Whether nothing stands in its way, and nobody must act."""
        seen = self.overview
        held = (seen.paused_at, seen.open_since, self.read_only) != (None, None, None)
        return not (held or seen.must_act or seen.attention)

    @property
    def counts(self) -> list[tuple[DeliveryState, int]]:
        """Entries that have not left, by state, in the order of a life."""
        return [(state, self.overview.count(state)) for state in STATES]


@dataclass(frozen=True, slots=True)
class First:
    """The first screen.

    Attributes:
        sentence: what must be known first.
        systems: those that something is the matter with first, then by name.
        stuck: groups that need somebody.
        moving: groups that go by themselves, and may take long.
        attention: delivered ones that somebody should look at, the oldest first; `attention_more` when there are more.
    """

    sentence: Sentence
    systems: Sequence[SystemNow]
    stuck: Sequence[Group]
    moving: Sequence[Group]
    attention: Sequence[Entry]
    attention_more: bool


def first(state: State, systems: Iterable[str], clock: Callable[[], datetime]) -> First:
    """Look at the state.

    Raises:
        StateUnavailable: it cannot be read.
    """
    found = overviews(state.database, clock, systems)
    backlog = backlogs(state.database, clock())
    read_only = _read_only(Descriptions(state.database).seen())
    grouped = groups(state.database)
    stuck = [group for group in grouped if group.state in STUCK]
    wanting = state.outbox.wanting_attention(Selection(), ATTENTION + 1)
    oldest = min((each.oldest for each in backlog.values()), default=None)
    since = {name: each.since for name, each in read_only.items()}
    return First(
        sentence(found, stuck, oldest, since),
        sorted((_system(overview, read_only, backlog) for overview in found), key=_urgent),
        stuck,
        [group for group in grouped if group.state not in STUCK],
        wanting[:ATTENTION],
        len(wanting) > ATTENTION,
    )


def _urgent(system: SystemNow) -> tuple[bool, int, int]:
    return system.is_well, -system.overview.must_act, -system.overview.moving


def _system(overview: Overview, read_only: Mapping[str, ReadOnly], found: Mapping[str, Backlog]) -> SystemNow:
    name = overview.destination
    backlog = found.get(name)
    return SystemNow(overview, read_only.get(name), backlog, None if backlog is None else sparkline(backlog))


def _read_only(differing: Iterable[Seen]) -> dict[str, ReadOnly]:
    by_system: dict[str, list[Seen]] = {}
    for seen in differing:
        by_system.setdefault(seen.system, []).append(seen)
    return {
        name: ReadOnly(min(seen.since for seen in found), tuple(dict.fromkeys(seen.name for seen in found)))
        for name, found in by_system.items()
    }
