"""On PostgreSQL the shim's role adds to the audit and can do nothing else with it."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from typer.testing import CliRunner

from outbox.carrying.tables import snapshot
from outbox.database import ConstraintViolated, Database, open_database
from shim.audit import pruning
from shim.audit.checkpoints import make
from shim.audit.log import AuditLog
from shim.audit.signing import Signer, Trusted
from shim.audit.verifying import verify
from shim.cli.commands import app
from shim.keys import KeyRing
from tests.unit.outbox.stand_ins import Clock
from tests.unit.shim.audit.record import PACKAGES, asked
from tests.unit.shim.filled import fill, ours

DOCS = Path(__file__).parents[3] / "docs" / "audit.md"
ROLE = "shim_app"
PASSWORD = "only-for-this-test"
RING = KeyRing(bytes(32))


@dataclass(frozen=True)
class Roles:
    """A database with its owner's URL and that of the role."""

    owner: str
    app: str


@pytest.fixture
def roles(create_database: Callable[[], str], tmp_path: Path) -> Iterator[Roles]:
    owner = create_database()
    configuration = tmp_path / "shim.toml"
    configuration.write_text(
        f'deployment = "tilburg"\nstate = "{owner}"\nmaster_key = "{tmp_path}/master.key"\n'
        'state_accepted_risk = "a server that this test has started"\n'
    )
    (tmp_path / "master.key").write_text("00" * 32)
    (tmp_path / "master.key").chmod(0o600)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {ROLE}")
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
        printed = CliRunner().invoke(app, ["--config", str(configuration), "audit", "roles", "--app", ROLE])
        assert printed.exit_code == 0, printed.output
        documented = re.search(r"```sql\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
        assert documented
        assert set(documented[1].splitlines()) < set(printed.stdout.splitlines())
        connection.execute(printed.stdout.encode())
        parts = urlsplit(owner)
        place = parts.netloc.rpartition("@")[2]
        yield Roles(owner, parts._replace(netloc=f"{ROLE}:{PASSWORD}@{place}").geturl())
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {ROLE}")
        connection.execute(f"DROP ROLE {ROLE}")


@contextmanager
def open_both(roles: Roles) -> Iterator[tuple[Database, Database]]:
    """Open the database as its owner, and as the role."""
    with closing(open_database(roles.owner, PACKAGES)) as owner, closing(open_database(roles.app, PACKAGES)) as mine:
        yield owner, mine


def found(database: Database) -> int:
    with snapshot(database) as tx:
        return verify(tx, Trusted.of_ring(RING)).found


def test_the_role_does_the_shims_work(roles: Roles) -> None:
    """It opens a database that is up to date, and writes every table as the shim does."""
    state = ours(roles.app, Clock())
    log = AuditLog(state.database, lambda: datetime.now(UTC))
    log.write(asked())
    log.write_shared(asked())
    make(state.database, Signer(RING), "tilburg", 1)
    assert found(state.database) == 0
    fill(state, audited=False)
    state.database.close()


REFUSED = [
    f"{verb} {table}{rest}"
    for table in ("audit_event", "audit_checkpoint", "audit_anchor")
    for verb, rest in (
        ("UPDATE", " SET {column} = {column}"),
        ("DELETE FROM", ""),
        ("TRUNCATE", ""),
        ("DROP TABLE", ""),
        ("ALTER TABLE", " DISABLE TRIGGER ALL"),
    )
]
REFUSED += [
    "INSERT INTO audit_anchor VALUES ('c', 1, 'h', 1, 1, 'k', 's')",
    "INSERT INTO migration VALUES ('shim.audit', 9)",
    "CREATE TABLE another (n INTEGER)",
    "SET session_replication_role = replica",
]


def test_what_the_role_may_not_do(roles: Roles) -> None:
    """By the server, before any trigger; the audit is as it was."""
    with open_both(roles) as (owner, mine):
        AuditLog(mine, lambda: datetime.now(UTC)).write(asked())
        make(mine, Signer(RING), "tilburg", 1)
        with psycopg.connect(roles.app, autocommit=True) as connection:
            for statement in REFUSED:
                text = statement.format(column="number" if "checkpoint" in statement else "n")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(text.encode())
        assert found(owner) == 0
        assert len(owner.read("SELECT 1 FROM audit_event")) == 3  # with both rows of the command


def test_the_owner_prunes(roles: Roles) -> None:
    """And nothing else: its own changes are stopped by the triggers."""
    with open_both(roles) as (owner, mine):
        log = AuditLog(mine, lambda: datetime.now(UTC))
        log.write(asked(), asked())
        make(mine, Signer(RING), "tilburg", 1)
        with psycopg.connect(roles.owner, autocommit=True) as connection:
            for statement in REFUSED[:3]:
                with pytest.raises(psycopg.errors.RaiseException):
                    connection.execute(statement.format(column="n").encode())
        cuts, _ = pruning.plan(owner, Trusted.of_ring(RING), 2**62)
        assert pruning.prune(owner, Signer(RING), cuts, 1).rows == 4
        log.write(asked())
        with pytest.raises(ConstraintViolated, match="stays until it is pruned"), owner.transaction() as tx:
            tx.execute("DELETE FROM audit_event")
        assert found(owner) == 0
