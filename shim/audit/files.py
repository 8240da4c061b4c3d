"""The file of checkpoints, kept where whoever can write the state cannot: one line each, only ever added to."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shim.audit.checkpoints import Checkpoint
from shim.audit.heads import MOST
from shim.audit.rows import canonical


class NoCheckpoint(Exception):
    """Raised when a line of a file is no checkpoint."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: the checkpoint in it, or None if it is none."""

    number: int
    checkpoint: Checkpoint | None


def parsed(line: str) -> Checkpoint:
    """Return the checkpoint of a line.

    Raises:
        NoCheckpoint: there is none in it.
    """
    try:
        value = json.loads(line)
        body, number, signature = value["body"], value["body"]["number"], value["signature"]
        text = canonical(body)
        text.encode()  # half a surrogate pair is no text
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoCheckpoint("it is no checkpoint") from error
    if type(number) is not int or not 0 < number <= MOST or type(signature) is not str:
        raise NoCheckpoint("it is no checkpoint")
    return Checkpoint(number, text, signature)


def lines_of(path: Path) -> Iterator[Line]:
    """Yield the lines of a file.

    A line that a power cut has cut off, and that was written again after it, is left out.

    Raises:
        OSError: it cannot be read.
    """
    cut_off: tuple[int, str] | None = None
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            text = line.rstrip("\n")
            if cut_off is not None and not text.startswith(cut_off[1]):
                yield Line(cut_off[0], None)
            cut_off = None
            try:
                yield Line(number, parsed(text))
            except NoCheckpoint:
                cut_off = number, text
    if cut_off is not None:
        yield Line(cut_off[0], None)


def newest_in(path: Path) -> Checkpoint | None:
    """Return the last checkpoint in a file; None if it is not there, or there is none in it.

    Raises:
        OSError: it cannot be read.
    """
    if not path.exists():
        return None
    found = (line.checkpoint for line in lines_of(path) if line.checkpoint)
    return max(found, key=lambda checkpoint: checkpoint.number, default=None)


def add(path: Path, checkpoints: Iterable[Checkpoint]) -> int:
    """Add checkpoints to a file, made if it is not there; they survive a power cut on return. Return how many.

    Raises:
        OSError: it cannot be written.
    """
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a+b") as file:
        added = 0
        size = file.seek(0, os.SEEK_END)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            file.write(b"\n")  # what a power cut has cut off stays a line of its own
        for checkpoint in checkpoints:
            file.write(f"{checkpoint.line}\n".encode())
            added += 1
        file.flush()
        os.fsync(descriptor)
    if is_new:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return added
