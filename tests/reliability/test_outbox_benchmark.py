"""The benchmark of the outbox, as short as it can be, and without its peers: a test installs nothing."""

import os
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.backlogs import BACKLOGS
from benchmarks.measure import Report
from benchmarks.outbox import QUICK, measure
from benchmarks.stores import EMPTY, on_sqlite
from simulators.choice import NotThere
from simulators.postgresql.choice import choose
from tests.services import unavailable

TINY = replace(
    QUICK, rounds=2, count=4, backlog=300, key_backlog=50, phase_s=2, peers=False, backlogs=("ready", "busy_key")
)
RATIOS = {
    *("enqueue_ratio", "enqueue_16_ratio", "enqueue_16_at_2ms_ratio", "claim_ack_ratio", "fused_drain_ratio"),
    *("backlog_worst_ratio", "syncs_per_enqueue", "syncs_per_delivery_draining"),
    *("pg_claim_ack_ratio", "pg_enqueue_vs_procrastinate"),
}
_LEFT = (
    "SELECT 'entry', state, step, sends FROM entry",
    "SELECT 'payload', length(body) > 3000 FROM payload",
    "SELECT 'attempt', action, outcome FROM attempt LEFT JOIN attempt_outcome USING (entry_seq, step)",
)
PEERS = {"persist_queue", "huey", "litequeue", "procrastinate"}


@pytest.fixture(scope="module")
def report() -> Report:
    """One run of it."""
    try:
        choose(os.environ)
    except NotThere as missing:
        unavailable(missing)
    return measure(TINY)


def test_the_benchmark_s_figures(report: Report) -> None:
    """It ends with the figures that the documentation names; what was not measured is null."""
    assert set(report.figures) == {*RATIOS, "peers"}
    missing = {name for name in RATIOS if report.figures[name] is None}
    assert missing - {"enqueue_16_at_2ms_ratio", "syncs_per_enqueue", "syncs_per_delivery_draining"} == {
        "pg_enqueue_vs_procrastinate"
    }
    assert all(value > 0 for sample in report.samples for value in sample.values)


def test_the_peers_have_their_places(report: Report) -> None:
    """Each peer is named with its three figures, also when none takes part."""
    peers = report.figures["peers"]
    assert isinstance(peers, Mapping)
    assert set(peers) == PEERS
    for figures in peers.values():
        assert figures == {"enqueue_ratio": None, "claim_ack_ratio": None, "backlog_worst_ratio": None}


def test_an_entry_costs_one_sync(report: Report) -> None:
    """One sync per enqueue, of raw code too, and hardly more per delivery of a drain, where there is a compiler."""
    enqueue, drain = report.figures["syncs_per_enqueue"], report.figures["syncs_per_delivery_draining"]
    if enqueue is None or drain is None:
        unavailable(RuntimeError("no C compiler: syncs are not counted"))
    assert isinstance(enqueue, float)
    assert isinstance(drain, float)
    (raw,) = [sample for sample in report.samples if sample.name == "raw_enqueue_at_2ms_syncs"]
    assert 1.0 <= raw.median <= 1.5
    assert 1.0 <= enqueue <= 1.5
    assert 1.0 <= drain <= 1.2


def test_raw_leaves_what_the_outbox_leaves(tmp_path: Path) -> None:
    """The raw loop does the same work: as many entries, payloads and attempts in the same states."""
    with on_sqlite(tmp_path, ["one_key"]) as store:
        before = _left(tmp_path / "raw.db")
        for contender in (store.raw, store.ours[EMPTY]):
            contender.enqueue(5)
            contender.take(2)
            contender.drain(2)
        left = _left(tmp_path / "raw.db") - before
        assert left == _left(tmp_path / f"{EMPTY}.db")
    assert left == {
        ("entry", "ready", 0, 0): 1,
        ("entry", "delivered", 1, 1): 4,
        ("payload", 1): 5,
        ("attempt", "send", "delivered"): 4,
    }


def test_backlogs_are_what_they_say(tmp_path: Path) -> None:
    """Every backlog has the states, the order and the references that the outbox would have left."""
    with on_sqlite(tmp_path) as store:
        store.fill(dict.fromkeys(BACKLOGS, 30), 10, 100)
    states = {name: _counted(tmp_path / f"{name}.db", "SELECT state FROM entry") for name in BACKLOGS}
    assert states == {
        "ready": {("ready",): 30},
        "finished": {("delivered",): 30},
        "backing_off": {("ready",): 30},
        "busy_key": {("in_flight",): 1, ("waiting",): 29},
        "one_key": {("ready",): 1, ("waiting",): 29},
    }
    due = "SELECT next_attempt_at > 1000 * (strftime('%s') + 3600) FROM entry"
    assert _counted(tmp_path / "backing_off.db", due) == {(1,): 30}
    for name in BACKLOGS:
        assert not _counted(tmp_path / f"{name}.db", "PRAGMA foreign_key_check")
        assert _counted(tmp_path / f"{name}.db", "SELECT COUNT(*) FROM payload") == {(30,): 1}


def _left(file: Path) -> Counter[tuple[object, ...]]:
    return sum((_counted(file, sql) for sql in _LEFT), Counter())


def _counted(file: Path, sql: str) -> Counter[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return Counter(connection.execute(sql))
