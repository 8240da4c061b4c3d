"""How long is kept, and moments as they are typed."""

from datetime import UTC, datetime, timedelta

import pytest

from shim.audit.times import before, is_too_short, moment

NOW = datetime(2028, 2, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keep", "year", "too_short"),
    [("5y", 2023, False), ("4y", 2024, True), ("1825d", 2023, True), ("1828d", 2023, False)],
)
def test_a_length_of_time(keep: str, year: int, too_short: bool) -> None:
    """Five years are five years, whatever days they have."""
    begin = before(keep, NOW)
    assert (begin.year, is_too_short(begin, NOW)) == (year, too_short)


@pytest.mark.parametrize("keep", ["", "5", "y", "0y", "-1d", "5 weeks", "9999y"])
def test_what_is_no_length(keep: str) -> None:
    """Nothing is let go by a typing error."""
    with pytest.raises(ValueError, match=r"years ago|length of time"):
        before(keep, NOW)


def test_moments() -> None:
    """An age, a date, and a time with its offset."""
    assert moment("2h", NOW) == NOW - timedelta(hours=2)
    assert moment("1y", NOW) == datetime(2027, 2, 28, 12, 0, tzinfo=UTC)
    assert moment("2026-11-21T22:14:00+01:00", NOW) == datetime(2026, 11, 21, 21, 14, tzinfo=UTC)
    assert moment("2026-11-21", NOW).date().isoformat() == "2026-11-21"
    with pytest.raises(ValueError, match="no moment"):
        moment("yesterday", NOW)
