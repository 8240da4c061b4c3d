"""A file that appears whole, by a rename, or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from contracts.snapshots import SnapshotRefused

_THERE: Final = "{} is there already: name another file, or remove it"
_APPEARED: Final = "{} was made by somebody else meanwhile, so it is left as it is: choose another place"


@contextmanager
def delivered(file: Path) -> Iterator[BinaryIO]:
    """Open a new file under another name in the same folder, for its owner only; give it its name at the end.

    Whatever is raised within, nothing remains and a file that was there stays as it was.

    Raises:
        SnapshotRefused: there is a file of this name, now or at the end.
        OSError: the folder is not there or not writable, or the disk is full.
    """
    if os.path.lexists(file):
        raise SnapshotRefused(_THERE.format(file))
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor has no path
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        reserve(file)
        _replace(partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    settle(file.parent)


def reserve(file: Path) -> None:
    """Take a name that is free with an empty file, so that nobody's new file is replaced.

    Raises:
        SnapshotRefused: it is not free any more, or cannot be written.
    """
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise SnapshotRefused(_APPEARED.format(file)) from None
    except OSError as error:
        raise SnapshotRefused(f"{file} cannot be written: {error.strerror}") from error


def _replace(partial: Path, reserved: Path) -> None:
    try:
        partial.replace(reserved)
    except BaseException:
        reserved.unlink(missing_ok=True)
        raise


def settle(folder: Path) -> None:
    """Make a rename in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
