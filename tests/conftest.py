"""What the whole suite shares: its options, and the PostgreSQL under test."""

import pytest

from tests.postgresql import (
    create_database,
    durable_postgresql,
    mortal_postgresql,
    own_postgresql,
    pytest_report_collectionfinish,
)

__all__ = [
    "create_database",
    "durable_postgresql",
    "mortal_postgresql",
    "own_postgresql",
    "pytest_report_collectionfinish",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="run the campaigns in full length")


@pytest.fixture(scope="session")
def full_length(request: pytest.FixtureRequest) -> bool:
    """Whether a campaign runs in full length instead of its quick form."""
    return bool(request.config.getoption("--torture"))
