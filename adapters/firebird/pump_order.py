"""In which order tables are filled: CHECK constraints hold from the first row, and one may read another table.

They cannot sleep: the engine lets nobody alter the triggers that it made for them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.firebird.messages import charsets_of, select
from contracts.snapshots import Table

_CHECKS: Final = "select trim(RDB$RELATION_NAME), trim(RDB$TRIGGER_NAME) from RDB$TRIGGERS where RDB$SYSTEM_FLAG = 3"
_DOMAINS: Final = """
select trim(RF.RDB$RELATION_NAME), trim(RF.RDB$FIELD_SOURCE) from RDB$RELATION_FIELDS RF
join RDB$FIELDS F on F.RDB$FIELD_NAME = RF.RDB$FIELD_SOURCE where F.RDB$VALIDATION_BLR is not null
"""
_READS: Final = "select distinct trim(RDB$DEPENDENT_NAME), trim(RDB$DEPENDED_ON_NAME) from RDB$DEPENDENCIES"
_SELECTS: Final = """
select distinct trim(RDB$RELATION_NAME) from RDB$TRIGGERS
where RDB$SYSTEM_FLAG = 3 and RDB$TRIGGER_SOURCE containing 'select'
"""


def in_order(tables: Sequence[Table], connection: Any) -> tuple[Table, ...]:
    """Order tables so that each stands after those that its rules read; else, and in a circle, as they stand."""
    reads = _read_by_rules(connection)
    left, ordered = {table.name: table for table in tables}, list[Table]()
    while left:
        free = next((each for each in left.values() if not reads[each.name] & left.keys() - {each.name}), None)
        ordered.append(left.pop((free or next(iter(left.values()))).name))
    return tuple(ordered)


def readers(connection: Any) -> frozenset[str]:
    """Return the tables of which a CHECK reads rows, maybe such as come later."""
    others = {name for name, read in _read_by_rules(connection).items() if read - {name}}
    return frozenset(others | {str(name) for (name,) in _rows(connection, _SELECTS, "RDB$TRIGGERS")})


def _read_by_rules(connection: Any) -> Mapping[str, set[str]]:
    """Return by table whatever its rules name, directly or through views, procedures and functions."""
    depends, found = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for name, other in _rows(connection, _READS, "RDB$DEPENDENCIES"):
        depends[str(name)].add(str(other))
    for sql, of in ((_CHECKS, "RDB$TRIGGERS"), (_DOMAINS, "RDB$RELATION_FIELDS")):
        for table, rule in _rows(connection, sql, of):
            found[str(table)] |= _reached(depends, str(rule))
    return found


def _reached(depends: Mapping[str, set[str]], name: str) -> set[str]:
    reached, open_ = set[str](), {name}
    while open_:
        open_ = {other for each in open_ for other in depends.get(each, ())} - reached
        reached |= open_
    return reached


def _rows(connection: Any, sql: str, of: str) -> list[Any]:
    return [*select(connection, sql, of, charsets_of(connection))]
