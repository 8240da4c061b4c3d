"""Who works on an entry, for workers on several machines: a lease by the database's clock."""

import secrets

from outbox.database import Database
from outbox.owner import Owner


class LeasedOwners:
    """Rows of the table `owner`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self) -> Owner:
        """Return a new identity of this process."""
        return _LeasedOwner(secrets.token_hex(8))

    def is_alive(self, name: str) -> bool:
        """Whether the owner's process still runs, as far as anybody can tell."""
        raise NotImplementedError

    def forget(self, name: str) -> None:
        """Remove what a dead owner left; idempotent."""

    def sweep(self) -> None:
        """Remove what dead owners left who own nothing."""


class _LeasedOwner:
    def __init__(self, name: str) -> None:
        self.name = name

    def close(self) -> None:
        """Give the identity up."""
