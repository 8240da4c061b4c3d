import pytest

from contracts.practice import FindPatientRequest
from contracts.telephone import telephones_in
from simulators.intramed.names import BSN, INSURANCE
from tests.integration.intramed.stage import Ask, Practice


@pytest.mark.parametrize("telephone", ["06-10001001", "+31 6 1000 1001", "0031610001001", "043-3001001"])
def test_every_spelling_of_a_number_finds_its_one_patient_without_padding(ask: Ask, telephone: str) -> None:
    """Two stored numbers in their own spelling lead to one person, whose CHAR(40) name comes back bare."""
    reply = ask("find_patient", FindPatientRequest, telephone=telephone)
    assert (reply.match, reply.patient, reply.name) == ("certain", "00000101", "Jansen")


def test_a_family_number_asks_first_and_is_certain_then(ask: Ask) -> None:
    """Four people behind one number: a question, then one person by first name."""
    asked = ask("find_patient", FindPatientRequest, telephone="0610002002")
    assert asked.model_dump() == {
        "match": "confirm",
        "patient": None,
        "name": None,
        "ask_for": ["first_name", "birth_year"],
        "hand_off": [],
        "link": None,
    }
    told = ask("find_patient", FindPatientRequest, telephone="0610002002", first_name="sanne")
    assert (told.match, told.patient, told.name) == ("certain", "00000103", "van der Veen")


def test_two_of_one_first_name_are_told_apart_by_the_birth_year(ask: Ask) -> None:
    """Grandfather and grandson Jan: the first name alone leaves two, so the year is asked."""
    named = ask("find_patient", FindPatientRequest, telephone="0610002002", first_name="Jan")
    assert (named.match, named.ask_for) == ("confirm", ["birth_year"])
    dated = ask("find_patient", FindPatientRequest, telephone="0610002002", first_name="Jan", birth_year=1951)
    assert (dated.match, dated.patient) == ("certain", "00000104")


@pytest.mark.parametrize(
    ("telephone", "first_name", "birth_year"),
    [
        ("0610003003", "Lotte", 2014),  # two people satisfy everything
        ("0610002002", "Piet", 1951),  # nobody has this first name
        ("0610002002", "Piet", None),  # asking for more cannot help
        ("0610001001", "Noor", 1986),  # the number and the name hold, the year does not
        ("0610001010", "Noor", None),  # a first name that nobody ever recorded proves nothing
        ("0610999999", None, None),  # nobody has this number
        ("020-2001001", None, None),  # the same last digits, another number
    ],
)
def test_no_guess_is_made(ask: Ask, telephone: str, first_name: str | None, birth_year: int | None) -> None:
    """Nobody, or nobody for sure, is none: a person must look."""
    reply = ask("find_patient", FindPatientRequest, telephone=telephone, first_name=first_name, birth_year=birth_year)
    assert (reply.match, reply.patient, reply.ask_for) == ("none", None, [])


@pytest.mark.parametrize("first_name", ["Hélène", "HELENE", " he\u0301le\u0300ne "])
def test_names_compare_without_case_and_marks_and_arrears_hand_off(ask: Ask, first_name: str) -> None:
    """A first name typed on a telephone is the one in the record; unpaid bills go to the front desk."""
    reply = ask("find_patient", FindPatientRequest, telephone="06-10001008", first_name=first_name, birth_year=1938)
    assert (reply.match, reply.name, reply.hand_off) == ("certain", "'t Hart", ["arrears"])


def test_nulls_and_a_no_break_space_do_not_hide_a_patient(ask: Ask) -> None:
    """Without first name and birth date on record, the number alone still decides."""
    reply = ask("find_patient", FindPatientRequest, telephone="06-10001010")
    assert (reply.match, reply.patient, reply.name) == ("certain", "00000110", "Noël")


def test_planted_identifiers_are_there_and_stay_there(ask: Ask, practice: Practice) -> None:
    """The BSN and the insurance number are in the database and in no reply, nor is the birth date."""
    assert BSN in practice.rows("select OPMERKING from PATIENT where NUMMER = '00000108'")[0][0]
    assert INSURANCE in practice.rows("select TEKST from JOURNAAL where PATIENT = '00000108' order by NUMMER")[0][0]
    reply = ask("find_patient", FindPatientRequest, telephone="06-10001008").model_dump_json()
    assert "certain" in reply
    for secret in (BSN, INSURANCE, "1938", "01-25"):
        assert secret not in reply


STORABLE = [bytes([code]) for code in range(0x20, 0x100) if code not in b"0123456789"]
SEPARATORS = [
    separator.decode("cp1252")
    for separator in STORABLE
    if separator not in {b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"}
    and telephones_in(f"06-1200{separator.decode('cp1252')}1001") == {"+31612001001"}
]
"""Every character that the database can store and our reader takes for one inside a number."""


def test_no_separator_hides_the_second_owner_of_a_number(ask: Ask, practice: Practice) -> None:
    """Whatever stands between its digits, a number of two people is never certain."""
    assert {" ", "-", "\u00a0", "_", ",", "\u00ad"} <= set(SEPARATORS)
    practice.change("update TELEFOON set NUMMER = '06-12001001' where PATIENT = '00000101'")
    for separator in SEPARATORS:
        hidden = f"06-1{separator}200{separator}1001"
        practice.change("update TELEFOON set NUMMER = ? where PATIENT = '00000110'", hidden)
        assert ask("find_patient", FindPatientRequest, telephone="0612001001").match == "confirm", repr(separator)
