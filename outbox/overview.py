"""What waits for each destination, what keeps it, and which failures are the same one: what is looked at first."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from contracts.delivery import DeliveryState
from outbox.database import Database, Row
from outbox.entry import from_ms, to_ms
from outbox.selection import OPEN, STUCK, Selection
from outbox.statements import Statements

SQL: Final = Statements("outbox", "looking")
WINDOW_S: Final = 300.0
"""The rate of deliveries is that of the last five minutes."""
_CODE: Final = 6
"""Hex digits by which a cause is named on a command line."""


@dataclass(frozen=True, slots=True)
class Overview:
    """One destination at a glance.

    Attributes:
        destination: its name.
        counts: entries that have not left, by state.
        attention: delivered entries that somebody should look at, by code.
        oldest_reported_at: the oldest report time of what has not left.
        paused_at: since when an administrator holds it, and `paused_reason` why.
        open_since: since when it is out of reach, and `probe_at` when the next single attempt may be made.
        delivered: entries delivered within the last `span_s` seconds.
    """

    destination: str
    counts: Mapping[DeliveryState, int] = field(default_factory=dict)
    attention: Mapping[str, int] = field(default_factory=dict)
    oldest_reported_at: datetime | None = None
    paused_at: datetime | None = None
    paused_reason: str | None = None
    open_since: datetime | None = None
    probe_at: datetime | None = None
    delivered: int = 0
    span_s: float = WINDOW_S

    def count(self, *states: DeliveryState) -> int:
        """How many entries are in one of these states."""
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def moving(self) -> int:
        """How many entries leave without anybody's help."""
        return sum(entries for state, entries in self.counts.items() if state not in STUCK)

    @property
    def must_act(self) -> int:
        """How many entries are rejected or parked."""
        return self.count(*STUCK)

    @property
    def per_minute(self) -> float:
        """Deliveries a minute, lately."""
        return self.delivered * 60 / self.span_s if self.span_s > 0 else 0.0

    @property
    def drain_s(self) -> float | None:
        """Seconds until what moves has left, at the rate of late; None while nobody can tell."""
        if not self.moving:
            return 0.0
        if not self.delivered or self.open_since is not None or self.paused_at is not None:
            return None
        return self.moving * self.span_s / self.delivered


@dataclass(frozen=True, slots=True)
class Group:
    """Entries of one destination that are in one state for one cause.

    Attributes:
        destination: its name.
        state: rejected, parked, unknown, or ready when they are put off.
        cause: as `outbox.reasons.error_group` names it.
        entries: how many there are.
        oldest_reported_at: the oldest report time.
        example: id of the oldest one.
    """

    destination: str
    state: DeliveryState
    cause: str
    entries: int
    oldest_reported_at: datetime
    example: str

    @property
    def code(self) -> str:
        """What names the cause on a command line; the same on every machine."""
        return hashlib.sha256(self.cause.encode()).hexdigest()[:_CODE]


@dataclass(frozen=True, slots=True)
class Count:
    """How many entries of a destination are in a state, and the oldest report time among them."""

    destination: str
    state: DeliveryState
    entries: int
    oldest_reported_at: datetime


def count(database: Database, selection: Selection) -> list[Count]:
    """Count what is selected of all that has not left."""
    rows = database.read(SQL["count_chosen"], **selection.parameters(OPEN))
    counts = [Count(r["destination"], DeliveryState(r["state"]), r["entries"], from_ms(r["oldest"])) for r in rows]
    return sorted(counts, key=lambda found: (found.destination, found.state))


def overviews(database: Database, clock: Callable[[], datetime], known: Iterable[str] = ()) -> list[Overview]:
    """Return all destinations that are known here, or of which there is something to tell, by name."""
    now = clock()
    opened = {row["destination"]: row for row in database.read(SQL["summarise_open"])}
    attention: dict[str, dict[str, int]] = {}
    for row in database.read(SQL["count_attention"]):
        attention.setdefault(row["destination"], {})[row["attention"]] = row["entries"]
    since = to_ms(now - timedelta(seconds=WINDOW_S))
    delivered = {row["destination"]: int(row["entries"]) for row in database.read(SQL["count_delivered"], since=since)}
    shared = {row["name"]: row for row in database.read(SQL["list_destinations"])}
    held = [name for name, row in shared.items() if row["paused_at"] is not None or row["open_since"] is not None]
    return [
        _overview(name, opened.get(name), attention.get(name, {}), shared.get(name), delivered.get(name, 0), now)
        for name in sorted({*known, *opened, *attention, *held})
    ]


def groups(database: Database, destination: str | None = None) -> list[Group]:
    """Return the failures grouped by cause: what needs a person first, then by size."""
    found = [
        Group(
            row["destination"],
            DeliveryState(row["state"]),
            row["cause"],
            row["entries"],
            from_ms(row["oldest"]),
            row["example"],
        )
        for row in database.read(SQL["group_failures"])
        if destination in {None, row["destination"]}
    ]
    urgent = {DeliveryState.UNKNOWN: 1, DeliveryState.READY: 2}
    return sorted(found, key=lambda group: (urgent.get(group.state, 0), -group.entries, group.destination, group.cause))


def _overview(
    name: str, opened: Row | None, attention: Mapping[str, int], shared: Row | None, delivered: int, now: datetime
) -> Overview:
    at = {key: None if shared is None or shared[key] is None else from_ms(shared[key]) for key in _TIMES}
    # A rate that is diluted by the outage before it would promise the wrong end.
    up = WINDOW_S if at["closed_at"] is None else (now - at["closed_at"]).total_seconds()
    return Overview(
        name,
        {} if opened is None else {state: opened[state] for state in sorted(OPEN) if opened[state]},
        attention,
        None if opened is None else from_ms(opened["oldest"]),
        at["paused_at"],
        None if shared is None else shared["paused_reason"],
        at["open_since"],
        at["probe_at"],
        delivered,
        min(WINDOW_S, max(1.0, up)),
    )


_TIMES: Final = ("paused_at", "open_since", "probe_at", "closed_at")
