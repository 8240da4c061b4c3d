"""A Firebird database and a Firebird ODBC driver, where there is one."""

import os
from pathlib import Path

import pytest

from simulators.intramed.server import FirebirdServer
from tests.integration.odbc.people import People


@pytest.fixture(scope="session")
def odbc_driver() -> str:
    """The Firebird ODBC driver under test. Nobody packages it, so it may be missing everywhere, in CI too."""
    path = os.environ.get("FIREBIRD_ODBC_DRIVER")
    if not path:
        pytest.skip("FIREBIRD_ODBC_DRIVER names no driver")
    if not Path(path).is_file():
        pytest.fail(f"FIREBIRD_ODBC_DRIVER names no file: {path}")
    return path


@pytest.fixture
def people(odbc_driver: str, client: None, firebird_server: FirebirdServer, tmp_path: Path) -> People:
    """A database of this test's own."""
    del client
    return People.create(firebird_server, tmp_path / "people.fdb", odbc_driver)
