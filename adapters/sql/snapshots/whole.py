"""A file that appears whole or not at all, and that nobody else can read."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from adapters.files.whole import put, refuse_existing
from contracts.snapshots import SnapshotRefused

_BESIDE: Final = ("", "-journal", "-wal", "-shm")
"""What SQLite may leave beside a file."""


@contextmanager
def appearing(file: Path) -> Iterator[Path]:
    """Yield an empty file with mode 0600, which gets its name at the end of the block, durably; else nothing remains.

    Raises:
        SnapshotRefused: the file is there already, now or at the end, or cannot be written.
    """
    refuse_existing(file)
    unnamed = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield unnamed
        put(unnamed, file)
    except OSError as error:
        raise SnapshotRefused(f"{file} cannot be written: {error.strerror or type(error).__name__}") from error
    finally:
        remove(unnamed)


def remove(file: Path) -> None:
    """Remove a file and what SQLite left beside it; harmless when there is none."""
    for ending in _BESIDE:
        file.with_name(file.name + ending).unlink(missing_ok=True)
