"""One site for the session; Planon behaves again after every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.intramed.sandbox import copy_sandbox
from tests.integration.shim.site import Site, running_site


@pytest.fixture(scope="session")
def running(restored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with running_site(folder, copy_sandbox(restored, folder / "practice.fdb")) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    yield running
    running.control.apply(
        down=False,
        replica_down=False,
        drop_incidents=False,
        stall=False,
        lose_reply=0,
        html_502=0,
        on=["incident", "note"],
    )
