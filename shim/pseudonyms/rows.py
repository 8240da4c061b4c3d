"""Reads the rows of one database, and writes others: the same columns, as many rows, nobody in them."""

from collections.abc import Iterator
from typing import Final

from contracts.snapshots import Cell, Column, Content, Row, Table, Tell
from shim.pseudonyms.kinds import What
from shim.pseudonyms.ledger import Ledger
from shim.pseudonyms.policy import Policy, TablePolicy
from shim.pseudonyms.pseudonyms import Pseudonyms
from shim.pseudonyms.spelling import skeleton

_TOLD_EVERY: Final = 1000
_REMEMBERED: Final = 50_000


class Rewriting:
    """Reads the rows of one database, and writes others."""

    def __init__(self, pseudonyms: Pseudonyms, policy: Policy) -> None:
        self._pseudonyms = pseudonyms
        self._policy = policy
        self.written: dict[str, int] = {}

    def collect(self, content: Content, table: Table, ledger: Ledger, tell: Tell) -> None:
        """Note the originals of a table."""
        columns = [(at, what) for at, _, what in self._changed(table) if what.searched]
        if not columns:
            return
        stage, count = f"originals of {table.name}", content.count(table)
        recent: set[tuple[int, Cell]] = set()
        for number, row in enumerate(content.rows(table)):
            if number % _TOLD_EVERY == 0:
                tell(stage, number, count)
                if len(recent) > _REMEMBERED:
                    recent.clear()
            for at, what in columns:
                if (at, row[at]) not in recent:
                    recent.add((at, row[at]))
                    self._pseudonyms.note(what, row[at], ledger.see, ledger.name)
        tell(stage, count, count)

    def rows(self, table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield the rows anew; a `Rewrite`."""
        changed = self._changed(table)
        policy = self._policy.tables[table.name]
        self.written[table.name] = 0
        for row in rows:
            whose = person_of(policy, table, row)
            new = list(row)
            for at, column, what in changed:
                new[at] = self._pseudonyms.of(what, row[at], column, whose)
            self.written[table.name] += 1
            yield tuple(new)

    def _changed(self, table: Table) -> list[tuple[int, Column, What]]:
        """Return the columns that are written and not kept, with their places."""
        told = [
            (at, column, self._policy.what(table.name, column.name))
            for at, column in enumerate(table.columns)
            if not column.computed
        ]
        return [each for each in told if each[2].kind != "keep"]


def person_of(policy: TablePolicy, table: Table, row: Row) -> str:
    """Return whose row it is, alike in every table and system; empty when nobody's, or when a value is missing."""
    parts = []
    for name in policy.person:
        at = next(at for at, column in enumerate(table.columns) if column.name == name)
        plain = skeleton(str(row[at])) if row[at] is not None else ""
        if not plain:
            return ""
        parts.append(f"{policy.columns[name].space}={plain}")
    return "\x1f".join(parts)
