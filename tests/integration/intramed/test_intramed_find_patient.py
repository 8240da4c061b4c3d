from collections.abc import Callable
from typing import Any

import pytest

from contracts.practice import FindPatientRequest
from contracts.telephone import telephones_in
from tests.integration.intramed.stage import Ask, Practice
from tests.practice_cast import Cast, spelled


@pytest.mark.parametrize("spelling", ["{dashed}", "+31 6 {first} {last}", "0031{bare}", "{other}"])
def test_every_spelling_of_a_number_finds_its_one_patient_without_padding(
    ask: Ask, practice: Practice, cast: Cast, spelling: str
) -> None:
    """Two stored numbers in their own spelling lead to one person, whose CHAR(40) name comes back bare."""
    mobile = next(number for number in cast.reachable.numbers if number.startswith("+316"))
    other = next(number for number in cast.reachable.numbers if number != mobile)
    telephone = spelling.format(
        dashed=spelled(mobile), first=mobile[4:8], last=mobile[8:], bare=mobile[3:], other=spelled(other)
    )
    reply = ask("find_patient", FindPatientRequest, telephone=telephone)
    assert (reply.match, reply.patient, reply.name) == ("certain", cast.reachable.number, cast.reachable.name)
    ((stored,),) = practice.rows("select ACHTERNAAM from PATIENT where NUMMER = ?", cast.reachable.number)
    assert len(stored) == 40


def test_a_family_number_asks_first_and_is_certain_then(ask: Ask, cast: Cast) -> None:
    """Several people behind one number: a question, then one person by first name."""
    family, number = cast.family, spelled(cast.family.number)
    asked = ask("find_patient", FindPatientRequest, telephone=number)
    assert asked.model_dump() == {
        "match": "confirm",
        "patient": None,
        "name": None,
        "ask_for": ["first_name", "birth_year"],
        "hand_off": [],
        "link": None,
    }
    first_name = (family.one.first_name or "").lower()
    told = ask("find_patient", FindPatientRequest, telephone=number, first_name=first_name)
    assert (told.match, told.patient, told.name) == ("certain", family.one.number, family.one.name)


def test_two_of_one_first_name_are_told_apart_by_the_birth_year(ask: Ask, cast: Cast) -> None:
    """Grandfather and grandson: the first name alone leaves two, so the year is asked."""
    for who in cast.family.namesakes:
        said = {"telephone": spelled(cast.family.number), "first_name": who.first_name}
        named = ask("find_patient", FindPatientRequest, **said)
        assert (named.match, named.ask_for) == ("confirm", ["birth_year"])
        dated = ask("find_patient", FindPatientRequest, **said, birth_year=who.birth_year)
        assert (dated.match, dated.patient) == ("certain", who.number)


def everything_of_twins(cast: Cast) -> tuple[str, str | None, int | None]:
    one, other = cast.twins
    (number,) = one.numbers & other.numbers
    return number, one.first_name, one.birth_year


def strange_name(cast: Cast, birth_year: int | None) -> tuple[str, str | None, int | None]:
    return cast.family.number, cast.stranger_to(*cast.family.members), birth_year


def wrong_year(cast: Cast) -> tuple[str, str | None, int | None]:
    return min(cast.alone.numbers), cast.alone.first_name, cast.alone.birth_year - 1


def same_last_digits(cast: Cast) -> tuple[str, str | None, int | None]:
    elsewhere = f"+31202{min(cast.alone.numbers)[-6:]}"
    assert telephones_in(elsewhere) == {elsewhere}
    assert not cast.holders_of(elsewhere)
    return elsewhere, None, None


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(everything_of_twins, id="two people satisfy everything"),
        pytest.param(lambda cast: strange_name(cast, cast.family.namesakes[0].birth_year), id="nobody is called so"),
        pytest.param(lambda cast: strange_name(cast, None), id="asking for more cannot help"),
        pytest.param(wrong_year, id="the number and the name hold, the year does not"),
        pytest.param(
            lambda cast: (min(cast.unnamed.numbers), cast.alone.first_name, None),
            id="a first name that nobody ever recorded proves nothing",
        ),
        pytest.param(lambda cast: (cast.unused_telephone, None, None), id="nobody has this number"),
        pytest.param(same_last_digits, id="the same last digits, another number"),
    ],
)
def test_no_guess_is_made(ask: Ask, cast: Cast, said: Callable[[Cast], tuple[str, str | None, int | None]]) -> None:
    """Nobody, or nobody for sure, is none: a person must look."""
    number, first_name, birth_year = said(cast)
    facts: dict[str, Any] = {"first_name": first_name, "birth_year": birth_year}
    reply = ask("find_patient", FindPatientRequest, telephone=spelled(number), **facts)
    assert (reply.match, reply.patient, reply.ask_for) == ("none", None, [])


@pytest.mark.parametrize("first_name", ["Hélène", "HELENE", " he\u0301le\u0300ne "])
def test_names_compare_without_case_and_marks_and_arrears_hand_off(
    ask: Ask, practice: Practice, cast: Cast, first_name: str
) -> None:
    """A first name typed on a telephone is the one in the record; unpaid bills go to the front desk."""
    debtor = cast.debtor
    renamed = "update PATIENT set ROEPNAAM = ?, TUSSENVOEGSEL = ?, ACHTERNAAM = ? where NUMMER = ?"
    practice.change(renamed, "Hélène", "'t", "Hart", debtor.number)
    facts = {"first_name": first_name, "birth_year": debtor.birth_year}
    reply = ask("find_patient", FindPatientRequest, telephone=spelled(min(debtor.numbers)), **facts)
    assert (reply.match, reply.name, reply.hand_off) == ("certain", "'t Hart", ["arrears"])


def test_nulls_and_a_no_break_space_do_not_hide_a_patient(ask: Ask, cast: Cast) -> None:
    """Without first name and birth date on record, the number alone still decides."""
    reply = ask("find_patient", FindPatientRequest, telephone=spelled(min(cast.unnamed.numbers)))
    assert (reply.match, reply.patient, reply.name) == ("certain", cast.unnamed.number, cast.unnamed.name)


def test_planted_identifiers_are_there_and_stay_there(ask: Ask, practice: Practice, cast: Cast) -> None:
    """What has the shape of an identifier is in the record and in no reply, nor is the birth date."""
    debtor = cast.debtor
    planted = practice.identifiers_of(debtor)
    assert planted
    reply = ask("find_patient", FindPatientRequest, telephone=spelled(min(debtor.numbers))).model_dump_json()
    assert "certain" in reply
    for secret in (*planted, str(debtor.birth_year), f"{debtor.born:%m-%d}"):
        assert secret not in reply


STORABLE = [bytes([code]) for code in range(0x20, 0x100) if code not in b"0123456789"]
SEPARATORS = [
    separator.decode("cp1252")
    for separator in STORABLE
    if separator not in {b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"}
    and telephones_in(f"06-1200{separator.decode('cp1252')}1001") == {"+31612001001"}
]
"""Every character that the database can store and our reader takes for one inside a number."""


def test_no_separator_hides_the_second_owner_of_a_number(ask: Ask, practice: Practice, cast: Cast) -> None:
    """Whatever stands between its digits, a number of two people is never certain."""
    assert {" ", "-", "\u00a0", "_", ",", "\u00ad"} <= set(SEPARATORS)
    number = spelled(cast.unused_telephone)
    practice.change("update TELEFOON set NUMMER = ? where PATIENT = ?", number, cast.alone.number)
    assert ask("find_patient", FindPatientRequest, telephone=number).match == "certain"
    for separator in SEPARATORS:
        hidden = f"{number[:4]}{separator}{number[4:7]}{separator}{number[7:]}"
        practice.change("update TELEFOON set NUMMER = ? where PATIENT = ?", hidden, cast.unnamed.number)
        assert ask("find_patient", FindPatientRequest, telephone=number).match == "confirm", repr(separator)
