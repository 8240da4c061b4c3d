import pytest

from adapters.planon.address import Holds, Home, read_address

HOME = Home("Wilgenlaan", 14, "", "5017AB", "Tilburg")
ANNEX = Home("Wilgenlaan", 14, "A", "5017 AB", "TILBURG")
CAFE = Home("Café-'t Hofstraat", 2, "", "5211 GH", "'s-Hertogenbosch")
PLEIN = Home("Plein 1944", 12, "2", "6511 JC", "Nijmegen")


@pytest.mark.parametrize(
    ("text", "home", "holds"),
    [
        ("Wilgenlaan 14, 5017 AB Tilburg", HOME, Holds.YES),
        ("5017ab 14", HOME, Holds.YES),
        ("14, 5017AB", HOME, Holds.YES),
        ("WILGENLAAN 14", HOME, Holds.YES),
        ("ik woon op de wilgenlaan 14 in tilburg", HOME, Holds.YES),
        ("Wilgenlaan 14 Goirle", HOME, Holds.UNSURE),
        ("Wilgenlaan 14 het lekt weer", HOME, Holds.UNSURE),
        ("Wilgenlaan 14 het lekt weer 5017 AB", HOME, Holds.YES),
        ("Wilgenlaan 16, 5017 AB", HOME, Holds.NO),
        ("Wilgenlaan 14, 5018 AB", HOME, Holds.NO),
        ("Wilgenlaan 140, 5017 AB", HOME, Holds.NO),
        ("Lindelaan 14", HOME, Holds.NO),
        ("Wilgenlaan 14a", HOME, Holds.NO),
        ("5017 AB 14-2", HOME, Holds.NO),
        ("5017 AB 16-14", HOME, Holds.NO),
        ("5017ab 14-a", ANNEX, Holds.YES),
        ("Wilgenlaan 14 A Tilburg", ANNEX, Holds.YES),
        ("Wilgenlaan 14, 5017 AB", ANNEX, Holds.UNSURE),
        ("Wilgenlaan 14 B", ANNEX, Holds.NO),
        ("cafe 't hofstraat 2, 's-hertogenbosch", CAFE, Holds.YES),
        ("Café-'t Hofstraat 2 5211GH 's-Hertogenbosch", CAFE, Holds.YES),
        ("Plein 1944 12-2 Nijmegen", PLEIN, Holds.YES),
        ("Plein 1944 12-2 6511 JC", PLEIN, Holds.YES),
    ],
)
def test_an_address_is_of_a_home(text: str, home: Home, holds: Holds) -> None:
    """Exactly right is yes, contradicted is no, and anything that leaves a doubt is unsure."""
    address = read_address(text)
    assert address is not None
    assert address.is_of(home) is holds


@pytest.mark.parametrize("text", ["bij de kerk", "huis nummer 14 het lekt weer", "14", "Tilburg", "5017 AB", "💧"])
def test_an_address_without_a_place_is_of_no_use(text: str) -> None:
    """A number without a street or a postcode names no home."""
    assert read_address(text) is None


def test_a_number_and_a_short_word_are_no_postcode() -> None:
    """`1400 in` looks like a postcode, but then no house number would be left."""
    address = read_address("Wilgenlaan 1400 in Tilburg")
    assert address is not None
    assert address.is_of(Home("Wilgenlaan", 1400, "", "5017 AB", "Tilburg")) is Holds.YES
