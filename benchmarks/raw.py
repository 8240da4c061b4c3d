"""The raw loops: what the outbox executes, replayed on a bare driver, one commit where it has one commit.

What remains in a ratio to them is the outbox's own work: sealing, hashing, its models, its locks, its shared commits.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import psycopg

from benchmarks.entries import US
from benchmarks.measure import median_us, timed
from benchmarks.recorded import Executed, Recorded, Unit

_OF_THE_ENTRY: Final = {"entry_seq": "seq", "seq": "seq", "step": "step", "order_key": "order_key"}
"""Parameters that name the entry at hand, and the columns of its row that they are taken from."""
_COLUMNS: Final = frozenset(_OF_THE_ENTRY.values())
Execute = Callable[[str, Mapping[str, Any]], Any]


@dataclass(slots=True)
class _Step:
    """One statement to execute over and over; its parameters that name the entry are filled in each time."""

    text: str
    parameters: dict[str, Any]
    of_the_entry: tuple[str, ...]
    columns: dict[str, int] | None = None

    @classmethod
    def of(cls, executed: Executed, renamed: Mapping[str, str]) -> Self:
        parameters = {name: _rename(value, renamed) for name, value in executed.parameters.items()}
        # What stores an entry has its key in hand; everything later takes it from the entry's row.
        taken = _OF_THE_ENTRY.keys() - ({"order_key"} if renamed else set())
        return cls(executed.text, parameters, tuple(taken & parameters.keys()))


_Unit = tuple[bool, list[_Step]]


def _rename(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for old, new in renamed.items():
            value = value.replace(old, new)
    return value


class Raw:
    """A contender that only executes; what it returns is as of `Ours`.

    Args:
        execute: of a connection in autocommit mode, with parameters by name.
        begin: how a writing transaction begins.
        recorded: what to execute.
    """

    def __init__(self, execute: Execute, begin: str, recorded: Recorded) -> None:
        self._execute = execute
        self._begin = begin
        self._recorded = recorded
        self._entry: dict[str, Any] = {}

    def enqueue(self, count: int) -> float:
        """Store entries; what the outbox would seal is there already."""
        return median_us(self._run, self._fresh(count))

    def enqueue_in_a_row(self, count: int) -> float:
        """Store entries; return microseconds until all are durable, divided by their number."""
        prepared = self._fresh(count)

        def store_all() -> None:
            for units in prepared:
                self._run(units)

        return timed(store_all, US) / count

    def take(self, count: int) -> float:
        """Claim, read, acknowledge: two commits."""
        recorded = self._recorded
        one = _ready([*recorded.claim, *recorded.read, *recorded.acknowledge])
        return self._deliver([one] * count, count)

    def drain(self, count: int) -> float:
        """Acknowledge one and claim the next in one commit."""
        recorded = self._recorded
        first = _ready([*recorded.claim, *recorded.read])
        one = _ready([*recorded.acknowledge_and_claim, *recorded.read])
        last = _ready(recorded.acknowledge)
        return self._deliver([first, *[one] * (count - 1), last], count)

    def _deliver(self, steps: Sequence[Sequence[_Unit]], count: int) -> float:
        before = self._count_delivered()
        us = median_us(self._run, steps)
        if self._count_delivered() != before + count:
            raise RuntimeError("the replayed statements did not deliver what they were to deliver")
        return us

    def _fresh(self, count: int) -> list[list[_Unit]]:
        name, enqueue = self._recorded.name, self._recorded.enqueue
        return [_ready(enqueue, {name: secrets.token_hex(16)}) for _ in range(count)]

    def _count_delivered(self) -> int:
        return int(self._execute("SELECT COUNT(*) FROM entry WHERE state = 'delivered'", {}).fetchone()[0])

    def _run(self, units: Sequence[_Unit]) -> None:
        execute, entry = self._execute, self._entry
        for writes, statements in units:
            if writes:
                execute(self._begin, {})
            for statement in statements:
                for name in statement.of_the_entry:
                    statement.parameters[name] = entry[_OF_THE_ENTRY[name]]
                cursor = execute(statement.text, statement.parameters)
                if cursor.description is None or (row := cursor.fetchone()) is None:
                    continue
                if statement.columns is None:
                    names = [column[0] for column in cursor.description]
                    statement.columns = {name: names.index(name) for name in _COLUMNS if name in names}
                for name, at in statement.columns.items():
                    entry[name] = row[at]
            if writes:
                execute("COMMIT", {})


def _ready(units: Sequence[Unit], renamed: Mapping[str, str] | None = None) -> list[_Unit]:
    return [(unit.writes, [_Step.of(executed, renamed or {}) for executed in unit.statements]) for unit in units]


@contextmanager
def raw_sqlite(path: str, recorded: Recorded) -> Iterator[Raw]:
    """Yield the raw loop on a file with the outbox's tables, as durable as the outbox's own connection."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")
        yield Raw(connection.execute, "BEGIN IMMEDIATE", recorded)


@contextmanager
def raw_postgresql(url: str, recorded: Recorded) -> Iterator[Raw]:
    """Yield the raw loop on a database with the outbox's tables; psycopg prepares what it sees more often."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield Raw(lambda text, parameters: connection.execute(text.encode(), parameters), "BEGIN", recorded)
