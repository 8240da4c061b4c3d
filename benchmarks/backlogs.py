"""What waits or stays in an outbox while others are claimed, put into its tables at once by one text for both dialects.

Every row satisfies the tables' constraints and is what the outbox would have left there, but for the payloads: only
those of entries that will be claimed can be opened.
"""

import os
import sqlite3
import time
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import Final

import psycopg

from benchmarks.entries import DESTINATION, Ours, new_entries

_FAR_AHEAD_MS: Final = 10 * 365 * 86_400_000
_AT_ONCE: Final = 100_000
_TABLES: Final = ("entry", "payload", "attempt", "attempt_outcome")
_NUMBER: Final = "'0000000000000' || CAST(1000000000000000000 + n AS TEXT)"
_SENT: Final = {"step": "1", "sends": "1"}
_HEAD_SENT: Final = {"step": "CASE n WHEN 1 THEN 1 ELSE 0 END", "sends": "CASE n WHEN 1 THEN 1 ELSE 0 END"}
_READY: Final = {
    "id": f"'dl_' || {_NUMBER}",
    "destination": ":destination",
    "contract": "'create_incident'",
    "kind": "'incident'",
    "client": "'bench'",
    "reference": f"'LS-' || {_NUMBER}",
    "order_key": f"'dl_' || {_NUMBER}",
    "position": "1",
    "state": "'ready'",
    "reported_at": ":now",
    "reported_offset_s": "0",
    "accepted_at": ":now",
    "next_attempt_at": ":now",
}
BACKLOGS: Final[Mapping[str, Mapping[str, str]]] = {
    "ready": {},
    "finished": {"state": "'delivered'", "backend_id": "'INC-' || n", "ended_at": ":now", **_SENT},
    "backing_off": {"failures": "1", "reason": "'refused'", "next_attempt_at": ":ahead + n", **_SENT},
    "busy_key": {
        "state": "CASE n WHEN 1 THEN 'in_flight' ELSE 'waiting' END",
        "owner": "CASE n WHEN 1 THEN 'another' END",
        "order_key": "'busy'",
        "position": "n * 1000000",
        **_HEAD_SENT,
    },
    "one_key": {"state": "'waiting'", "order_key": "'one'", "position": "n * 1000000"},
}
"""Columns, apart from those of a ready entry, by backlog; n counts from 1. A busy key's head is on its way."""
OWN: Final = frozenset({"ready", "one_key"})
"""Backlogs whose own entries are claimed, the oldest first; in the others it is fresh ones, stored beside them."""
_COUNTED: Final = """WITH RECURSIVE counted (n) AS
(SELECT CAST(:first AS BIGINT) UNION ALL SELECT n + 1 FROM counted WHERE n < :last)"""
_PAYLOADS: Final = """INSERT INTO payload (entry_seq, body, sha256, particulars)
SELECT seq, :body, 'of the benchmark', :body FROM entry WHERE seq > :before"""
_ATTEMPTS: Final = """INSERT INTO attempt (entry_seq, step, action, owner, started_at)
SELECT seq, 1, 'send', 'another', accepted_at FROM entry WHERE seq > :before AND step = 1"""
_OUTCOMES: Final = """INSERT INTO attempt_outcome (entry_seq, step, outcome, evidence, ended_at)
SELECT seq, 1, state, 'told', accepted_at FROM entry WHERE seq > :before AND step = 1 AND owner IS NULL"""


def fill(ours: Ours, backlog: str, count: int, claimed: int, waiting_bytes: int) -> None:
    """Put a backlog into an empty outbox.

    Args:
        ours: the outbox.
        backlog: one of BACKLOGS.
        count: of its entries.
        claimed: how many are claimed later, at most: if its own, the outbox itself stores them, so that they open.
        waiting_bytes: size of the others' payloads.
    """
    stored = min(claimed, count) if backlog in OWN else 0
    for entry in new_entries(stored, order_key="one" if backlog == "one_key" else None):
        ours.store(entry)
    database = ours.outbox.database
    columns = {**_READY, **BACKLOGS[backlog]}
    values = ", ".join(columns.values())
    entries = f"INSERT INTO entry ({', '.join(columns)}) {_COUNTED} SELECT {values} FROM counted"  # noqa: S608 - ours
    now = time.time_ns() // 1_000_000
    for first in range(stored + 1, count + 1, _AT_ONCE):
        last = min(first + _AT_ONCE - 1, count)
        made = {"first": first, "last": last, "destination": DESTINATION, "now": now, "ahead": now + _FAR_AHEAD_MS}
        with database.transaction() as tx:
            if database.dialect == "postgresql":
                tx.execute("SET LOCAL session_replication_role = replica")  # checking references one by one takes long
            (before,) = tx.execute("SELECT COALESCE(MAX(seq), 0) FROM entry").fetchone()
            tx.execute(entries, {name: value for name, value in made.items() if f":{name}" in entries})
            tx.execute(_PAYLOADS, {"before": before, "body": os.urandom(waiting_bytes)})
            tx.execute(_ATTEMPTS, {"before": before})
            tx.execute(_OUTCOMES, {"before": before})


def settle(addresses: Collection[str]) -> None:
    """Bring databases to the state that they have when nothing was filled for a while, all of it on disk.

    Args:
        addresses: paths of SQLite files, or URLs of one PostgreSQL; nobody may be writing there.
    """
    for address in addresses:
        if address.startswith("postgresql://"):
            with psycopg.connect(address, autocommit=True) as server:
                server.execute(f"VACUUM ANALYZE {', '.join(_TABLES)}")
        else:
            with closing(sqlite3.connect(address)) as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if any(address.startswith("postgresql://") for address in addresses):
        with psycopg.connect(address, autocommit=True) as server:
            server.execute("CHECKPOINT")  # of all its databases
