"""Who works on an entry, and whether that worker is still alive."""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from outbox.database import Database


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

    def forget(self, name: str) -> None:
        """Remove what a dead owner left; idempotent."""
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
        with suppress(FileNotFoundError):
            self._path.unlink()
        os.close(self._descriptor)
