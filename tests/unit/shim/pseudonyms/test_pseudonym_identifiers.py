"""Accounts, citizen service numbers and postcodes: valid or deliberately not, and never anybody's."""

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban

from contracts.bsn import is_bsn
from contracts.snapshots import Cell, Column
from shim.pseudonyms.identifiers import check_digits
from shim.pseudonyms.kinds import KINDS, What
from shim.pseudonyms.pseudonyms import NOTHING, Pseudonyms
from tests.unit.shim.pseudonyms.rewritten import KEY

PSEUDONYMS = Pseudonyms(KEY, NOTHING)


def of(kind: str, cell: Cell) -> Cell:
    return PSEUDONYMS.of(What(kind), cell, None, "")


@settings(max_examples=100, deadline=None)
@given(st.from_regex(r"[0-9]{8,9}", fullmatch=True))
def test_a_bsn_is_nobodys(bsn: str) -> None:
    """As long as the original, and it never passes the check, whether the original does or not."""
    new = str(of("bsn", bsn))
    assert len(new) == len(bsn)
    assert not is_bsn(new)


@pytest.mark.parametrize("text", ["999911120", "9999.11.120", " 999911120", "9999 11 120"])
def test_a_bsn_in_two_spellings_stays_one(text: str) -> None:
    """Groups and gaps are kept."""
    new = str(of("bsn", text))
    assert re.sub("[0-9]", "", new) == re.sub("[0-9]", "", text)
    assert re.sub("[^0-9]", "", new) == of("bsn", "999911120")


def test_bsns_stay_apart_in_eight_and_nine_digits() -> None:
    """Eight digits are nine with a zero; and no two numbers become one."""
    assert of("bsn", "012345678") == "0" + str(of("bsn", "12345678"))
    numbers = [f"{number:09d}" for number in range(99_999_500, 100_000_500)]
    assert len({of("bsn", number) for number in numbers}) == len(numbers)
    assert not is_bsn(str(of("bsn", 999911120)))


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"[A-Z]{4}[0-9]{10}", fullmatch=True))
def test_an_account_stays_valid(account: str) -> None:
    """Country and length stay, the check digits hold, and the bank is another."""
    old = f"NL{check_digits('NL', account):02d}{account}"
    new = str(of("iban", old))
    assert iban.is_valid(old, check_country=False)
    assert iban.is_valid(new, check_country=False)
    assert new[:2] == "NL"
    assert len(new) == len(old)
    assert new[4:] != old[4:]


def test_an_account_keeps_its_spelling() -> None:
    """Spaces and small letters; and what was mistyped stays mistyped."""
    new = str(of("iban", "NL91 ABNA 0417 1643 00"))
    assert re.fullmatch(r"NL\d\d [A-Z]{4} \d{4} \d{4} \d\d", new)
    assert of("iban", "nl91abna0417164300") == new.replace(" ", "").lower()
    assert not iban.is_valid(str(of("iban", "NL92ABNA0417164300")), check_country=False)


@settings(max_examples=100, deadline=None)
@given(st.from_regex(r"[1-9][0-9]{3} ?[A-Z]{2}", fullmatch=True))
def test_a_postcode_is_one(postcode: str) -> None:
    """With its space or without, and of no unused letters."""
    new = str(of("postcode", postcode))
    assert re.fullmatch(r"[1-9][0-9]{3} ?(?!SA|SD|SS)[A-Z]{2}", new)
    assert (" " in new) == (" " in postcode)
    assert of("postcode", postcode.replace(" ", "")) == new.replace(" ", "")


@pytest.mark.parametrize(("kind", "cell"), [("number", 101), ("number", -70_000), ("house_number", 12), ("bsn", 0)])
def test_whole_numbers_are_cells_too(kind: str, cell: int) -> None:
    """As many digits, and the same sign."""
    new = of(kind, cell)
    assert isinstance(new, int)
    assert len(str(new)) == len(str(cell))


def test_decimal_numbers_keep_their_point() -> None:
    """As many digits on both sides."""
    new = of("number", Decimal("1234.50"))
    assert re.fullmatch(r"[1-9]\d{3}\.\d\d", str(new))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_missing_or_blank_stays(kind: str) -> None:
    """NULL, empty and padding alone, of every kind."""
    column = Column("C", "text", 8, padded=True)
    assert PSEUDONYMS.of(What(kind), None, column, "") is None
    if kind != "null":
        assert PSEUDONYMS.of(What(kind), "", column, "") == ""
        assert PSEUDONYMS.of(What(kind), " " * 8, column, "") == " " * 8


FITTING = ("family_name", "first_name", "full_name", "street", "city", "email", "telephone", "text", "number", "iban")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FITTING), st.text(st.characters(codec="cp1252"), min_size=1, max_size=12), st.booleans())
def test_padding_and_length_hold(kind: str, text: str, padded: bool) -> None:
    """A padded text stays as long as its column, any other no longer than that, in the same character set."""
    column = Column("C", "text", 12, padded=padded)
    new = PSEUDONYMS.of(What(kind), text.ljust(12) if padded else text, column, "")
    assert isinstance(new, str)
    assert len(new) == 12 if padded else len(new) <= 12
    assert new.encode("cp1252")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FITTING), st.text(max_size=40))
def test_no_text_breaks_a_kind(kind: str, text: str) -> None:
    """Whatever characters stand in a field: control characters and emoji too; and the same again gives the same."""
    new = of(kind, text)
    assert isinstance(new, str)
    assert Pseudonyms(KEY, NOTHING).of(What(kind), text, None, "") == new


def test_flags_bytes_and_null_kinds() -> None:
    """Nothing personal is in a flag; a null kind empties."""
    assert of("keep", "Jansen") == "Jansen"
    assert of("null", "Jansen") is None
    assert of("number", True) is True
