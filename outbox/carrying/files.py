"""Files that are whole as soon as they have their name, and readable by their owner only."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from outbox.carrying.refusal import CarryingRefused

BESIDE: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file, by the end of its name."""


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give the path of an empty file, mode 0600, that gets its name when the block has ended, and survives a power cut.

    Raises:
        CarryingRefused: the name is taken, the folder cannot be written, or the disk gets full meanwhile.
    """
    if os.path.lexists(path):
        raise CarryingRefused(f"{path} exists; remove it or choose another name")
    with unnamed_file(path) as unnamed:
        try:
            yield unnamed
            sync(unnamed)
            unnamed.rename(path)
            sync(path.parent)
        except OSError as error:
            raise CarryingRefused(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def unnamed_file(path: Path) -> Iterator[Path]:
    """Give an empty file, mode 0600, beside where `path` is to be; what is left of it in the end is removed."""
    unnamed = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise CarryingRefused(f"{path} cannot be written: {error.strerror}") from error
    try:
        yield unnamed
    finally:
        for end in ("", *BESIDE):
            unnamed.with_name(unnamed.name + end).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
