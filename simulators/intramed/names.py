"""Invented names and places of the Maastricht area, and a few fixed people that tests and the demo call by name."""

from dataclasses import dataclass
from datetime import date
from typing import Final

CLINICS: Final = (
    ("MCEN", "Fysio Céramiquekade", "Maastricht", "043-3000111"),
    ("MWYC", "Fysio 't Wyckerhof", "Maastricht", "043 300 02 22"),
    ("MEER", "Praktijk Geulzicht", "Meerssen", "(043) 3000333"),
    ("EIJS", "Beweegcentrum Breusterhof", "Eijsden", "043-300.04.44"),
)

FIRST_NAMES: Final = (
    *("Noor", "Daan", "Thijs", "Sanne", "Femke", "Jeroen", "Zoë", "Chloë", "René", "Renée", "Anaïs", "Loïs", "Joëlle"),
    *("Jan", "Piet", "Truus", "Wilhelmina", "Sjef", "Mia", "Lei", "Tiny", "Harrie", "Bèr", "Sjeng", "Marie-José"),
    *("Fatima", "Yusuf", "Agnieszka", "Björn", "Jürgen", "Maïté", "Esmée", "André", "Hélène", "Gaétan", "Cécile"),
)

FAMILY_NAMES: Final = (
    *(
        ("", "Jansen"),
        ("", "Janssen"),
        ("", "Hendriks"),
        ("", "Römkens"),
        ("", "Crützen"),
        ("", "Noël"),
        ("", "Daniëls"),
    ),
    *(("", "Smeets"), ("", "Vluggen"), ("", "Theunissen"), ("", "Hameleers"), ("", "Pâques"), ("", "Müller")),
    *(
        ("van der", "Veen"),
        ("van den", "Boorn"),
        ("van", "Aken"),
        ("van de", "Weijer"),
        ("de", "Bruijn"),
        ("de", "Groot"),
    ),
    *(("'t", "Hart"), ("in 't", "Veld"), ("op den", "Camp"), ("ter", "Horst"), ("von", "Berg"), ("", "Çelik")),
    *(("", "Yilmaz"), ("", "Kowalski"), ("", "Debougnoux"), ("d'", "Hondt"), ("", "Peeters-Simoëns")),
)

STREETS: Final = (
    *("Bosscherweg", "Kastanjelaan", "Sint Annadal", "Gouverneur Houbenlaan", "Oude Tweebergenpoort"),
    *("Dorine Verschureplein", "Geulhemmerberg", "Breusterstraat", "Bèrnardusstraat"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A patient who is in every generated practice, with the numbers as somebody typed them."""

    number: str
    first_name: str | None
    particle: str | None
    family_name: str
    born: date | None
    telephones: tuple[str, ...]
    arrears: bool = False
    remark: str | None = None


BSN: Final = "999911120"
INSURANCE: Final = "NL-0087654321"
FAMILY_NUMBER: Final = "06-1000 2002"

FIXED: Final = (
    Person("00000101", "Noor", None, "Jansen", date(1987, 4, 12), ("06-10001001", "043 - 300 10 01")),
    Person("00000102", "Thijs", "van der", "Veen", date(1979, 9, 30), (FAMILY_NUMBER, "0031 6 1000 1002")),
    Person("00000103", "Sanne", "van der", "Veen", date(1984, 2, 3), ("+31 (0)6 10002002 (partner Thijs)",)),
    Person("00000104", "Jan", "van der", "Veen", date(1951, 7, 19), ("0610002002 zoon",)),
    Person("00000105", "Jan", "van der", "Veen", date(2011, 7, 19), ("06.1000.2002",)),
    Person("00000106", "Lotte", None, "Crützen", date(2014, 5, 8), ("06-10003003 moeder",)),
    Person("00000107", "Lotte", "de", "Groot", date(2014, 11, 2), ("06 10 00 30 03",)),
    Person(
        "00000108",
        "Hélène",
        "'t",
        "Hart",
        date(1938, 1, 25),
        ("043-3001008", "06-10001008 (dochter)"),
        True,
        f"BSN {BSN} van oude kaart overgenomen",
    ),
    Person("00000109", "René", "in 't", "Veld", date(1962, 12, 31), ("06/10001009",)),
    Person("00000110", None, "", "Noël", None, ("06\u00a010001010",)),
)
"""102 to 105 share one number; 106 and 107 share one and cannot be told apart by first name and birth year."""
