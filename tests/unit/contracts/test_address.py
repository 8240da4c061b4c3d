"""A home has few names by which guesses at its tenant are counted, whatever is written around it."""

import random

import pytest

from adapters.planon.address import Holds, Home, is_of
from contracts.address import home_in, read_address

SEED, SOUPS = 20261122, 4_000
HOMES = {
    Home("Wilgenlaan", 14, "a", "5017 AB", "Tilburg"): {"5017AB 14", "5017AB", "wilgenlaan 14", None},
    Home("Plein 1944", 12, "2", "6511JC", "'s-Hertogenbosch"): {"6511JC 12", "6511JC", None},
    Home("Oude 't Heike", 14, "", "5017 AB", "Tilburg"): {"5017AB 14", "5017AB", "heike 14", None},
}
OWN = (
    ("Wilgenlaan", "14", "5017 AB"),
    ("Plein 1944", "12", "6511JC"),
    ("Oude 't Heike", "14", "5017 AB"),
)
"""The words of each home: soups of all words alone are seldom about one."""
WORDS = (
    *("Wilgenlaan", "WILGENLAAN", "14", "14a", "014", "99", "5017 AB", "5017ab", "1234 XY", "5017", "AB", "Tilburg"),
    *("q", "xq", "a", "nr", "nummer", "huis", "(", "-", ",", "_", "123456", "in", "1400 in", "Wilg\u00e9nlaan"),
    *(
        "\uff11\uff14",
        "Oude",
        "'t Heike",
        "Oude 't Heike 14",
        "Plein",
        "1944",
        "12-2",
        "6511JC",
        "Plein 1944 12",
        "\u200b",
    ),
)


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("Wilgenlaan 14, 5017 AB Tilburg", "5017AB 14"),
        ("5017 AB 14 Tilburg q", "5017AB 14"),
        ("5017AB14a xxq", "5017AB 14"),
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
    """Over word soups: what the desk does not exclude for a home has one of its few names, what it cannot read none."""
    seen: dict[Home, set[str | None]] = {home: set() for home in HOMES}
    chance = random.Random(SEED)  # noqa: S311 - no secret
    for _ in range(SOUPS):
        about = chance.choice(OWN)
        words = [chance.choice(chance.choice((about, WORDS))) for _ in range(chance.randint(1, 6))]
        text = chance.choice((" ", "  ", ", ", "\u00a0", "")).join(words)
        read = read_address(text)
        for home, names in HOMES.items():
            if read.is_usable and is_of(read, home) is not Holds.NO:
                seen[home].add(home_in(text))
                assert home_in(text) in names, text
            elif not read.is_usable:
                assert home_in(text) is None, text
    assert seen == HOMES


@pytest.mark.parametrize(
    "text", ["Wilgenlaan14a", "5017AB14", "5017ab-14", "wilgenlaan nr.14", "5017 AB, huis nummer 14"]
)
def test_missing_spaces_and_words_around_the_number_change_nothing(text: str) -> None:
    """What is read together is counted together."""
    assert home_in(text) in {"5017AB 14", "wilgenlaan 14"}


@pytest.mark.parametrize("marker", [" nr ", " NR. ", "-nr ", " no "])
def test_a_year_in_a_street_s_name_is_no_postcode(marker: str) -> None:
    """`nr` after it announces the number; where no street stands before it, it is a postcode's letters."""
    written = f"Plein 1944{marker}12-2 Tilburg"
    assert read_address(written).postcode is None
    assert is_of(read_address(written), Home("Plein 1944", 12, "2", "6511JC", "Tilburg")) is Holds.YES
    assert read_address(f"1944{marker}12").postcode == f"1944{marker.strip(' -.').upper()}"


def test_a_postcode_without_a_number_names_no_home() -> None:
    """It is a street's, and a number that is too long is none."""
    assert home_in("5017 AB Tilburg") is None
    assert home_in("5017 AB 0612345678") is None
