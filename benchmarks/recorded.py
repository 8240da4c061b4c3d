"""What the outbox executes for one entry, noted while it does, so that "raw" always means the same statements."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from benchmarks.entries import Ours, new_entries, open_outbox
from outbox.claims import Claim
from outbox.database import Cursor, Database, Dialect, Row, Transaction
from outbox.statements import Statement, bound

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Executed:
    """One statement that the outbox executed, and its parameters then."""

    text: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """What was executed together: one commit, or one read."""

    writes: bool
    statements: list[Executed] = field(default_factory=list)


class Recorder:
    """A database that notes what is executed on it, in `units`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.dialect: Dialect = database.dialect
        self.where = database.where
        self.units: list[Unit] = []

    def write(self, job: Callable[[Transaction], T]) -> T:
        """Run a job, noted."""
        return self._database.write(lambda tx: job(self._noting(tx)))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write in one commit, noted."""
        with self._database.transaction() as tx:
            yield self._noting(tx)

    def read(self, statement: Statement | str, **parameters: Any) -> list[Row]:
        """Read, noted."""
        self.units.append(Unit(False, [self._executed(statement, parameters)]))
        return self._database.read(statement, **parameters)

    def read_now(self, statement: Statement | str, **parameters: Any) -> list[Row] | None:
        """Read, noted."""
        self.units.append(Unit(False, [self._executed(statement, parameters)]))
        return self._database.read_now(statement, **parameters)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def during(self, call: Callable[[], object]) -> list[Unit]:
        """Return what a call executes."""
        noted: list[Unit] = []
        self.units = noted
        call()
        self.units = []
        return noted

    def _noting(self, tx: Transaction) -> Transaction:
        self.units.append(Unit(True))
        return _Noting(tx, self.dialect, self.units[-1].statements, self._executed)

    def _executed(self, statement: Statement | str, parameters: Mapping[str, Any]) -> Executed:
        if self.dialect == "sqlite":
            text = statement if isinstance(statement, str) else statement.sqlite
        else:
            text = bound(statement) if isinstance(statement, str) else statement.postgresql
        return Executed(text, dict(parameters))


@dataclass(frozen=True, slots=True)
class _Noting:
    tx: Transaction
    dialect: Dialect
    statements: list[Executed]
    executed: Callable[[Statement | str, Mapping[str, Any]], Executed]

    def execute(self, statement: Statement | str, parameters: Mapping[str, Any] | None = None, /) -> Cursor:
        self.statements.append(self.executed(statement, parameters or {}))
        return self.tx.execute(statement, parameters or {})

    def lock(self, *name: str) -> None:
        if self.dialect == "postgresql":  # in SQLite the only writer holds every lock
            self.statements.append(Executed("SELECT pg_advisory_xact_lock(%(number)s)", {"number": hash(name)}))
        self.tx.lock(*name)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What each step of an entry's life executes.

    Attributes:
        name: the part of the recorded entry's identifiers that no other entry has.
    """

    name: str
    enqueue: list[Unit]
    claim: list[Unit]
    read: list[Unit]
    acknowledge: list[Unit]
    acknowledge_and_claim: list[Unit]


def record(database: Database) -> Recorded:
    """Store and deliver a few entries, and return what that executed; they stay in the database, delivered."""
    recorder = Recorder(database)
    ours = Ours(open_outbox(recorder))
    first, second, third = new_entries(3)
    claimed: list[Claim] = []
    for entry in (first, second):
        ours.store(entry)
    enqueue = recorder.during(lambda: ours.store(third))
    # Not the first of each: it may find out what the others then know.
    ours.deliver()
    claim = recorder.during(lambda: claimed.append(ours.claim()))
    read = recorder.during(lambda: ours.read(claimed[-1]))
    fused = recorder.during(lambda: claimed.append(ours.acknowledge_and_claim(claimed[-1])))
    acknowledge = recorder.during(lambda: ours.acknowledge(claimed[-1]))
    return Recorded(third.id.removeprefix("dl_"), enqueue, claim, read, acknowledge, fused)
