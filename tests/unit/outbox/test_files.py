"""A file is whole when it has its name; and what opening a state says when the disk has no room."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.errors import StateUnavailable
from outbox.carrying.files import new_file
from outbox.carrying.refusal import CarryingRefused
from outbox.database import open_database
from outbox.store import PACKAGE

NO_ROOM = os.statvfs_result((4096, 4096, 1000, 15, 15, 1000, 900, 900, 0, 255))
NO_NAMES = os.statvfs_result((4096, 4096, 1000, 500, 500, 1000, 0, 0, 0, 255))
ROOM = os.statvfs_result((4096, 4096, 1000, 500, 500, 0, 0, 0, 0, 255))
"""As btrfs says it, which does not count names."""


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: the kernel refuses to write, as it does when the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """In a line that names the file; also when the last bytes are only written in the end."""
    for size in (100_000, 5_000):
        with (
            pytest.raises(CarryingRefused, match=r"lines cannot be written: File too large"),
            room_for(4096),
            new_file(tmp_path / "lines") as unnamed,
            unnamed.open("wb") as out,
        ):
            out.write(bytes(size))
        assert list(tmp_path.iterdir()) == []


def test_what_raises_something_else_is_not_renamed(tmp_path: Path) -> None:
    """A defect stays one."""
    with pytest.raises(KeyError), new_file(tmp_path / "lines"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("disk", "told"),
    [(NO_ROOM, "the disk is full"), (NO_NAMES, "the disk is full"), (ROOM, "read-only or failing"), (None, "failing")],
)
def test_a_full_disk_is_no_failing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: os.statvfs_result | None, told: str
) -> None:
    """SQLite says the same of both when it cannot make what it keeps beside the file."""
    path = tmp_path / "state.db"
    open_database(path, [PACKAGE]).close()
    (tmp_path / "state.db-wal").mkdir(mode=0o700)  # in the place of a file that cannot be made

    def statvfs(_: object) -> os.statvfs_result:
        if disk is None:
            raise OSError
        return disk

    monkeypatch.setattr("os.statvfs", statvfs)
    with pytest.raises(StateUnavailable) as error:
        open_database(path, [PACKAGE])
    assert told in error.value.detail
