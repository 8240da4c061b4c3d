"""Judges a history of the outbox: what was acknowledged, what was attempted, what the receiver has, how all ended.

A pure function, so that it can be judged itself. Times are aware.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Self

ENDED_WITHOUT_RECORD: Final = frozenset({"delivered", "discarded"})
"""States that promise that nothing will come any more: without a record the document is lost, and not merely stuck."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An enqueue that was acknowledged; `number` is its place in the order of its key."""

    reference: str
    key: str
    number: int
    sha256: str
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """One record in the receiver's ledger; `sequence` is the order of commits."""

    sequence: int
    reference: str
    key: str
    sha256: str
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class Attempted:
    """One attempt as the outbox stores it; outcome and end are None while it runs."""

    reference: str
    action: str
    owner: str
    started_at: datetime
    outcome: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """A worker process: the names under which it claimed, and when it was killed; None if it never was."""

    owners: frozenset[str]
    started_at: datetime
    died_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """The state's server was down."""

    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """Everything that is known of a campaign that has come to rest; `states` is by reference."""

    accepted: tuple[Accepted, ...]
    attempts: tuple[Attempted, ...]
    ledger: tuple[Kept, ...]
    states: dict[str, str]
    lives: tuple[Life, ...] = ()
    outages: tuple[Outage, ...] = ()
    kills: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many of everything; the campaign's last line.

    Attributes:
        unexplained_duplicates: duplicates without an attempt that was recorded as unknown.
        unknown_per_kill: most attempts that one death left without an outcome.
        recovery_s: longest time that such an attempt waited for a living worker's recovery, or that nothing was
            attempted after the state's server came back.
    """

    kills: int = 0
    accepted: int = 0
    lost: int = 0
    unexplained_duplicates: int = 0
    duplicates: int = 0
    inversions: int = 0
    stuck: int = 0
    report_time_changed: int = 0
    payload_changed: int = 0
    unknown_per_kill: int = 0
    recovery_s: float = 0.0

    def __add__(self, other: "Verdict") -> "Verdict":
        """Return the verdict on both: the worst of what is a worst, the sum of what is counted."""
        worst = {"unknown_per_kill", "recovery_s"}
        mine, theirs = asdict(self), asdict(other)
        return Verdict(**{n: max(mine[n], theirs[n]) if n in worst else mine[n] + theirs[n] for n in mine})


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict, and a line for each thing that is wrong."""

    verdict: Verdict
    wrong: list[str]

    @classmethod
    def of_none(cls) -> Self:
        return cls(Verdict(), [])

    def __add__(self, other: "Judged") -> "Judged":
        return Judged(self.verdict + other.verdict, self.wrong + other.wrong)


@dataclass
class _Court:
    history: History
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.accepted = {paper.reference: paper for paper in self.history.accepted}
        self.kept: dict[str, list[Kept]] = defaultdict(list)
        for record in sorted(self.history.ledger, key=lambda kept: kept.sequence):
            self.kept[record.reference].append(record)
        self.sends = Counter(attempt.reference for attempt in self.history.attempts if attempt.action == "send")
        self.unknown = Counter(
            attempt.reference
            for attempt in self.history.attempts
            if attempt.action == "send" and attempt.outcome in {None, "unknown"}
        )

    def arrivals(self) -> None:
        """Whatever was acknowledged is there, or is still on its way, which at rest it should not be."""
        for reference in self.accepted:
            state = self.history.states.get(reference)
            if reference not in self.kept and (state is None or state in ENDED_WITHOUT_RECORD):
                self.wrong["lost"].append(f"{reference} is not there; its entry is {state}")
            elif state != "delivered":
                self.wrong["stuck"].append(f"{reference} is {state}")

    def duplicates(self) -> None:
        """Nothing is there twice, and what is there was attempted and acknowledged."""
        for reference, records in self.kept.items():
            again = len(records) - 1
            told = f"{reference} is there {len(records)} times; {self.sends[reference]} sends are recorded"
            self.wrong["duplicates"] += [told] * again
            self.wrong["unexplained_duplicates"] += [told] * max(0, again - self.unknown[reference])
            if not self.sends[reference]:
                self.wrong["unrecorded"].append(f"{reference} was sent by an attempt that is not recorded")
            if reference not in self.accepted:
                self.wrong["unaccepted"].append(f"{reference} is there, and was never acknowledged")

    def order(self) -> None:
        """First commits of a key come in the order in which the key's documents were accepted."""
        of_key: dict[str, list[Accepted]] = defaultdict(list)
        for reference in self.kept:  # in order of first commit
            if reference in self.accepted:
                of_key[self.accepted[reference].key].append(self.accepted[reference])
        for key, papers in of_key.items():
            for earlier, later in itertools.pairwise(papers):
                if earlier.number > later.number:
                    self.wrong["inversions"].append(f"{key}: {earlier.reference} came before {later.reference}")

    def contents(self) -> None:
        """Every record has the report time and the bytes that were accepted."""
        for reference, records in self.kept.items():
            paper = self.accepted.get(reference)
            for record in records if paper else ():
                assert paper is not None
                if (record.reported_at, record.reported_at.utcoffset()) != (
                    paper.reported_at,
                    paper.reported_at.utcoffset(),
                ):
                    self.wrong["report_time_changed"].append(
                        f"{reference}: {paper.reported_at} became {record.reported_at}"
                    )
                if record.sha256 != paper.sha256:
                    self.wrong["payload_changed"].append(f"{reference}: other bytes arrived than were accepted")

    def left_behind(self) -> dict[Life, list[Attempted]]:
        """Return, for each death, the attempts that others had to conclude, or still have to."""
        dead = {owner: life for life in self.history.lives if life.died_at is not None for owner in life.owners}
        left = defaultdict(list)
        for attempt in self.history.attempts:
            life = dead.get(attempt.owner)
            if life is None or life.died_at is None:
                continue
            if attempt.ended_at is None or (attempt.outcome == "unknown" and attempt.ended_at >= life.died_at):
                left[life].append(attempt)
        return left

    def recoveries(self) -> Iterable[float]:
        """Yield how long each of them waited while somebody could have recovered it, in seconds."""
        for life, attempts in self.left_behind().items():
            assert life.died_at is not None
            for attempt in attempts:
                if attempt.ended_at is None:
                    self.wrong["in_flight"].append(f"{attempt.reference} still belongs to a dead worker")
                else:
                    since = self._able(life.died_at, attempt.ended_at)
                    yield (attempt.ended_at - since).total_seconds() - self._down_s(since, attempt.ended_at)
        for outage in self.history.outages:
            later = [a.started_at for a in self.history.attempts if a.started_at >= outage.ended_at]
            if later:
                yield (min(later) - outage.ended_at).total_seconds()

    def _able(self, died_at: datetime, until: datetime) -> datetime:
        """Since when somebody else lived who could recover what died then."""
        for life in self.history.lives:
            if life.started_at <= died_at and (life.died_at is None or life.died_at > until):
                return died_at
        return min((life.started_at for life in self.history.lives if died_at < life.started_at), default=died_at)

    def _down_s(self, since: datetime, until: datetime) -> float:
        spans = ((max(o.began_at, since), min(o.ended_at, until)) for o in self.history.outages)
        return sum(max(0.0, (end - begin).total_seconds()) for begin, end in spans)


def judge(history: History) -> Judged:
    """Judge a campaign that has come to rest."""
    court = _Court(history)
    for question in (court.arrivals, court.duplicates, court.order, court.contents):
        question()
    recovery_s = max(court.recoveries(), default=0.0)
    counted: dict[str, Any] = {
        member.name: len(court.wrong[member.name]) for member in fields(Verdict) if member.name in court.wrong
    }
    verdict = Verdict(
        kills=history.kills,
        accepted=len(court.accepted),
        **counted,
        unknown_per_kill=max(map(len, court.left_behind().values()), default=0),
        recovery_s=round(max(0.0, recovery_s), 3),
    )
    return Judged(verdict, [f"{kind}: {line}" for kind, lines in court.wrong.items() for line in lines])
