"""Folders for restored copies: private, beside the file they are for, and gone in the end, whatever that is."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from contracts.snapshots import SnapshotRefused

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
_SIGNALLED: Final = 128
"""Exit code of a shell for a program that a signal ended, less the signal's number."""


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """Give an empty folder, mode 0700, on the disk where `beside` is; it is removed with all that is in it.

    A polite signal ends the block as an error does, so that it is removed then, too. For the main thread.

    Raises:
        SnapshotRefused: it cannot be made.
    """
    with ended_by_signals():
        try:
            folder = Path(tempfile.mkdtemp(prefix=".shim-snapshot-", dir=beside.absolute().parent))
        except OSError as error:
            raise SnapshotRefused(f"{beside.absolute().parent} cannot be written: {error.strerror}") from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let a polite signal end the block as an error does, so that what is half-made is removed. For the main thread."""
    before = {number: signal.signal(number, _end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)  # clearing up is not interrupted by the same wish
    raise SystemExit(_SIGNALLED + number)
