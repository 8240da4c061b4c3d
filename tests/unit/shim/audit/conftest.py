"""An audit for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.shim.audit.record import Record, record


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Record]:
    with record(tmp_path) as made:
        yield made
