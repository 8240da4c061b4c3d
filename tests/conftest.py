"""What the whole suite shares: its options, the snapshot and the PostgreSQL under test."""

import pytest

from tests import postgresql
from tests.postgresql import create_database, durable_postgresql, mortal_postgresql, own_postgresql
from tests.snapshot import named, snapshot, snapshot_line, stored_snapshot

__all__ = [
    "create_database",
    "durable_postgresql",
    "mortal_postgresql",
    "own_postgresql",
    "snapshot",
    "stored_snapshot",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="run the campaigns in full length")
    parser.addoption("--snapshot", metavar="FILE", help="backup of a practice to test on, instead of the stored one")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a snapshot that is not there before anything is collected."""
    named(config)


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Say what the run stands on."""
    return [*postgresql.pytest_report_collectionfinish(config, items), *snapshot_line(config, items)]


@pytest.fixture(scope="session")
def full_length(request: pytest.FixtureRequest) -> bool:
    """Whether a campaign runs in full length instead of its quick form."""
    return bool(request.config.getoption("--torture"))
