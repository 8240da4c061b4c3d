"""How every process of the campaign opens the one state that they share."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from outbox.database import URL_PREFIXES, Database, open_database
from outbox.destinations import Breaker
from outbox.entry import NewEntry
from outbox.owner import Owner
from outbox.store import PACKAGE, Outbox
from shim.keys import RestCipher

BREAKER: Final = Breaker(after=3, probe_s=0.05, ramp_s=0.02)
"""It opens and closes all the time, and costs the campaign no patience."""


def now() -> datetime:
    return datetime.now(UTC)


def open_state(where: str) -> Database:
    """Open the state at a path (SQLite) or URL (PostgreSQL)."""
    return open_database(where if where.startswith(URL_PREFIXES) else Path(where), [PACKAGE])


def outbox_on(database: Database) -> Outbox:
    return Outbox(database, RestCipher(bytes(32)), now, breaker=BREAKER)


def enqueue(outbox: Outbox, new: NewEntry) -> None:
    """Accept an entry as the service does; it is durable when this returns."""
    outbox.database.write(lambda tx: outbox.enqueue(tx, new))


def tell_owners(outbox: Outbox, tell: Callable[[str], None]) -> None:
    """Call `tell` with each name that this process takes to claim entries under, before it claims any."""
    take = outbox.owners.take

    def told() -> Owner:
        owner = take()
        tell(owner.name)
        return owner

    vars(outbox.owners)["take"] = told
