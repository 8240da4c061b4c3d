"""Proves that a pseudonymised snapshot holds nothing of the original that its policy protects.

Memory does not grow with the snapshots: the values are on disk, and a filter of fixed size tells which need no look-up.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.snapshots import Content, Origin, Row, SnapshotRefused, Table, Technology, Tell
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import Policy
from shim.pseudonyms.protected import protected
from shim.snapshots.dates import shifting
from shim.snapshots.index import SHORTEST, Index, Place, in_raw
from shim.snapshots.judge import Judge
from shim.snapshots.raw import pieces
from shim.snapshots.seams import seams
from shim.snapshots.unchanged import NULL, Dated, Summing, Sums, TooShort, as_it_is, differences, is_empty, shapes
from shim.snapshots.verdict import Searched, Verdict
from shim.snapshots.words import joined

_TOLD_EVERY: Final = 2000
"""Rows."""
WITHOUT_KEY: Final = "not checked: that takes the key"


@dataclass(slots=True)
class _Original:
    """What is remembered of the original, beside the index."""

    shape: dict[str, str]
    sums: dict[str, Sums] = field(default_factory=dict)
    searched: tuple[Searched, ...] = ()


def verify(
    technology: Technology,
    original: Path,
    result: Path,
    policy: Policy,
    folder: Path,
    tell: Tell,
    key: PseudonymKey | None = None,
) -> Verdict:
    """Compare a result with the original it was made from.

    Args:
        technology: of both.
        original: as it was taken.
        result: what is to be proved harmless.
        policy: that it was made with.
        folder: private and empty, with room for both.
        tell: told of progress.
        key: that it was made with; without it the dates are not looked at.

    Raises:
        SnapshotRefused: there is nothing to compare: another policy, another key, or no pseudonymised snapshot at all.
    """
    with ExitStack() as open_now:
        index = open_now.enter_context(Index(_room(folder, "index")))
        after = open_now.enter_context(technology.opened(result, _room(folder, "result"), tell))
        made = _made_with(after, result, policy, key)
        dated = None if key is None else shifting(policy, key)
        with technology.opened(original, _room(folder, "original"), tell) as before:
            seen = _index(before, original, policy, index, tell, dated, made)
        judge = Judge(index)
        found = list(shapes(seen.shape, after.shape))
        for text in after.shape.values():
            judge.schema(text)
        codec = technology.codec(result, _room(folder, "codec"))
        sums = _rows(after, policy, judge, codec, tell, dated=key is not None, differ=found)
        found += differences(seen.sums, sums)
        size = _bytes(technology, result, _room(folder, "raw"), judge, codec, tell)
        judge.settle(_seams(after, judge.doubted, tell))
        return Verdict(
            seen.searched,
            judge.survivors,
            tuple(found),
            judge.by_right,
            {name: one.rows for name, one in sums.items()},
            size,
            WITHOUT_KEY if key is None else "compared row by row with what the key makes of them",
        )


def _made_with(after: Content, result: Path, policy: Policy, key: PseudonymKey | None) -> Origin:
    origin = after.origin
    if origin is None:
        raise SnapshotRefused(f"{result} was never pseudonymised: shim snapshot pseudonymise makes one that was")
    if origin.policy != policy.fingerprint:
        raise SnapshotRefused(
            f"{result} was made with another policy (for {origin.schema}, fingerprint {origin.policy}); this one is "
            f"for {policy.schema}, fingerprint {policy.fingerprint}: name the one it was made with, or make it anew"
        )
    if key is not None and origin.key != key.id:
        raise SnapshotRefused(f"a wrong key: {result} was made with key {origin.key}, and this is {key.id}")
    return origin


def _index(
    before: Content,
    file: Path,
    policy: Policy,
    index: Index,
    tell: Tell,
    dated: Dated | None,
    made: Origin,
) -> _Original:
    if before.origin is not None and before.origin == made:
        raise SnapshotRefused(f"{file} was made with this policy and key itself; name what the result was made from")
    policy.check(before.tables)
    rows_only: Counter[Place] = Counter()
    for one in protected(before, policy, tell):
        value = joined(one.value)
        if len(value) >= SHORTEST:
            place = Place(one.table, one.column, one.kind)
            index.add(place, value)
            rows_only[place] += not in_raw(value)
    index.settle()
    seen, short = _Original(dict(before.shape)), Counter[Place]()
    for table in before.tables:
        summing, counted = Summing(table, policy, dated), TooShort(table, policy)
        for row in _told(before, table, tell, "comparing"):
            summing.add(row)
            counted.add(row)
        seen.sums[table.name] = summing.sums
        short += counted.found
    seen.searched = _searched(index, short, rows_only)
    return seen


def _searched(index: Index, short: Counter[Place], rows_only: Counter[Place]) -> tuple[Searched, ...]:
    values = index.count()
    return tuple(
        Searched(one.table, one.column, one.kind, values.get(one, 0), short[one], rows_only[one])
        for one in dict.fromkeys([*values, *short])
    )


def _rows(
    after: Content, policy: Policy, judge: Judge, codec: str, tell: Tell, *, dated: bool, differ: list[str]
) -> dict[str, Sums]:
    sums = {}
    for table in after.tables:
        columns = [
            (at, f"{table.name}.{column.name}", policy.what(table.name, column.name))
            for at, column in enumerate(table.columns)
        ]
        emptied = [(at, where) for at, where, what in columns if what.kind == NULL]
        summing, full = Summing(table, policy, as_it_is if dated else None), Counter[str]()
        for number, row in enumerate(_told(after, table, tell, "searching"), 1):
            summing.add(row)
            for at, where, what in columns:
                judge.cell(where, what, row[at], number, codec)
            full.update(where for at, where in emptied if not is_empty(row[at]))
        differ += [f"{where} must be empty and {count} cells are not" for where, count in full.items()]
        summing.sums.own = 0  # a result has no other dates than its own
        sums[table.name] = summing.sums
    return sums


def _bytes(technology: Technology, file: Path, folder: Path, judge: Judge, codec: str, tell: Tell) -> int:
    passed = 0

    def counted() -> Iterator[bytes]:
        nonlocal passed
        for chunk in technology.raw(file, folder, tell):
            passed += len(chunk)
            tell("raw bytes", passed, None)
            yield chunk

    for piece in pieces(counted(), codec):
        judge.piece(piece)
    return passed


def _seams(after: Content, doubted: frozenset[str], tell: Tell) -> Counter[str]:
    found = Counter[str]()
    for table in after.tables if doubted else ():
        found += seams(_told(after, table, tell, "looking between fields of"), doubted)
    return found


def _told(content: Content, table: Table, tell: Tell, stage: str) -> Iterator[Row]:
    everything = content.count(table)
    for number, row in enumerate(content.rows(table)):
        if number % _TOLD_EVERY == 0:
            tell(f"{stage} {table.name}", number, everything)
        yield row
    tell(f"{stage} {table.name}", everything, everything)


def _room(folder: Path, name: str) -> Path:
    room = folder / name
    room.mkdir(mode=0o700)
    return room
