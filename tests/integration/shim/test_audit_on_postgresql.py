"""On PostgreSQL the audit is the same one: it is written, verified and tampered with as in a file."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from outbox.database import open_database
from outbox.entry import to_ms
from shim.audit import pruning
from shim.audit.rows import COLUMNS
from tests.unit.shim.audit.record import PACKAGES, Record

REST = ", ".join((*COLUMNS[3:], "hash"))
TAMPERINGS = (
    "UPDATE audit_event SET purpose = 'x' WHERE n = 3",
    "UPDATE audit_event SET status = 201 WHERE n = 4",
    "UPDATE audit_event SET detail = detail || ' ' WHERE n = 4",
    "DELETE FROM audit_event WHERE n = 4",
    "DELETE FROM audit_event WHERE n >= 6",
    "DELETE FROM audit_event",
    "UPDATE audit_event SET n = n + 100",
    f"INSERT INTO audit_event SELECT 'another', n, at - 86400000, {REST} FROM audit_event LIMIT 1",  # noqa: S608
    "DELETE FROM audit_checkpoint WHERE number = 1",
    "UPDATE audit_checkpoint SET body = replace(body, 'tilburg', 'breda')",
    "DELETE FROM audit_anchor",
    "UPDATE audit_anchor SET pruned_at = 1",
)


@pytest.fixture
def audit(create_database: Callable[[], str], tmp_path: Path) -> Iterator[Record]:
    """A chain of eight rows, of which two are pruned, and three checkpoints."""
    url = create_database()
    with closing(open_database(url, PACKAGES)) as database:
        made = Record(database, tmp_path)
        log = made.write(2)
        made.checkpoint()
        made.write(6, log)
        made.checkpoint()
        cuts, left = pruning.plan(database, made.trusted, to_ms(made.clock.now) - 6_000)
        assert (pruning.prune(database, made.signer, cuts, 0).rows, left) == (2, ())
        made.checkpoint()
        made.where = url
        yield made


def test_every_tampering_is_found(audit: Record) -> None:
    """By somebody for whom no trigger runs; without it nothing is found."""
    assert audit.verify().findings == []
    with psycopg.connect(audit.where, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in ("audit_event", "audit_checkpoint", "audit_anchor"):
            connection.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}".encode())  # noqa: S608
        for statement in TAMPERINGS:
            assert connection.execute(statement.encode()).rowcount > 0
            assert audit.verify().found, statement
            for table in ("audit_event", "audit_checkpoint", "audit_anchor"):
                connection.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}".encode())  # noqa: S608
            assert audit.verify().findings == [], statement
