"""What the shim's state has beside the outbox when it is carried elsewhere, and how it is told whose it is."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from outbox import schema, store
from outbox.carrying.lines import Header
from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import OUTBOX_TABLES, Table
from outbox.database import Database, Transaction
from shim.keys import MasterKey, keyed
from shim.settings import Settings
from shim.state import SQL

PACKAGES: Final = (store.PACKAGE, "shim", "shim.audit")
TABLES: Final = (
    *OUTBOX_TABLES,
    Table("client", ("name",)),
    Table("client_key", ("prefix",)),
    Table("client_minute", ("client", "minute")),
    Table("idempotency", ("client", "key")),
    Table("reference_row", ("system", "name")),
    Table("hold", ("system", "slot", "holder")),
    Table("identity_attempt", ("id",), "id"),
    Table("identity_person", ("client", "subject")),
    Table("description", ("system", "name")),
    Table("description_differs", ("system", "name", "fingerprint")),
    Table("audit_anchor", ("chain", "n")),
    Table("audit_event", ("chain", "n"), joins=True),  # each process has chains of its own
    Table("audit_checkpoint", ("number",)),
)
"""All that a state has, apart from `LEFT_BEHIND`; `deployment` and `ring_key` are told in the header of an export, and
are there before anything is loaded."""
LEFT_BEHIND: Final = ("admin_link", "admin_session")
"""What must not come back with an older state: a link that was used since, a session that was ended."""
_MIGRATED: Final = (
    f"SELECT package, MAX(number) AS number FROM migration WHERE number < {schema.PUT_AWAY} GROUP BY package"  # noqa: S608 - a number of ours
)


class Belonging:
    """Whether a state is this deployment's, by its name and keys."""

    def __init__(self, settings: Settings) -> None:
        """Read the key; ConfigurationError when there is none, for without it a state opens nothing."""
        self.deployment = settings.deployment
        self.ring = MasterKey.load(settings.master_key, create=False)

    def check(self, database: Database) -> None:
        """Raise CarryingRefused if a state is another deployment's, or sealed with a key that is not there."""
        rows = database.read(SQL["select_deployment"])
        if not rows:
            raise CarryingRefused("the file is no state of a shim")
        wanted = keyed.needed(database.read(keyed.SQL["list_keys"]), rows[0]["key_fingerprint"])
        if lost := keyed.missing(wanted, self.ring.keys):
            raise CarryingRefused(
                f"the file was written with another master key, {', '.join(lost)}; put that key file in place first"
            )
        if rows[0]["name"] != self.deployment:
            raise CarryingRefused(
                f"the file belongs to deployment {rows[0]['name']!r}, the configuration says {self.deployment!r}"
            )


def header(tx: Transaction, made_at: datetime, tables: Mapping[str, int]) -> Header:
    """Describe the state that a transaction sees, with these numbers of rows."""
    deployment = tx.execute(SQL["select_deployment"]).fetchone()
    versions = {str(row["package"]): int(row["number"]) for row in tx.execute(_MIGRATED).fetchall()}
    keys = keyed.header_of(tx, deployment["key_fingerprint"])
    return Header(deployment["name"], schema=versions, made_at=made_at.isoformat(), tables=dict(tables), **keys)


def sqlite_file(settings: Settings) -> Path:
    """Return the file of the state.

    Raises:
        CarryingRefused: it is on a database server, which has its own means.
    """
    if settings.state_file is None:
        raise CarryingRefused(
            "the state is on PostgreSQL: keep it by the server's own pg_basebackup or pg_dump, "
            "or write it to a file that any shim of this release loads: shim outbox export --to FILE"
        )
    return settings.state_file
