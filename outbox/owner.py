"""Who works on an entry, and whether that process is still alive.

An owner is a locked file beside the database. The kernel drops the lock when the process ends, however it ends, and it
tells so across containers and after a reboot, where a process number would not.
"""

import fcntl
import os
import secrets
from pathlib import Path


class Owner:
    """This process's identity for as long as it is open."""

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
        """Give the identity up; whatever it still owns counts as abandoned."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def is_alive(folder: Path, name: str) -> bool:
    """Whether the owner's process still runs."""
    try:
        descriptor = os.open(folder / name, os.O_RDWR)
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


def sweep(folder: Path) -> None:
    """Remove the files of dead owners; whatever they owned counts as abandoned with or without them."""
    for path in folder.glob("[!.]*"):
        if not is_alive(folder, path.name):
            path.unlink(missing_ok=True)
