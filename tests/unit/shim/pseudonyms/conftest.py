"""Pseudonyms with and without a database beside them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shim.pseudonyms.pseudonyms import NOTHING, Pseudonyms
from tests.unit.shim.pseudonyms.rewritten import KEY, Rewritten


@pytest.fixture
def rewritten(tmp_path: Path) -> Iterator[Rewritten]:
    made = Rewritten(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture(scope="session")
def alone() -> Pseudonyms:
    return Pseudonyms(KEY, NOTHING)
