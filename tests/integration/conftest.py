"""The engines that integration tests stand on: one restored practice and one real Firebird server per session."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from simulators.intramed.engine import EngineMissing, engine_folder, use_private_engine
from simulators.intramed.sandbox import SNAPSHOT, restore
from simulators.intramed.server import FirebirdServer, running_server

FIRST_MONDAY = date(2031, 3, 3)
"""The agenda's first week in every sandbox: far enough ahead that no test ever runs after it."""


def unavailable(missing: EngineMissing) -> None:
    """Skip on a developer's machine; fail where everything should be installed."""
    if os.environ.get("CI") == "true":
        raise missing
    pytest.skip(str(missing))


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The embedded engine under a root of this session."""
    try:
        engine_folder()
    except EngineMissing as missing:
        unavailable(missing)
    use_private_engine(tmp_path_factory.mktemp("engine") / "root")


@pytest.fixture(scope="session")
def restored(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot, restored once; never opened by a test."""
    del engine
    return restore(SNAPSHOT, tmp_path_factory.mktemp("restored") / "practice.fdb", FIRST_MONDAY)


@pytest.fixture(scope="session")
def firebird_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirebirdServer]:
    """One real server for the session."""
    try:
        with running_server(tmp_path_factory.mktemp("server") / "root") as server:
            yield server
    except EngineMissing as missing:
        unavailable(missing)
