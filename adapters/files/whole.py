"""How a file that was written under another name gets its own: durably, and in nobody's place."""

import os
from pathlib import Path

from contracts.snapshots import SnapshotRefused


def refuse_existing(file: Path) -> None:
    """Let a new file be written.

    Raises:
        SnapshotRefused: there is one of this name already, or a link.
    """
    if os.path.lexists(file):
        raise SnapshotRefused(f"{file} is there already: name another file, or remove it")


def put(unnamed: Path, file: Path) -> None:
    """Give a file that is complete its name, so that it survives a power cut; without its name it stays `unnamed`.

    Raises:
        SnapshotRefused: the name is not free any more, or cannot be written.
        OSError: the rename failed; nothing of this name remains.
    """
    sync(unnamed)
    reserve(file)
    try:
        unnamed.replace(file)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    sync(file.parent)


def reserve(file: Path) -> None:
    """Take a name that is free with an empty file, so that nobody's new file is replaced.

    Raises:
        SnapshotRefused: it is not free any more, or cannot be written.
    """
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise SnapshotRefused(
            f"{file} was made by somebody else meanwhile, so it is left as it is: choose another place"
        ) from None
    except OSError as error:
        raise SnapshotRefused(f"{file} cannot be written: {error.strerror}") from error


def sync(path: Path) -> None:
    """Let a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
