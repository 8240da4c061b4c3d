"""How a practice's own spellings meet what people type: numbers, first names, and what a record does not know."""

from typing import Any

import pytest

from adapters.intramed.names import Fits, RecordedName, folded
from adapters.intramed.patients import identify
from contracts.practice import FindPatientReply, FindPatientRequest

NUMBER = "06-10002002"


def row(key: str, first_name: str | None, family_name: str = "Veen", **changes: Any) -> dict[str, Any]:
    stored = {
        "patient": key,
        "first_name": first_name,
        "particle": "van der",
        "family_name": family_name,
        "birth_year": 1984,
        "arrears": "N",
        "telephone": NUMBER,
    }
    return stored | changes


def asked(*rows: dict[str, Any], **facts: Any) -> FindPatientReply:
    return identify(FindPatientRequest(telephone=NUMBER, **facts), rows)


def told(reply: FindPatientReply) -> tuple[str, str | None, list[str]]:
    return (reply.match, reply.patient, list(reply.ask_for))


@pytest.mark.parametrize(
    "stored",
    [
        "06-10002002 / 043-3001001",
        "043 3001001, 0031 6 1000 2002 (partner)",
        "partner: 31610002002",
        "thuis 043/3001001 mobiel 06/10002002",
        "+31 (0)6 1000 20 02 zoon",
    ],
)
def test_each_number_in_a_field_is_the_patient_s(stored: str) -> None:
    """Remarks before and behind, several numbers, every spelling."""
    assert asked(row("1", "Sanne", telephone=stored)).patient == "1"


def test_a_patient_with_the_number_twice_is_one_patient() -> None:
    """Two rows of one patient are no second candidate; a row without a number is nobody's."""
    rows = (row("1", "Sanne"), row("1", "Sanne", telephone="0031610002002"), row("2", "Thijs", telephone=None))
    assert told(asked(*rows)) == ("certain", "1", [])


@pytest.mark.parametrize(
    "given",
    [
        *("Sanne", "SANNE", " sanne ", "Sanne.", "Susanna", "Suzanna"),
        *("Sanne van der Veen", "sanne vd veen", "Sanne v.d. Veen", "Sanne v/d Veen", "Sanne Veen"),
        *("Susanna van der Veen", "Sanne V.D. VEEN"),
    ],
)
def test_a_first_name_is_recognised(given: str) -> None:
    """As it is, as people of that name are called, and with the family name behind it."""
    assert RecordedName("Sanne", "van der", "Veen").answers_to(given) is Fits.YES


@pytest.mark.parametrize(
    "given",
    ["Anne", "Sann", "S.", "S. van der Veen", "Veen", "van der Veen", "Anne van der Veen", "-"],
)
def test_another_name_is_another_name(given: str) -> None:
    """Parts of it, an initial, the family name alone, and another name before it."""
    assert RecordedName("Sanne", "van der", "Veen").answers_to(given) is Fits.NO


@pytest.mark.parametrize(
    ("first", "particle", "family", "given"),
    [
        ("Jürgen", "", "Müller", "Juergen Mueller"),
        ("Ju\u0308rgen", "", "Mu\u0308ller", "JURGEN MULLER"),
        ("Björn", "", "Strauß", "Bjoern Strauss"),
        ("Zoë", "", "Noël", "zoe noel"),
        ("Marie-José", "", "Peeters-Simoëns", "marie jose peeters simoens"),
        ("Hélène", "'t", "Hart", "Helene \u2019t Hart"),
        ("Hélène", "'t", "Hart", "Lenie het Hart"),
        ("Jan", "d'", "Hondt", "Johannes d\u2019Hondt"),
        ("Bèr", "v.d.", "Boorn", "Hubertus van den Boorn"),
        ("Bèr", "vd", "Boorn", "Lambertus van den Boorn"),
        ("Sjang", "in 't", "Veld", "Johannes in het Veld"),
    ],
)
def test_spellings_of_a_name(first: str, particle: str, family: str, given: str) -> None:
    """German vowels both ways, hyphens, apostrophes, and a tussenvoegsel in full or abbreviated on either side."""
    assert RecordedName(first, particle, family).answers_to(given) is Fits.YES


@pytest.mark.parametrize(("one", "other"), [("Jürgen", "Jurgen"), ("Jürgen", "Juergen"), ("Boer", "boer")])
def test_german_vowels_fold_both_ways(one: str, other: str) -> None:
    """Either way of writing them without the mark is the same name."""
    assert folded(one) & folded(other)


def test_a_dutch_oe_is_no_german_vowel() -> None:
    """`Noel` is not `Nol`: only a letter with the mark can be written both ways."""
    assert RecordedName("Nol", "", "Daniëls").answers_to("Noel") is Fits.NO


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("Johannes", "Sjang"), ("Pieter", "Petrus"), ("Geertruida", "Truus"), ("Josephus", "Sjef"), ("Hub", "Huub")),
        *(("Leonardus", "Lei"), ("Ria", "Maria"), ("Martinus", "Tiny"), ("Martina", "Tiny"), ("Bert", "Lambertus")),
        *(("Theunis", "Theunis"), ("Wiel", "Wilhelmus"), ("Tjeu", "Mathias"), ("Huub", "Hubertus")),
    ],
)
def test_people_are_called_so(one: str, other: str) -> None:
    """In both directions."""
    assert RecordedName(one, "", "Smeets").answers_to(other) is Fits.YES
    assert RecordedName(other, "", "Smeets").answers_to(one) is Fits.YES


@pytest.mark.parametrize(("one", "other"), [("Hubertus", "Albertus"), ("Martinus", "Martina"), ("Jan", "Anna")])
def test_who_shares_a_nickname_is_not_the_same(one: str, other: str) -> None:
    """Both are called Bert, or Tiny; neither is the other."""
    assert RecordedName(one, "", "Smeets").answers_to(other) is Fits.NO


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("Mieke", "Marion"), ("Jacques", "Jaap"), ("Maria", "Mirjam"), ("Caroline", "Charlotte"), ("Ria", "Mia")),
        *(("Elisabeth", "Ilse"), ("Johanna", "Jeanette"), ("Anna", "Annette"), ("Angelina", "Angelique")),
        *(("Bernardina", "Bernadette"), ("Wilhelmina", "Helma"), ("Maria", "Marianne"), ("Jos", "Sjef")),
    ],
)
def test_one_sister_does_not_pass_for_another(one: str, other: str) -> None:
    """Two forms of one name, or a name of its own that some are called by: it proves nothing and excludes nobody."""
    for recorded, given in ((one, other), (other, one)):
        assert RecordedName(recorded, "", "Smeets").answers_to(given) is Fits.MAYBE
        assert told(asked(row("1", recorded), first_name=given)) == ("none", None, [])
        rows = (row("1", recorded, birth_year=1951), row("2", given))
        assert told(asked(*rows, first_name=given)) == ("confirm", None, ["birth_year"])
        assert told(asked(*rows, first_name=given, birth_year=1984)) == ("certain", "2", [])


@pytest.mark.parametrize(
    ("father", "given"),
    [
        *(("Th.", "Theo"), ("Joh.", "Johannes"), ("Onbekend", "Jan"), ("Jan-P.", "Jan"), ("Chr", "Chris")),
        *(("n.v.t.", "Jan"), ("NVT", "Jan"), ("Baby", "Jan"), ("Zoon 2", "Jan"), ("dhr. Jansen", "Jan")),
        *(("de heer", "Jan"), ("Mevr", "Jan"), ("Joh.M", "Jan"), ("J P", "Jan"), ("Dochter Smeets", "Jan")),
        *(("Jan Willem", "Jan"), ("Jan Willem", "Johannes"), ("Wim Jan", "Jan"), ("Johannes (Jan)", "Jan")),
        *(("Jan", "Jan Willem"), ("Willem", "Jan-Willem"), ("Johannes", "Jan Willem"), ("Jan Peter", "Jan Willem")),
    ],
)
def test_a_father_whose_record_is_short_is_not_excluded(father: str, given: str) -> None:
    """An abbreviation, a placeholder, or one of several names: the son is certain by the year and not by the name."""
    rows = (row("1", father, birth_year=1951), row("2", given))
    assert told(asked(*rows, first_name=given)) == ("confirm", None, ["birth_year"])
    assert told(asked(*rows, first_name=given, birth_year=1984)) == ("certain", "2", [])
    assert told(asked(rows[0], first_name=given)) == ("none", None, [])


@pytest.mark.parametrize("name", ["Bo", "Yf", "Åse", "Олена", "Ine", "Manon", "Kindra", "Wedad"])
def test_a_short_or_foreign_name_is_a_name(name: str) -> None:
    """What looks a little like an abbreviation or a placeholder still answers."""
    assert RecordedName(name, "", "Smeets").answers_to(name) is Fits.YES
    assert RecordedName(name, "", "Smeets").answers_to("Jan") is Fits.NO


def test_a_jan_and_a_johannes_on_one_number_are_told_apart_by_the_year() -> None:
    """The broadest meaning counts for everybody, even for the one who is written exactly so."""
    rows = (row("1", "Jan", birth_year=1951), row("2", "Johannes", birth_year=2011))
    assert told(asked(*rows, first_name="Jan")) == ("confirm", None, ["birth_year"])
    assert told(asked(*rows, first_name="Jan", birth_year=1951)) == ("certain", "1", [])


def test_a_family_name_proves_its_bearer_and_excludes_no_namesake() -> None:
    """What stands behind a first name may be a second one, or a maiden name: the year decides."""
    rows = (row("1", "Sanne"), row("2", "Sanne", "Bakker", particle=None), row("3", "Thijs", "Smeets"))
    assert told(asked(*rows, first_name="Sanne Bakker")) == ("confirm", None, ["birth_year"])
    assert told(asked(rows[1], rows[2], first_name="Sanne Bakker")) == ("certain", "2", [])
    assert told(asked(rows[0], rows[2], first_name="Sanne vd Veen")) == ("certain", "1", [])
    assert told(asked(rows[0], first_name="Sanne Bakker")) == ("none", None, [])
    assert told(asked(*rows, first_name="Sanne Smeets")) == ("none", None, [])


def test_a_first_name_that_is_also_somebody_s_family_name_is_not_certain() -> None:
    """`Jan Willem` is one patient's first name and another's whole name."""
    rows = (row("1", "Jan Willem"), row("2", "Jan", "Willem", particle=None))
    assert told(asked(*rows, first_name="Jan Willem")) == ("confirm", None, ["birth_year"])


@pytest.mark.parametrize("unknown", [None, "", "?", "J.P.", "Sa\ufffdne", "\ufffd"])
def test_a_first_name_that_the_record_lacks_blocks_others_and_proves_nothing(unknown: str | None) -> None:
    """It may be anybody's: with a year that excludes it the other is certain, alone it is never."""
    rows = (row("1", unknown, birth_year=1990), row("2", "Sanne"))
    assert told(asked(*rows, first_name="Sanne")) == ("confirm", None, ["birth_year"])
    assert told(asked(*rows, first_name="Sanne", birth_year=1984)) == ("certain", "2", [])
    assert told(asked(*rows, first_name="Sanne", birth_year=1990)) == ("none", None, [])
    assert told(asked(rows[0], first_name="Sanne")) == ("none", None, [])
    assert told(asked(rows[0], birth_year=1990)) == ("certain", "1", [])


def test_a_birth_year_that_the_record_lacks_blocks_others_and_proves_nothing() -> None:
    """Likewise."""
    rows = (row("1", "Sanne", birth_year=None), row("2", "Sanne"))
    assert told(asked(*rows, birth_year=1984)) == ("confirm", None, ["first_name"])
    assert told(asked(*rows, first_name="Sanne", birth_year=1984)) == ("none", None, [])
    assert told(asked(rows[0], birth_year=1984)) == ("none", None, [])
    assert told(asked(rows[0], first_name="Sanne")) == ("certain", "1", [])


def test_a_family_name_that_was_not_decoded_may_be_the_given_one() -> None:
    """Somebody whose record reads `V�en` may well be the Sanne van der Veen who writes."""
    rows = (row("1", "Sanne", "V\ufffden", birth_year=1990), row("2", "Sanne"))
    assert told(asked(*rows, first_name="Sanne van der Veen")) == ("confirm", None, ["birth_year"])
    assert told(asked(rows[0], first_name="Sanne van der Veen")) == ("none", None, [])
    assert told(asked(rows[0], first_name="Sanne")) == ("certain", "1", [])


def test_the_reply_says_no_more_than_it_must() -> None:
    """The key becomes a token; of the facts that were asked nothing comes back."""
    reply = asked(row("1", "Sanne", arrears="J"), first_name="Sanne", birth_year=1984)
    assert reply.model_dump(exclude_defaults=True) == {
        "match": "certain",
        "patient": "1",
        "name": "van der Veen",
        "hand_off": ["arrears"],
    }
