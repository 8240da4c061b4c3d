"""Over generated contact books: who is certain is exactly the one whom a brute-force reading of the book leaves over.

The oracle shares nothing with the code: it knows by construction which number, person and family each spelling means.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from adapters.intramed.patients import identify
from contracts.practice import FindPatientRequest


@dataclass(frozen=True)
class Name:
    """A way to write a name: who is registered so, who is called so, and who perhaps is."""

    form: str
    of: str | None = None
    called: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    @property
    def persons(self) -> frozenset[str]:
        return self.called | self.perhaps | {self.of or self.form}


def called(form: str, *persons: str, perhaps: tuple[str, ...] = ()) -> Name:
    return Name(form, None, frozenset(persons), frozenset(perhaps))


NAMES: dict[str, Name] = {
    "Jan": called("Jan", "Johannes"),
    "Johannes": Name("Johannes", "Johannes"),
    "Sjeng": called("Sjeng", "Johannes"),
    "Bert": called("Bert", "Albertus", "Engelbertus", "Gijsbertus", "Hubertus", "Lambertus", "Robertus"),
    "Bèr": called("Bèr", "Albertus", "Engelbertus", "Gijsbertus", "Hubertus", "Lambertus"),
    "Huub": called("Huub", "Hubertus"),
    "Hub": called("Huub", "Hubertus"),
    "Lambertus": Name("Lambertus", "Lambertus"),
    "Tiny": called("Tiny", "Hubertina", "Martina", "Martinus"),
    "Martinus": Name("Martinus", "Martinus"),
    "Martina": Name("Martina", "Martina"),
    "Maria": Name("Maria", "Maria"),
    "Mieke": called("Mieke", "Maria"),
    "Ria": called("Ria", "Maria", "Catharina", "Hendrika"),
    "Marion": called("Marion", perhaps=("Maria",)),
    "Zoë": Name("Zoë"),
    "Zoe": Name("Zoë"),
    "Jürgen": Name("Jürgen"),
    "Jurgen": Name("Jurgen"),
    "Juergen": Name("Juergen"),
    "Wim": called("Wim", "Wilhelmus", "Wilhelmina"),
    "Willem": Name("Willem", "Wilhelmus"),
    "Jan-Willem": Name("Jan-Willem", words=("Jan", "Willem")),
    "Jan Willem": Name("Jan-Willem", words=("Jan", "Willem")),
    "Femke": Name("Femke"),
}
SPELLED_ALIKE = ({"Jürgen", "Jurgen"}, {"Jürgen", "Juergen"})
UNKNOWN_NAMES = (None, "J.", "Fem\ufffde", "?", "", "Joh.", "Th", "Jan-W.", "Onbekend", "dhr Jan", "Baby 2")
# Tussenvoegsel and family name on the record, and how people write it behind a first name. None: it cannot be told.
FAMILIES: dict[str | None, tuple[str | None, str, tuple[str, ...]]] = {
    "van der Veen": ("van der", "Veen", ("van der Veen", "v.d. Veen", "VD VEEN", "v/d veen", "Veen")),
    "Bakker": (None, "Bakker", ("Bakker", "bakker")),
    "'t Hart": ("'t", "Hart", ("'t Hart", "het Hart", "Hart")),
    "Müller": ("", "Müller", ("Müller", "Muller", "Mueller")),
    None: ("van der", "V\ufffden", ()),
}
NUMBERS = {
    "+31610001001": ("06-10001001", "0031 6 1000 1001", "31610001001", "+31 (0)6 10 00 10 01", "06/1000.1001"),
    "+31610002002": ("0610002002", "06 1000 2002", "+31610002002", "06\u00a010002002"),
    "+31433001001": ("043-3001001", "(043) 300 10 01", "0031433001001"),
    "+31201001001": ("020-1001001", "020 100 10 01"),  # ends like the first one
}
YEARS = (1951, 1984, 2011)


@dataclass(frozen=True)
class Patient:
    """A patient and what the oracle knows of the record."""

    key: str
    first_name: str | None
    family: str | None
    birth_year: int | None
    fields: tuple[tuple[str, frozenset[str]], ...]

    def rows(self) -> list[dict[str, Any]]:
        """The record as the statement returns it: a row for each field with numbers."""
        particle, family, _ = FAMILIES[self.family]
        return [
            {
                "patient": self.key,
                "first_name": self.first_name,
                "particle": particle,
                "family_name": family,
                "birth_year": self.birth_year,
                "arrears": "N",
                "telephone": text,
            }
            for text, _ in self.fields
        ]


@dataclass(frozen=True)
class Facts:
    """What somebody tells, and what it means."""

    number: str
    first_name: str | None = None
    behind: str | None = None
    family: str | None = None
    birth_year: int | None = None

    def request(self, spell: str) -> FindPatientRequest:
        first_name = self.first_name
        if first_name is not None:
            first_name = f"{first_name} {self.behind}" if self.behind else first_name
            first_name = {
                "upper": first_name.upper(),
                "lower": first_name.lower(),
                "decomposed": unicodedata.normalize("NFD", first_name),
                "blanks": f"  {first_name} ",
            }.get(spell, first_name)
        return FindPatientRequest(telephone=self.number, first_name=first_name, birth_year=self.birth_year)


def satisfies(patient: Patient, facts: Facts) -> str:
    """Brute force: yes, no, or maybe, fact by fact."""
    said = {"yes" if any(facts.number in numbers for _, numbers in patient.fields) else "no"}
    if facts.birth_year is not None:
        said.add({None: "maybe", facts.birth_year: "yes"}.get(patient.birth_year, "no"))
    if facts.first_name is not None:
        said.add(_is_called(patient, facts))
    return next(word for word in ("no", "maybe", "yes") if word in said)


def _is_called(patient: Patient, facts: Facts) -> str:
    assert facts.first_name is not None
    if patient.first_name in UNKNOWN_NAMES:
        return "maybe"
    recorded, told = NAMES[str(patient.first_name)], NAMES[facts.first_name]
    if _one_name(recorded, told) and (facts.behind is None or patient.family == facts.family):
        return "yes"
    pairs = [(one, other) for one in _with_words(recorded) for other in _with_words(told)]
    return "maybe" if any(_one_name(*pair) or pair[0].persons & pair[1].persons for pair in pairs) else "no"


def _one_name(one: Name, other: Name) -> bool:
    """The same form, or a registered name and what its bearers are called; never two forms of one name."""
    alike = one.form == other.form or {one.form, other.form} in SPELLED_ALIKE
    return alike or one.of in other.called or other.of in one.called


def _with_words(name: Name) -> list[Name]:
    return [name, *(NAMES[word] for word in name.words)]


def expected(book: list[Patient], facts: Facts) -> tuple[str, str | None, list[str]]:
    said = {patient.key: satisfies(patient, facts) for patient in book}
    possible = [key for key, word in said.items() if word != "no"]
    proven = [key for key, word in said.items() if word == "yes"]
    if len(possible) == 1 and proven == possible:
        return ("certain", proven[0], [])
    missing = [name for name in ("first_name", "birth_year") if getattr(facts, name) is None]
    return ("confirm", None, missing) if proven and missing else ("none", None, [])


@st.composite
def stored_numbers(draw: st.DrawFn) -> tuple[str, frozenset[str]]:
    """One field as somebody typed it: a number or two, a remark in any place, or no number at all."""
    numbers = draw(st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=2, unique=True))
    spelled = [draw(st.sampled_from(NUMBERS[number])) for number in numbers]
    between = draw(st.sampled_from((" / ", "/", ", ", " of ", "; ")))
    before, behind = draw(st.sampled_from((("", ""), ("tel. ", ""), ("", " (dochter)"), ("thuis: ", " na 18 uur"))))
    if draw(st.integers(0, 19)) == 0:
        return ("onbekend", frozenset())
    return (before + between.join(spelled) + behind, frozenset(numbers))


@st.composite
def patients(draw: st.DrawFn, key: int) -> Patient:
    known = draw(st.integers(0, 5)) > 0
    return Patient(
        key=f"{key:08}",
        first_name=draw(st.sampled_from(sorted(NAMES) if known else UNKNOWN_NAMES)),
        family=draw(st.sampled_from(list(FAMILIES))),
        birth_year=draw(st.sampled_from((*YEARS, *YEARS, None))),
        fields=tuple(draw(st.lists(stored_numbers(), min_size=1, max_size=2))),
    )


@st.composite
def books(draw: st.DrawFn) -> list[Patient]:
    return [draw(patients(key)) for key in range(draw(st.integers(1, 6)))]


@st.composite
def questions(draw: st.DrawFn, book: list[Patient]) -> Facts:
    """Facts about somebody of the book, any of which may be somebody else's or left out."""
    about = draw(st.sampled_from(book))
    numbers = sorted(set().union(*(numbers for _, numbers in about.fields)))
    number = draw(st.sampled_from(numbers or sorted(NUMBERS)))
    own = about.first_name if about.first_name in NAMES else "Femke"
    like = [name for name, means in NAMES.items() if means.persons & NAMES[str(own)].persons]
    first_name = draw(
        st.sampled_from((None, own, own, draw(st.sampled_from(like)), draw(st.sampled_from(sorted(NAMES)))))
    )
    family = draw(st.sampled_from([name for name in (about.family, "Bakker", "van der Veen") if name]))
    behind = draw(st.one_of(st.none(), st.none(), st.sampled_from(FAMILIES[family][2])))
    year = draw(st.sampled_from((None, about.birth_year, about.birth_year, draw(st.sampled_from(YEARS)))))
    return Facts(number, first_name, behind, family, year)


def test_certain_means_that_exactly_one_patient_satisfies_every_fact() -> None:
    """And who is the only one, with every asked fact on record, is found; checked against the oracle both ways."""
    seen: Counter[str] = Counter()

    @settings(max_examples=600, deadline=None)
    @given(st.data())
    def against_the_oracle(data: st.DataObject) -> None:
        book = data.draw(books())
        facts = data.draw(questions(book))
        spell = data.draw(st.sampled_from(("as is", "upper", "lower", "decomposed", "blanks")))
        rows = data.draw(st.permutations([row for patient in book for row in patient.rows()]))
        reply = identify(facts.request(spell), rows)
        event(reply.match)
        seen[reply.match] += 1
        seen["certain by name"] += reply.match == "certain" and facts.first_name is not None
        seen["certain among several"] += reply.match == "certain" and _share(book, facts.number) > 1
        if reply.match == "certain":
            satisfying = [patient.key for patient in book if satisfies(patient, facts) != "no"]
            assert satisfying == [reply.patient]
        assert (reply.match, reply.patient, list(reply.ask_for)) == expected(book, facts)

    against_the_oracle()
    examples = seen["certain"] + seen["confirm"] + seen["none"]
    # Seen: 32 to 38 in 100 certain, about half of them among several people of one number.
    assert min(seen["certain"], seen["confirm"], seen["none"]) > examples / 10, seen
    assert min(seen["certain by name"], seen["certain among several"]) > examples / 20, seen


def _share(book: list[Patient], number: str) -> int:
    return sum(any(number in numbers for _, numbers in patient.fields) for patient in book)
