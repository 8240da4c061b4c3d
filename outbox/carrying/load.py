"""Loads an export into an empty state: all of it, or nothing."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from outbox.actions import Audit
from outbox.carrying.alone import refuse_living
from outbox.carrying.asking import Asking, ask_first
from outbox.carrying.lines import Header, Lines, Stored, checked
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import Table, columns, counts, keep_others_out
from outbox.carrying.whole import verify
from outbox.database import ConstraintViolated, Database, Transaction
from outbox.entry import Cipher

_TOGETHER: Final = 10
"""Rows of one statement: half the time of single ones on SQLite; with 50 its many names take more than they save."""
_SEQUENCE: Final = (
    "SELECT setval(pg_get_serial_sequence('{0}', '{1}'), (SELECT MAX({1}) FROM {0})) WHERE EXISTS (SELECT 1 FROM {0})"
)
Report = Callable[[int, int], None]
"""Told how many of how many rows are stored."""


@dataclass(frozen=True, slots=True)
class Target:
    """An open state into which an export is loaded.

    Attributes:
        database: the state.
        cipher: opens what is sealed.
        tables: those that are carried.
        identity: what the export's header must say of deployment and schema.
        take: takes over what the header says of keys, before anything is stored; raises CarryingRefused if one is
            missing here.
        last: done just before everything is committed; what it raises undoes all of it.
    """

    database: Database
    cipher: Cipher
    tables: Sequence[Table]
    identity: Header
    take: Callable[[Transaction, Header], None]
    last: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: rows by table, and how many entries are asked for before anything is sent."""

    tables: dict[str, int]
    unknown: int


def load(
    lines: Lines, target: Target, asking: Asking, audit: Audit, report: Report = lambda _done, _all: None
) -> Loaded:
    """Check an export from its first to its last line, then store it in one transaction.

    Before that commits, every payload was opened and compared with its hash.

    Raises:
        CarryingRefused: it is not whole, of another deployment, key or release; or the state is not empty, or in use.
        StateUnavailable: the state cannot be written.
    """
    refuse_living(target.database)
    header = _check(lines, target)
    try:
        with target.database.transaction() as tx:
            keep_others_out(tx, target.database, [table.name for table in target.tables])
            before = _refuse_rows(tx, target)
            target.take(tx, header)
            _store(tx, lines, target, sum(header.tables.values()), report)
            stored = _check_stored(tx, header, target, before)
            unknown = ask_first(tx, asking)
            audit.write(tx, "import", None, {"made_at": header.made_at, "unknown": unknown, "entries": stored["entry"]})
            target.last()
    except ConstraintViolated as error:
        raise CarryingRefused(f"the file contradicts itself: {error}") from error
    return Loaded(stored, unknown)


def _check(lines: Lines, target: Target) -> Header:
    """Read it all once, so that nothing is written of a file that is not whole."""
    contents = checked(lines())
    header = next(contents, None)
    if not isinstance(header, Header):
        raise CarryingRefused("the file is empty")
    wanted = target.identity
    if header.deployment != wanted.deployment:
        raise CarryingRefused(f"it is of deployment {header.deployment!r}, this one is {wanted.deployment!r}")
    for package, number in wanted.schema.items():
        if header.schema.get(package) != number:
            raise CarryingRefused(
                f"it is of another release: {package} {header.schema.get(package)}, this one has {number}; "
                "load it with that release, then upgrade"
            )
    known = {table.name for table in target.tables}
    found = dict.fromkeys(known, 0)
    for row in contents:
        if not isinstance(row, Stored) or row.table not in known:
            raise CarryingRefused("there are rows in it that this release does not know")
        found[row.table] += 1
    if found != header.tables:
        raise CarryingRefused("there are not as many rows in it as its header says")
    return header


def _refuse_rows(tx: Transaction, target: Target) -> dict[str, int]:
    """Return how many rows there are, which only tables that join may have."""
    before = counts(tx, target.tables)
    there = [table.name for table in target.tables if before[table.name] and not table.joins]
    if there:
        raise CarryingRefused(f"the state is not empty: there are rows in {', '.join(there)}; two are never merged")
    return before


def _store(tx: Transaction, lines: Lines, target: Target, everything: int, report: Report) -> None:
    known = {table.name: set(columns(tx, table)) for table in target.tables}
    done = 0
    for table, values in _together(checked(lines())):
        if not values[0].keys() <= known[table]:
            raise CarryingRefused(f"this release does not know {sorted(values[0].keys() - known[table])} of {table}")
        _insert(tx, table, values)
        done += len(values)
        report(done, everything)


def _together(contents: Iterator[Header | Stored]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield rows of one table, with the same columns, a few at a time."""
    rows = (row for row in contents if isinstance(row, Stored))
    for (table, _), group in itertools.groupby(rows, lambda row: (row.table, tuple(row.values))):
        while batch := [row.values for row in itertools.islice(group, _TOGETHER)]:
            yield table, batch


def _insert(tx: Transaction, table: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    places = ", ".join(f"({', '.join(f':v{number}_{at}' for at in range(len(names)))})" for number in range(len(rows)))
    values: Mapping[str, Any] = {
        f"v{number}_{at}": row[name] for number, row in enumerate(rows) for at, name in enumerate(names)
    }
    tx.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES {places}", values)  # noqa: S608 - names that are known


def _check_stored(tx: Transaction, header: Header, target: Target, before: dict[str, int]) -> dict[str, int]:
    """Return how many rows there are of each table: as many as there were, and every payload is what was validated."""
    stored = {name: number - before[name] for name, number in counts(tx, target.tables).items()}
    if stored != header.tables:
        raise CarryingRefused("the rows that were stored are not as many as there were")
    found = verify(lambda statement, values: tx.execute(statement, values).fetchall(), target.cipher)
    if found.damaged:
        first = ", ".join(f"{entry} ({damage})" for entry, damage in itertools.islice(found.damaged.items(), 3))
        raise CarryingRefused(f"{found.all.damaged} entries are damaged: {first}; `shim outbox verify` names them all")
    if target.database.dialect == "postgresql":
        _set_sequences(tx, target)
    return stored


def _set_sequences(tx: Transaction, target: Target) -> None:
    """Let PostgreSQL number on after the rows that brought their own numbers."""
    for table in target.tables:
        if table.sequence is not None:
            tx.execute(_SEQUENCE.format(table.name, table.sequence))
