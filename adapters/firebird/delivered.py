"""A file that a stream is written into, and that appears whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from adapters.files.whole import put, refuse_existing


@contextmanager
def delivered(file: Path) -> Iterator[BinaryIO]:
    """Open a new file under another name in the same folder, for its owner only; give it its name at the end.

    Whatever is raised within, nothing remains and a file that was there stays as it was.

    Raises:
        SnapshotRefused: there is a file of this name, now or at the end.
        OSError: the folder is not there or not writable, or the disk is full.
    """
    refuse_existing(file)
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor has no path
            yield stream
        put(partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
