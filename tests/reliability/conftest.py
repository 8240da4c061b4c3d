"""A Firebird server of this folder's own, because it is killed here, and a copy of the practice for each test."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from simulators.intramed.engine import EngineMissing
from simulators.intramed.sandbox import copy_sandbox, restore
from simulators.intramed.server import FirebirdServer, running_server
from tests.services import unavailable

FIRST_MONDAY = date(2031, 3, 3)


@pytest.fixture(scope="session")
def restored_practice(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot, restored once; never opened by a test."""
    try:
        return restore(snapshot, tmp_path_factory.mktemp("restored") / "practice.fdb", FIRST_MONDAY)
    except EngineMissing as missing:
        unavailable(missing)
        raise


@pytest.fixture(scope="session")
def mortal_server(restored_practice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirebirdServer]:
    """A server that a test may kill, and starts again."""
    del restored_practice
    try:
        with running_server(tmp_path_factory.mktemp("mortal") / "root") as server:
            yield server
    except EngineMissing as missing:
        unavailable(missing)


@pytest.fixture
def practice_file(restored_practice: Path, tmp_path: Path) -> Path:
    """A copy of the practice for this test."""
    return copy_sandbox(restored_practice, tmp_path / "practice.fdb")
