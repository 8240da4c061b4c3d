"""Names: invented, one to one, written as they were, and nobody's."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.intramed.names import NICKNAMES, RecordedName, folded
from shim.pseudonyms.avoiding import NOTHING
from shim.pseudonyms.codes import Codes
from shim.pseudonyms.invented import _CODAS, _MIDDLES, _NUCLEI, _ONSETS, _VOWELS, NO_LETTER, invent
from shim.pseudonyms.kinds import What
from shim.pseudonyms.names import Names
from shim.pseudonyms.spelling import skeleton
from simulators.intramed.names import FAMILY_NAMES, FIRST_NAMES
from tests.unit.shim.pseudonyms.rewritten import KEY, Rewritten

NAMES = Names(KEY, NOTHING, Codes(KEY, NOTHING))


def of(kind: str, text: str) -> str:
    return NAMES.words(What(kind), text)


@pytest.mark.parametrize("spellings", [("Zoë", "Zoe", "ZOË", "zoe"), ("Çelik", "Celik", "CELIK"), ("Noël", "Noel")])
def test_the_spellings_of_one_name_stay_spellings_of_one(spellings: tuple[str, ...]) -> None:
    """Case and diacritics are kept, and are all that they differ by."""
    new = [of("family_name", each) for each in spellings]
    assert len({skeleton(each) for each in new}) == 1
    assert [each.isascii() for each in new] == [each.isascii() for each in spellings]
    assert [(each.isupper(), each.islower()) for each in new] == [
        (each.isupper(), each.islower()) for each in spellings
    ]


def test_diacritics_stand_in_every_latin_character_set() -> None:
    """A WIN1252 or Latin-1 column can hold what comes out, and nobody writes it with two letters."""
    new = "".join(of("first_name", f"Zo{letter}{at}ë") for at in "abcdefgh" for letter in "abcdefgh")
    assert new.encode("cp1252")
    assert new.encode("latin-1")
    assert not set(new) & set("äöüåøß")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("van der Veen", r"van der [A-Z]\w+"),
        ("'t Hart", r"'t [A-Z]\w+"),
        ("in 't Veld", r"in 't [A-Z]\w+"),
        ("d'Hondt", r"d'[A-Z]\w+"),
        ("Peeters-Simoëns", r"[A-Z]\w+-[A-Z]\w+"),
        ("Veen, van der", r"[A-Z]\w+, van der"),
        ("onbekend", "onbekend"),
        ("?", r"\?"),
        ("Bij", "(?!Bij)[A-Z][a-z]+"),
    ],
)
def test_what_is_no_name_is_kept(name: str, form: str) -> None:
    """Particles, apostrophes, hyphens, and what a desk types into a field that must not be empty."""
    new = of("family_name", name)
    assert re.fullmatch(form, new)
    assert not {"Veen", "Hart", "Veld", "Hondt", "Peeters"} & set(re.findall(r"\w+", new))


def test_initials_and_first_names_agree() -> None:
    """The same letter becomes the same letter in both, and two letters never one."""
    first = {name: of("first_name", name) for name in FIRST_NAMES}
    for name, new in first.items():
        assert of("initials", f"{name[0]}.") == f"{skeleton(new[0]).upper()}."
    letters = [of("initials", chr(ord("A") + at)) for at in range(26)]
    assert sorted(letters) == [chr(ord("A") + at) for at in range(26)]
    assert letters != sorted(letters)


@pytest.mark.parametrize("name", ["J.P.", "Th.", "J. P. M."])
def test_an_abbreviated_first_name_stays_one(name: str) -> None:
    """It has the same points and as many letters."""
    new = of("first_name", name)
    assert re.sub(r"[A-Za-z]", "x", new) == re.sub(r"[A-Za-z]", "x", name)


def test_a_full_name_is_made_of_its_parts() -> None:
    """As the same names become in columns of their own."""
    first, family = of("first_name", "Noor"), of("family_name", "van der Veen")
    assert of("full_name", "Noor van der Veen") == f"{first} {family}"
    assert of("full_name", "Veen, Noor") == f"{family.removeprefix('van der ')}, {first}"
    assert of("full_name", "Mevr. N. Veen") == f"Mevr. {of('initials', 'N')}. {family.removeprefix('van der ')}"


FORMS = frozenset(
    form
    for line in NICKNAMES.read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for names in line.split("\t")
    for name in names.lstrip("?").split("/")
    for form in folded(name)
)


def syllables() -> re.Pattern[str]:
    """Return what every invented first or family name looks like, from what it is made of."""
    middle, vowel, nucleus, coda = ("|".join(part) for part in (_MIDDLES, _VOWELS, _NUCLEI, _CODAS))
    return re.compile(
        rf"(?:[a-z]|{'|'.join(_ONSETS)}|[aeiou](?:{middle}))(?:{nucleus})(?:{middle})(?:{vowel})(?:{middle})(?:{vowel})(?:{coda})"
    )


def test_no_invented_name_is_on_the_list_of_nicknames() -> None:
    """No form of the list can come out: their syllables differ."""
    assert len(FORMS) > 500
    for number in range(3000):
        digest = bytes([97 + number % 26]) + number.to_bytes(15, "big")
        assert syllables().fullmatch(invent("first_name", digest, 0))
        assert syllables().fullmatch(invent("family_name", NO_LETTER + digest[1:], 0))
    assert [form for form in FORMS if syllables().fullmatch(form)] == []


def test_names_are_pronounced_and_many() -> None:
    """Ten thousand draws, hardly one of them twice: there are more than a hundred million."""
    drawn = {invent("family_name", NO_LETTER + number.to_bytes(15, "big"), 0) for number in range(10_000)}
    assert len(drawn) >= 9_995
    assert all(re.search("[aeiou]", name) and not re.search("[^aeiou]{5}", name) for name in drawn)


def test_two_people_stay_two_for_whoever_compares_names() -> None:
    """The matching of first names tells all pseudonyms apart, and each from itself never."""
    new = [of("first_name", name) for name in FIRST_NAMES]
    for at, one in enumerate(new):
        for other in new[at + 1 :]:
            assert RecordedName(one, None, None).answers_to(other).value == "no"
        assert RecordedName(one, None, None).answers_to(skeleton(one)).value == "yes"


def test_the_profile_of_frequencies_stays(rewritten: Rewritten) -> None:
    """The commonest name is the commonest pseudonym: the mapping is one to one."""
    people = [name for at, (_, name) in enumerate(FAMILY_NAMES) for _ in range(at % 7 + 1)]
    rewritten.have(("family_name", people))
    new = [rewritten.of("family_name", name) for name in people]
    assert sorted(Counter(new).values()) == sorted(Counter(people).values())


@settings(max_examples=25, deadline=None)
@given(st.sets(st.text("abcdefghijklmnopqrstuvwxyzé", min_size=2, max_size=9), min_size=2, max_size=60))
def test_two_names_never_become_one(names: set[str]) -> None:
    """Two names that differ in more than diacritics have two pseudonyms."""
    new = {skeleton(NAMES.one(What("family_name"), name)) for name in names}
    assert len(new) == len({skeleton(name) for name in names})


def test_an_invention_that_is_an_original_steps_aside(rewritten: Rewritten) -> None:
    """Whoever is called what somebody else would become: both get other names, and it is counted."""
    would = of("family_name", "Jansen")
    rewritten.have(("family_name", ["Jansen", would]))
    new = {rewritten.of("family_name", name) for name in ("Jansen", would)}
    assert len(new) == 2
    assert not {would, "Jansen"} & new
    assert rewritten.ledger.aside == 1


@pytest.mark.parametrize("street", ["Bosscherweg", "Sint Annadal", "2e Kruisstraat", "Plein 1944"])
def test_a_street_is_another(street: str, rewritten: Rewritten) -> None:
    """Invented, and with another number where one stands behind it."""
    rewritten.have(("street", [street]))
    new = rewritten.of("street", street)
    assert isinstance(new, str)
    assert skeleton(new) != skeleton(street)
    assert rewritten.of("street", street.upper()) == new.upper()


def test_a_city_is_another_and_an_address_leads_nowhere(rewritten: Rewritten) -> None:
    """The domain of an address is one that nobody can own (RFC 2606)."""
    rewritten.have(("city", ["Maastricht", "Den Haag"]), ("email", ["Noor.Jansen@mail.test"]))
    assert {rewritten.of("city", "Maastricht"), rewritten.of("city", "Den Haag")} & {"Maastricht", "Den Haag"} == set()
    address = rewritten.of("email", "Noor.Jansen@mail.test")
    assert re.fullmatch(r"[a-z]+\.[a-z]+@[a-z]+\.example", str(address))
    assert rewritten.of("email", "noor.jansen@mail.test") == address
