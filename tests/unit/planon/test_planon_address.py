import pytest

from adapters.planon.address import ALIKE, Holds, Home, is_of, likeness
from contracts.address import read_address

HOME = Home("Wilgenlaan", 14, "", "5017AB", "Tilburg")
ANNEX = Home("Wilgenlaan", 14, "A", "5017 AB", "TILBURG")
CAFE = Home("Café-'t Hofstraat", 2, "", "5211 GH", "'s-Hertogenbosch")
BLANK = Home("", 14, "", "", "")
NOWHERE = Home("Wilgenlaan", None, "", "5017AB", "")
CITYLESS = Home("Wilgenlaan", 14, "", "5017AB", "")
OLD = Home("Oude Wilgenlaan", 14, "", "5017 AC", "Tilburg")
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
        ("Plein1944 12-2", PLEIN, Holds.YES),
        ("Plein 1944 12", PLEIN, Holds.UNSURE),
        ("Plein 1944", PLEIN, Holds.NO),
        ("5017AB14", HOME, Holds.YES),
        ("5017ab14a", ANNEX, Holds.YES),
        ("Wilgenlaan14", HOME, Holds.YES),
        ("Wilgenlaan huisnr. 14", HOME, Holds.YES),
        ("wilgenlaan, huis nummer 14 Tilburg", HOME, Holds.YES),
        ("huis nummer 14 5017 AB", HOME, Holds.YES),
        ("Wilgen\u00adlaan\u200b 14", HOME, Holds.YES),
        ("Lindelaan 14, 5017 AB", HOME, Holds.UNSURE),
        ("Wilgelaan 14, 5017 AB", HOME, Holds.UNSURE),
        ("3e verdieping, nummer 14, 5017 AB", HOME, Holds.UNSURE),
        ("Wilgenlaan 14 of 16 Tilburg", HOME, Holds.UNSURE),
        ("Wilgenlaan 14 A 2", ANNEX, Holds.UNSURE),
        ("Oude Wilgenlaan 14", HOME, Holds.PARTLY),
        ("Oude Wilgenlaan 14", OLD, Holds.YES),
        ("Wilgenlaan 14", OLD, Holds.NO),
        ("Wilgelaan 14", HOME, Holds.NO),
        ("Wilgenlaan 14", BLANK, Holds.NO),
        ("de 14", BLANK, Holds.NO),
        ("Wilgenlaan 14", NOWHERE, Holds.NO),
        ("Wilgenlaan 14", CITYLESS, Holds.YES),
        ("Wilgenlaan 14a", CITYLESS, Holds.NO),
        ("Wilgenlaan 14 Goirle", CITYLESS, Holds.UNSURE),
        ("Plein 1944 12-2 6511 JC", PLEIN, Holds.YES),
    ],
)
def test_an_address_is_of_a_home(text: str, home: Home, holds: Holds) -> None:
    """Exactly right is yes, contradicted is no, and anything that leaves a doubt is unsure."""
    assert is_of(read_address(text), home) is holds


@pytest.mark.parametrize("text", ["bij de kerk", "huis nummer 14 het lekt weer", "14", "Tilburg", "5017 AB", "💧"])
def test_an_address_without_a_place_is_of_no_use(text: str) -> None:
    """A number without a street or a postcode names no home."""
    assert not read_address(text).is_usable


def test_a_number_and_a_short_word_are_no_postcode() -> None:
    """`1400 in` looks like a postcode, but then no house number would be left."""
    address = read_address("Wilgenlaan 1400 in Tilburg")
    assert is_of(address, Home("Wilgenlaan", 1400, "", "5017 AB", "Tilburg")) is Holds.YES


@pytest.mark.parametrize(
    ("stored", "text", "holds"),
    [
        ("bis", "Wilgenlaan 50 bis", Holds.YES),
        ("bis", "Wilgenlaan 50", Holds.UNSURE),
        ("", "Wilgenlaan 50 bis", Holds.NO),
        ("hs", "Wilgenlaan 50 huis", Holds.YES),
        ("huis", "wilgenlaan 50-hs", Holds.YES),
        ("rood", "Wilgenlaan 50 rd", Holds.YES),
        ("A-2", "Wilgenlaan 50a2", Holds.YES),
        ("A-2", "Wilgenlaan 50a", Holds.NO),
        ("2 hoog", "Wilgenlaan 50 2-hoog Tilburg", Holds.YES),
        ("zwart", "Wilgenlaan 50 rood", Holds.NO),
        ("-", "Wilgenlaan 50", Holds.YES),
    ],
)
def test_an_addition_is_the_stored_one(stored: str, text: str, holds: Holds) -> None:
    """In any way of writing it; one that is left out leaves it open, another one is another home."""
    assert is_of(read_address(text), Home("Wilgenlaan", 50, stored, "5017AB", "Tilburg")) is holds


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("Wilgelaan 14", True),
        ("ik woon op wilgenlan 14", True),
        ("Wilgen laan 14", True),
        ("Lindelaan 14", False),
        ("Wilgelaan 16", False),
        ("Wilgelaan 14, 5018 XX", False),
        ("5017 AB 14", False),
    ],
)
def test_a_misspelled_street_is_alike(text: str, alike: bool) -> None:
    """With the same number; a postcode is exact or it is not."""
    assert (likeness(read_address(text), HOME) >= ALIKE) is alike
