"""The order in which tables are read and filled: those referred to before those that refer."""

from collections.abc import Sequence

from contracts.snapshots import Table


def parents_first(tables: Sequence[Table]) -> tuple[Table, ...]:
    """Return the tables so that each comes after those it refers to; a circle is broken at its first name."""
    waiting = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    placed: list[Table] = []
    while waiting:
        ready = [table for table in waiting.values() if not _parents(table) & waiting.keys()]
        placed += ready or [next(iter(waiting.values()))]
        waiting = {name: table for name, table in waiting.items() if table not in placed}
    return tuple(placed)


def _parents(table: Table) -> set[str]:
    return {reference.table for reference in table.references} - {table.name}
