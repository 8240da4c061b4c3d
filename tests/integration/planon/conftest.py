"""A simulator on loopback and a desk on it, with kept rows in memory."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.planon import adapter
from adapters.planon.desk import PlanonDesk
from contracts.desks import Ports
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.planon_site import NO_HOLDS, RowsInMemory, Site, options_for


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[PlanonSimulator]:
    with PlanonSimulator(tmp_path / "replica.sqlite") as running:
        yield running


@pytest.fixture
def site(simulator: PlanonSimulator) -> Iterator[Site]:
    kept = RowsInMemory()
    desk = adapter.build(options_for(simulator), Ports("planon", lambda: datetime.now(UTC), kept, NO_HOLDS))
    assert isinstance(desk, PlanonDesk)
    yield Site(simulator, desk, kept)
    desk.close()
