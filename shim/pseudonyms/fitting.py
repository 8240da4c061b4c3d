"""Whether what a policy says of the columns of a table can hold in the database."""

from collections.abc import Callable, Iterator
from typing import Final

from contracts.snapshots import Column, Table
from shim.pseudonyms.kinds import KINDS, What

_ROOM: Final = {"family_name": 14, "first_name": 14, "street": 20, "city": 16, "email": 44}
"""Characters in which every invention of a kind fits uncut."""
Say = Callable[[str, str], What]
"""Says what a column of a table is."""


def misfits(table: Table, what: Say) -> Iterator[str]:
    """Yield a line for each rule that cannot hold: column and reason."""
    for column in table.columns:
        if not column.computed:
            yield from _column(table, column, what(table.name, column.name))
    yield from _references(table, what)
    yield from _uniques(table, what)


def _column(table: Table, column: Column, is_a: What) -> Iterator[str]:
    if column.kind not in KINDS[is_a.kind].stands_on:
        yield f"{table.name}.{column.name} holds a value of kind {column.kind}, which {is_a} cannot stand on"
    if is_a.kind == "null" and not column.nullable:
        yield f"{table.name}.{column.name} takes no NULL"


def _references(table: Table, what: Say) -> Iterator[str]:
    for reference in table.references:
        for name, target in zip(reference.columns, reference.targets, strict=True):
            here, there = what(table.name, name), what(reference.table, target)
            if here != there:
                yield (
                    f"{table.name}.{name} is {here} and refers to {reference.table}.{target}, which is {there}: "
                    "both must be the same"
                )


def _uniques(table: Table, what: Say) -> Iterator[str]:
    lengths = {column.name: column.length or 0 for column in table.columns}
    for unique in (table.key, *table.uniques):
        for name in unique:
            is_a = what(table.name, name)
            if not KINDS[is_a.kind].injective:
                yield f"{table.name}.{name} is unique, and two values of {is_a} may become one"
            elif 0 < lengths[name] < _ROOM.get(is_a.kind, 0):
                yield f"{table.name}.{name} is unique and too short for {is_a}: it needs {_ROOM[is_a.kind]} characters"
