"""Ages as an administrator types them."""

from datetime import timedelta

import pytest

from shim.local_time import ago


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("3d", 259_200), ("36500d", 3_153_600_000)]
)
def test_an_age_is_read(text: str, seconds: int) -> None:
    """In seconds, minutes, hours or days, up to a century."""
    assert ago(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 weeks", "36501d", "9999999999d", "9" * 5000 + "d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    """One that no clock reaches is none."""
    with pytest.raises(ValueError, match=r"no age|any clock"):
        ago(text)
