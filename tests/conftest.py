"""Options that the whole suite shares."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="run the campaigns in full length")


@pytest.fixture(scope="session")
def full_length(request: pytest.FixtureRequest) -> bool:
    """Whether a campaign runs in full length instead of its quick form."""
    return bool(request.config.getoption("--torture"))
