"""The database itself keeps what was accepted and what was done, on SQLite and on PostgreSQL."""

from typing import Any

import pytest

from outbox.database import ConstraintViolated, Database
from outbox.entry import Entry
from outbox.store import Outbox
from tests.conformance.outbox_steps import deliver
from tests.conformance.outbox_store import Store
from tests.unit.outbox.stand_ins import accept

FROZEN = [
    "UPDATE payload SET body = particulars",
    "UPDATE attempt SET started_at = 0",
    "UPDATE attempt_outcome SET outcome = 'delivered'",
    "UPDATE verification SET outcome = 'ok'",
    "UPDATE request SET body = 'x'",
    "UPDATE admin_action SET reason = 'x'",
    "DELETE FROM admin_action",
    "UPDATE entry SET reported_at = 0",
    "UPDATE entry SET reference = 'LS-2'",
    "UPDATE entry SET order_key = 'b'",
    "UPDATE entry SET position = 7",
    "UPDATE entry SET fingerprint = 'x'",
    "UPDATE entry SET traceparent = NULL",
    "UPDATE entry SET state = 'lost'",
    "UPDATE entry SET state = 'delivered', backend_id = NULL",
    "UPDATE entry SET state = 'in_flight', owner = NULL",
    "UPDATE entry SET state = 'unknown', unknown_since = NULL",
    "UPDATE entry SET rank = 2",
    "INSERT INTO destination (name, open_since) VALUES ('planon', 1)",
]


@pytest.mark.parametrize("statement", FROZEN)
def test_the_database_itself_keeps_what_was_accepted(store: Store, statement: str) -> None:
    """Bytes, attempts, looks, actions and identity cannot be changed, nor a state invented, by any code."""
    outbox = store.outbox()
    entry = deliver_with_everything(store, outbox)
    before = everything(outbox.database)
    with pytest.raises(ConstraintViolated), outbox.database.transaction() as tx:
        tx.execute(statement)
    assert everything(outbox.database) == before
    assert outbox.get(entry.id) is not None


def deliver_with_everything(store: Store, outbox: Outbox) -> Entry:
    """Return a delivered entry that has a row in every table that is append-only."""
    accept(outbox)
    entry = deliver(outbox)
    values = {"entry_seq": entry.seq, "entry": entry.id}
    store.hand(outbox).pause("other", "maintenance")
    with outbox.database.transaction() as tx:
        tx.execute("INSERT INTO request (entry_seq, body) SELECT seq, result FROM entry WHERE result IS NOT NULL")
        tx.execute("INSERT INTO request (entry_seq, body) VALUES (:entry_seq, :body)", {**values, "body": b"{}"})
        tx.execute("INSERT INTO verification VALUES (:entry_seq, 1, 0, 0, 'ok', '')", values)
    return entry


def everything(database: Database) -> list[tuple[Any, ...]]:
    tables = (
        "entry",
        "payload",
        "request",
        "attempt",
        "attempt_outcome",
        "verification",
        "admin_action",
        "destination",
    )
    return [tuple(row) for table in tables for row in database.read(f"SELECT * FROM {table}")]  # noqa: S608
