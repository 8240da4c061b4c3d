"""What a worker process is asked, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.sql.faults import Fault

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a job, by its name.

    Attributes:
        go_on: outcomes (column `outcome` of the first row) after which the job goes on; empty for any.
    """

    statement: str
    parameters: Mapping[str, Any]
    go_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Job:
    """Statements of one transaction: committed when every step goes on, else rolled back; a read is never committed."""

    steps: tuple[Step, ...]
    writes: bool


@dataclass(frozen=True, slots=True)
class Open:
    """Open a connection ahead, in place of the one that may be open; `warm` it by a look at what it will need."""

    warm: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """Do a job; `fresh` when a connection opened ahead is too old to be used."""

    job: Job
    fresh: bool


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Prepare every statement and compare the columns with its head."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Answer to `Open`; `reason` says why there is no connection."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """From here on a write may have happened."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection of the last job is closed; follows each reply but `Opened`."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How long a statement took: when it was executed and when its last row was there, by the monotonic clock."""

    statement: str
    rows: int
    begun: float
    ended: float


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of each executed step, texts tidy.

    Attributes:
        steps: one for each statement.
        replaced: columns whose texts hold bytes of no character, as `statement.column`, with how many there were.
        ran: how long each took, as far as it was noted.
    """

    steps: tuple[tuple[Row, ...], ...]
    replaced: Mapping[str, int] = field(default_factory=dict)
    ran: tuple[Ran, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The job did not end well; nothing was committed by it unless `sent` and the fault proves nothing."""

    fault: Fault
    reason: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What is wrong with the statements on this database, one line each; `reason` says why it could not be asked."""

    problems: tuple[str, ...]
    reason: str | None = None


Request = Open | Run | Rehearse
Reply = Opened | Sent | Closed | Rows | Failed | Rehearsed
