"""What must not be found in a pseudonymised snapshot: every value of the original that says who somebody is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from contracts.snapshots import Cell, Content, Table, Tell
from shim.pseudonyms.kinds import What
from shim.pseudonyms.originals import originals
from shim.pseudonyms.policy import Policy

_TOLD_EVERY: Final = 1000
_REMEMBERED: Final = 50_000


@dataclass(frozen=True, slots=True)
class Protected:
    """A value that must not be found in the result.

    Attributes:
        table, column: where it stands.
        kind: what it is; of a part of a name or text, what the part is.
        value: as it is written, and at least three letters and digits, or six digits.
    """

    table: str
    column: str
    kind: str
    value: str


def protected(content: Content, policy: Policy, tell: Tell) -> Iterator[Protected]:
    """Yield the values of every column that is searched for, and of texts the identifiers and titled names in them.

    Most values are told once; memory does not grow with their number.

    Raises:
        SnapshotRefused: the policy does not know a column.
    """
    for table in content.tables:
        columns = [(at, column.name, policy.what(table.name, column.name)) for at, column in enumerate(table.columns)]
        searched = [each for each in columns if each[2].searched]
        if searched:
            yield from _of_table(content, table, searched, tell)


def _of_table(content: Content, table: Table, columns: list[tuple[int, str, What]], tell: Tell) -> Iterator[Protected]:
    stage, count = f"values of {table.name}", content.count(table)
    recent: set[tuple[int, Cell]] = set()
    for number, row in enumerate(content.rows(table)):
        if number % _TOLD_EVERY == 0:
            tell(stage, number, count)
        for at, name, what in columns:
            if (at, row[at]) in recent:
                continue
            recent.add((at, row[at]))
            for original in originals(what, row[at]):
                if original.is_searched:
                    yield Protected(table.name, name, original.what.kind, original.value)
        if len(recent) > _REMEMBERED:
            recent.clear()
    tell(stage, count, count)
