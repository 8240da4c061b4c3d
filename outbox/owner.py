"""Who works on an entry, and whether that worker is still alive."""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from outbox.database import Database, Transaction

LEASE_S: Final = 15.0
"""For how long an owner on another machine counts as alive without a sign of life."""
BEGIN_WITHIN_S: Final = LEASE_S / 3
"""An attempt begins within this time after its claim, or not at all: later, somebody may have taken its owner for dead.
An owner tells every third of its lease that it lives, so two thirds are left at a claim."""


class Owner(Protocol):
    """An identity for as long as it is open."""

    name: str

    def close(self) -> None:
        """Give the identity up; whatever it still owns counts as abandoned."""
        ...


class Owners(Protocol):
    """The identities of all workers of one state, on all machines."""

    def take(self) -> Owner:
        """Return a new identity of this process."""
        ...

    def is_alive(self, name: str) -> bool:
        """Whether the owner's process still runs, as far as anybody can tell."""
        ...

    def confirm(self, tx: Transaction, name: str) -> None:
        """See that an owner which got nothing may claim at all.

        Raises:
            StateUnavailable: it may not, and must be given up: others may take it for dead.
        """
        ...

    def bury(self, tx: Transaction, name: str) -> bool:
        """Let a dead owner claim nothing from now on, within the transaction that recovers what it had.

        Return False if it lives after all; then nothing of it may be recovered.
        """
        ...

    def forget(self, name: str) -> None:
        """Remove what a buried owner left, if it cannot come back; idempotent."""
        ...

    def sweep(self) -> None:
        """Remove what dead owners left who own nothing."""
        ...


def owners_of(database: Database) -> Owners:
    """Return the owners of a database's entries."""
    if database.dialect == "postgresql":
        from outbox.postgresql.owners import LeasedOwners  # noqa: PLC0415 - only the driver that is needed is loaded

        return LeasedOwners(database)
    path = Path(database.where)
    return LockedOwners(path.with_name(path.name + ".owners"))


class LockedOwners:
    """Locked files beside the database.

    The kernel drops a lock when the process ends, however it ends, and it tells so across containers and after a
    reboot, where a process number would not.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self) -> Owner:
        """Return a new identity of this process."""
        return _LockedOwner(self.folder)

    def is_alive(self, name: str) -> bool:
        """Whether the owner's process still runs."""
        try:
            descriptor = os.open(self.folder / name, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    def confirm(self, tx: Transaction, name: str) -> None:
        """Whoever holds its lock may claim."""

    def bury(self, tx: Transaction, name: str) -> bool:
        """What the kernel says of a lock is final: nobody takes one that was let go."""
        del tx, name
        return True

    def forget(self, name: str) -> None:
        """Remove a dead owner's file."""
        (self.folder / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the files of dead owners; whatever they owned counts as abandoned with or without them."""
        for path in self.folder.glob("[!.]*"):
            if not self.is_alive(path.name):
                path.unlink(missing_ok=True)


class _LockedOwner:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.name = secrets.token_hex(8)
        self._path = folder / self.name
        # Locked before it gets its name, so that nobody can find it unlocked and take its owner for dead.
        unnamed = folder / f".{self.name}"
        self._descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(self._path)

    def close(self) -> None:
        try:
            with suppress(OSError):  # of a disk that refuses: the file is nobody's without its lock, and is swept
                self._path.unlink()
        finally:
            os.close(self._descriptor)
