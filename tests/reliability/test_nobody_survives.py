"""A practice that was made harmless holds nobody, whoever searches; in full length one of 100,000 patients."""

from pathlib import Path
from typing import Any

import pytest

from adapters.firebird.snapshots import FirebirdSnapshots
from benchmarks.snapshot_step import STEPS
from contracts.snapshots import Account
from simulators.intramed.sandbox import owner_connection
from tests.reliability.survivors import Sampled, alone, in_bytes, in_rows, sampled

_SAMPLE = 10_000
_FOREIGN_KEYS = """
select trim(S.RDB$FIELD_NAME), trim(C.RDB$RELATION_NAME), trim(T.RDB$FIELD_NAME), trim(U.RDB$RELATION_NAME)
from RDB$RELATION_CONSTRAINTS C
join RDB$REF_CONSTRAINTS R on R.RDB$CONSTRAINT_NAME = C.RDB$CONSTRAINT_NAME
join RDB$RELATION_CONSTRAINTS U on U.RDB$CONSTRAINT_NAME = R.RDB$CONST_NAME_UQ
join RDB$INDEX_SEGMENTS S on S.RDB$INDEX_NAME = C.RDB$INDEX_NAME
join RDB$INDEX_SEGMENTS T on T.RDB$INDEX_NAME = U.RDB$INDEX_NAME and T.RDB$FIELD_POSITION = S.RDB$FIELD_POSITION
where C.RDB$CONSTRAINT_TYPE = 'FOREIGN KEY'"""
_UNIQUE = """
select trim(C.RDB$RELATION_NAME), trim(S.RDB$FIELD_NAME) from RDB$RELATION_CONSTRAINTS C
join RDB$INDEX_SEGMENTS S on S.RDB$INDEX_NAME = C.RDB$INDEX_NAME
where C.RDB$CONSTRAINT_TYPE in ('PRIMARY KEY', 'UNIQUE') and C.RDB$RELATION_NAME not starting with 'RDB$'"""
_ASLEEP = """
select trim(RDB$INDEX_NAME) from RDB$INDICES where RDB$SYSTEM_FLAG = 0 and coalesce(RDB$INDEX_INACTIVE, 0) <> 0
union all
select trim(RDB$TRIGGER_NAME) from RDB$TRIGGERS where RDB$SYSTEM_FLAG in (0, 3) and RDB$TRIGGER_INACTIVE <> 0"""


class Harmless:
    """A practice, its snapshot, the harmless one, and both restored."""

    def __init__(self, folder: Path, patients: int) -> None:
        for step in ("generate", "take", "pseudonymise", "restore"):
            STEPS[step](folder, patients)
        self.original, self.result = folder / "practice.fdb", folder / "sandbox.fdb"
        self.taken, self.harmless = folder / "snapshot" / "practice.fbk", folder / "result" / "harmless.fbk"
        self.sample: Sampled = sampled(self.original, _SAMPLE)


@pytest.fixture(scope="module")
def practice(restored_practice: Path, tmp_path_factory: pytest.TempPathFactory, *, full_length: bool) -> Harmless:
    """Of the size that was asked for."""
    del restored_practice  # that one only says that the engine is there, with a root of its own
    return Harmless(tmp_path_factory.mktemp("harmless"), 100_000 if full_length else 1_000)


@pytest.mark.torture
def test_every_sampled_value_was_there_and_none_is_left(practice: Harmless, *, full_length: bool) -> None:
    """In rows and in raw bytes, by a search of another hand, which finds them all before."""
    everything = practice.sample.cells | set(practice.sample.planted)
    in_file = {value for values in practice.sample.in_bytes.values() for value in values}
    assert len(practice.sample.cells) >= (_SAMPLE if full_length else 2_000)
    assert in_rows(practice.original, practice.sample) == everything
    assert in_bytes(practice.taken.read_bytes(), practice.sample) == in_file
    assert in_rows(practice.result, practice.sample) == set()
    for data in (practice.harmless.read_bytes(), pages_of(practice)):
        left = in_bytes(data, practice.sample)
        assert alone(data, left) == set()
        assert all(value.isdigit() for value in left)  # inside of longer numbers
        assert len(left) < len(in_file) / 100


def test_every_constraint_holds_and_is_awake(practice: Harmless) -> None:
    """No orphan, no twin, no index or trigger left inactive, and every row passes its checks again."""
    with owner_connection(str(practice.result)) as connection:
        assert asked(connection, _ASLEEP) == []
        references = asked(connection, _FOREIGN_KEYS)
        assert len(references) == 9
        for column, table, target, parent in references:
            there = f"exists (select 1 from {parent} B where B.{target} = A.{column})"  # noqa: S608 - the engine's names
            orphans = f"select 1 from {table} A where A.{column} is not null and not {there}"  # noqa: S608
            assert asked(connection, orphans) == [], f"{table}.{column}"
        for table, column in asked(connection, _UNIQUE):
            twins = f"select 1 from {table} where {column} is not null group by {column} having count(*) > 1"  # noqa: S608
            assert asked(connection, twins) == [], f"{table}.{column}"
        for table, column in (("PATIENT", "BETALINGSACHTERSTAND"), ("AGENDA", "MINUTEN"), ("AGENDA", "STATUS")):
            connection.execute_immediate(f"update {table} set {column} = {column}")  # noqa: S608 - each fires its checks
        connection.rollback()


def asked(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    cursor = connection.cursor()
    cursor.execute(sql)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    cursor.close()
    return rows


def pages_of(practice: Harmless) -> bytes:
    """Return every page of the restored file, as the technology undoes its compression."""
    raw = FirebirdSnapshots().raw(practice.result, practice.result.parent, lambda *_: None)
    return b"".join(raw)


def test_a_database_whose_rows_were_only_changed_still_holds_them(practice: Harmless, tmp_path: Path) -> None:
    """Why the result is written anew: the bytes of what was updated in place are found."""
    FirebirdSnapshots().restore(practice.taken, str(tmp_path / "edited.fdb"), Account(), lambda *_: None)
    with owner_connection(str(tmp_path / "edited.fdb")) as connection:
        connection.execute_immediate("update TELEFOON set NUMMER = '-'")
    left = b"".join(FirebirdSnapshots().raw(tmp_path / "edited.fdb", tmp_path, lambda *_: None))
    assert len(in_bytes(left, practice.sample)) > len(practice.sample.in_bytes) / 10
