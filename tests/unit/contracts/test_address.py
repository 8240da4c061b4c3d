"""A home has few names by which guesses at its tenant are counted, whatever is written around it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.planon.address import Holds, Home, read_address
from contracts.address import home_in

HOME = Home("Wilgenlaan", 14, "a", "5017 AB", "Tilburg")
NAMES = {"5017AB 14", "5017AB", "wilgenlaan 14", None}
WORDS = (
    *("Wilgenlaan", "WILGENLAAN", "14", "14a", "014", "99", "5017 AB", "5017ab", "1234 XY", "5017", "AB", "Tilburg"),
    *("q", "xq", "a", "nr", "nummer", "huis", "(", "-", ",", "_", "123456", "in", "1400 in", "Wilg\u00e9nlaan"),
    "\uff11\uff14",
)


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("Wilgenlaan 14, 5017 AB Tilburg", "5017AB 14"),
        ("5017 AB 14 Tilburg q", "5017AB 14"),
        ("5017AB14a xxq", None),
        ("5017 ab 014-a", "5017AB 14"),
        ("5017 AB 99 Wilgenlaan 14", "5017AB"),
        ("Wilgenlaan 14 Tilburg xq", "wilgenlaan 14"),
        ("q WILGENLAAN 14b", "wilgenlaan 14"),
        ("Besterdring 26 Wilgenlaan 14", None),
        ("Wilgenlaan 1400 in Tilburg", "wilgenlaan 1400"),
        ("nummer 14", None),
        ("14", None),
        ("q", None),
    ],
)
def test_what_an_address_is_about(address: str, home: str | None) -> None:
    """Postcode and number, the postcode if the number is not clear, street and number, or nothing."""
    assert home_in(address) == home


def test_no_noise_gives_a_home_another_name() -> None:
    """Over word soups: one that the desk does not exclude for this home, or cannot read, has one of four names."""
    seen: set[str | None] = set()

    @settings(max_examples=3000, deadline=None)
    @given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), st.sampled_from((" ", "  ", ", ", "\u00a0")))
    def against_the_desk(words: list[str], between: str) -> None:
        text = between.join(words)
        read = read_address(text)
        if read is None:
            assert home_in(text) is None
        elif read.is_of(HOME) is not Holds.NO:
            seen.add(home_in(text))
            assert home_in(text) in NAMES

    against_the_desk()
    assert seen == NAMES
