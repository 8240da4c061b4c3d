"""A summary of 200,000 entries reads no wide row of them, so that it takes well under a second."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.delivery import DeliveryState
from outbox.database import Database
from outbox.overview import count, groups, overviews
from outbox.selection import STUCK, Selection
from outbox.sqlite.database import SqliteDatabase
from outbox.store import PACKAGE, Outbox
from outbox.stored import LOOKING_SQL
from shim.keys import RestCipher
from tests.unit.outbox.stand_ins import Clock

ENTRIES = 200_000
LIMIT_S = 30
"""A second is usual for all of them together; this is only a limit."""
FILL = """
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :entries)
INSERT INTO entry (id, destination, contract, kind, client, reference, order_key, position, state, reported_at,
                   reported_offset_s, accepted_at, next_attempt_at, backend_id, attention, reason, error_group,
                   unknown_since, unknown_boot, unknown_uptime)
SELECT PRINTF('dl_%032x', n * 7919), CASE n % 4 WHEN 0 THEN 'intramed' ELSE 'planon' END, 'create_incident',
       'incident', 'agent', PRINTF('LS-%022x', n), PRINTF('%032x', n * 104729 % 1000003), n,
       CASE n % 10 WHEN 0 THEN 'parked' WHEN 1 THEN 'unknown' WHEN 2 THEN 'delivered' WHEN 3 THEN 'waiting'
                   ELSE 'ready' END,
       1000 + n, 0, 1000 + n, 1000 + n, CASE n % 10 WHEN 2 THEN PRINTF('INC-%06d', n) END,
       CASE n % 1000 WHEN 2 THEN 'sla_missing' END, CASE n % 10 WHEN 0 THEN PRINTF('refused: %d', n) END,
       CASE n % 10 WHEN 0 THEN PRINTF('refused %c', 65 + n % 7) END, 1, 'boot', 1
FROM number
"""
SUMMARIES = (
    *("summarise_open", "count_attention", "count_delivered", "group_failures", "count_chosen", "choose_open"),
    *("choose_attention", "select_candidates", "count_behind"),
)
WANTED = {"states": " ready ", "limit": 50, "newest": False, "after": 0, "since": 0, "prefix": "dl_", "beyond": "dm"}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A state with that many entries."""
    path: Path = tmp_path_factory.mktemp("full") / "state.db"
    database = SqliteDatabase(path, [PACKAGE])
    with database.transaction() as tx:
        tx.execute(FILL, {"entries": ENTRIES})
    yield database
    database.close()


def plan(database: Database, name: str) -> list[str]:
    statement = LOOKING_SQL[name].sqlite
    values: dict[str, Any] = dict.fromkeys(re.findall(r":(\w+)", statement))
    rows = database.read(
        f"EXPLAIN QUERY PLAN {statement}", **{name: WANTED.get(name, value) for name, value in values.items()}
    )
    return [row["detail"] for row in rows]


@pytest.mark.parametrize("name", SUMMARIES)
def test_no_summary_scans_the_entries(full: Database, name: str) -> None:
    """It scans an index of what has not left, or of what wants attention, and looks few rows up."""
    steps = plan(full, name)
    assert [step for step in steps if re.fullmatch(r"SCAN (entry|e)", step)] == []
    if name in {"summarise_open", "count_behind"}:
        (step,) = steps
        assert "COVERING INDEX entry_of_key" in step


def test_a_summary_of_everything_is_quick(full: Database) -> None:
    """Status, groups, a list and a dry run."""
    began = time.monotonic()
    clock = Clock()
    intramed, planon = overviews(full, clock)
    found = groups(full)
    chosen = Selection("planon", STUCK, cause=found[0].cause)
    (tried,) = count(full, chosen)
    listed = Outbox(full, RestCipher(bytes(32)), clock).chosen(chosen, 50)
    assert time.monotonic() - began < LIMIT_S
    assert intramed.must_act + planon.must_act == ENTRIES // 10
    assert sum(planon.attention.values()) + sum(intramed.attention.values()) == ENTRIES // 1000
    assert planon.count(DeliveryState.UNKNOWN) == ENTRIES // 10
    assert sum(group.entries for group in found if group.state is DeliveryState.PARKED) == ENTRIES // 10
    assert tried.entries == next(group.entries for group in found if group.destination == "planon")
    assert (len(listed), {entry.error_group for entry in listed}) == (50, {found[0].cause})
