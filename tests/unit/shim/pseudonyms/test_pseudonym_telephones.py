"""Telephone numbers: other ones of the same kind, spelled as they were."""

import re

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.telephone import telephones_in
from shim.pseudonyms.kinds import What
from shim.pseudonyms.pseudonyms import Pseudonyms
from shim.pseudonyms.telephones import _LONG_AREAS, _MOBILES, _SHORT_AREAS, numbers_in
from simulators.intramed.practice import practice_rows
from tests.unit.shim.pseudonyms.rewritten import Rewritten

TELEPHONE = What("telephone")
SPELLINGS = (
    *("06-10001001", "06 10001001", "0610001001", "(06) 10001001", "06.1000.1001", "+31 (0)6 10001001"),
    *("0031610001001", "+31610001001", "06\u00a010001001", "31610001001", "+31\u00a0(0)6\u00a010001001"),
)


def kind(number: str) -> int:
    return int(phonenumbers.number_type(phonenumbers.parse(number)))


def test_one_number_in_any_spelling_stays_one(alone: Pseudonyms) -> None:
    """All spellings become the spellings of one number, sign for sign."""
    new = [str(alone.of(TELEPHONE, text, None, "")) for text in SPELLINGS]
    (number,) = {number for text in new for number in telephones_in(text)}
    assert number != "+31610001001"
    for old, text in zip(SPELLINGS, new, strict=True):
        assert re.sub("[0-9]", "9", text) == re.sub("[0-9]", "9", old)
        assert telephones_in(text) == {number}


def test_a_field_of_the_practice_keeps_its_numbers_and_its_remarks(alone: Pseudonyms) -> None:
    """As the contract reads them: as many numbers, each valid, of the same type, and one to one over all fields."""
    fields = [str(row[3]) for row in practice_rows()["TELEFOON"][1]]
    numbers: dict[str, str] = {}
    for field in fields:
        new = str(alone.of(TELEPHONE, field, None, ""))
        assert re.sub("[0-9]", "9", new) == re.sub("[0-9]", "9", field)
        old_numbers, new_numbers = telephones_in(field), telephones_in(new)
        assert len(old_numbers) == len(new_numbers)
        for old, other in zip(old_numbers, new_numbers, strict=True):
            assert numbers.setdefault(old, other) == other
            assert kind(old) == kind(other)
            assert phonenumbers.is_valid_number(phonenumbers.parse(other))
    assert len(set(numbers.values())) == len(numbers) > 400
    assert not set(numbers) & set(numbers.values())


@pytest.mark.parametrize("text", ["geheim", "-", "?", "n.v.t.", "06", "112"])
def test_what_is_no_number_stays(text: str, rewritten: Rewritten) -> None:
    """Nothing of anybody is in it."""
    assert re.sub("[0-9]", "9", str(rewritten.of("telephone", text))) == re.sub("[0-9]", "9", text)


def test_several_numbers_and_names_in_one_field(rewritten: Rewritten) -> None:
    """Each number as it becomes alone, and a name as it becomes in its column."""
    rewritten.have(("family_name", ["Jansen"]), ("telephone", ["043-3001001", "06-10001001"]))
    landline, mobile = (str(rewritten.of("telephone", text)) for text in ("043-3001001", "06-10001001"))
    name = rewritten.text("family_name", "Jansen")
    assert (
        rewritten.of("telephone", "043-3001001 / 06-10001001 (mevr. Jansen)") == f"{landline} / {mobile} (mevr. {name})"
    )


@pytest.mark.parametrize(
    "text", ["+32 475 00 00 01", "+49 30 901820", "0800-1234", "0900 8844", "085-1234567", "097-012345678"]
)
def test_other_numbers_stay_valid_and_of_their_kind(text: str, alone: Pseudonyms) -> None:
    """Foreign and service numbers keep country, type and spelling."""
    new = str(alone.of(TELEPHONE, text, None, ""))
    assert new != text
    (old,), (other,) = telephones_in(text), telephones_in(new)
    assert kind(old) == kind(other)
    assert old[:3] == other[:3]


@pytest.mark.parametrize("text", ["12345678", "06-1000100", "043 12", "020 1234 toestel 56"])
def test_an_unreadable_number_keeps_its_shape(text: str, alone: Pseudonyms) -> None:
    """Other digits, where there were digits."""
    new = str(alone.of(TELEPHONE, text, None, ""))
    assert new != text
    assert re.sub("[0-9]", "9", new) == re.sub("[0-9]", "9", text)


@pytest.mark.parametrize("beginnings", [_MOBILES, _SHORT_AREAS, _LONG_AREAS])
def test_every_listed_beginning_is_of_valid_numbers_of_one_type(beginnings: tuple[str, ...]) -> None:
    """So that whatever is drawn is one."""
    rest = 9 - len(beginnings[0])
    numbers = [
        f"+31{beginning}{digits:0{rest}d}"
        for beginning in beginnings
        for digits in (0, 10**rest - 1, 1234567 % 10**rest)
    ]
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)
    assert len({kind(number) for number in numbers}) == 1


@settings(max_examples=80, deadline=None)
@given(
    st.text("0123456789+() -/.\u00a0\u200bae", max_size=24)
    | st.from_regex(r"(\+31|0|0031)6[0-9]{8}( x)?", fullmatch=True)
)
def test_the_numbers_found_are_those_of_the_contract(text: str) -> None:
    """Whatever is typed: what callers are found by is what is replaced."""
    _, found = numbers_in(text)
    told = {f"+{number.code}{number.national}" for number in found}
    assert told == telephones_in(text)
