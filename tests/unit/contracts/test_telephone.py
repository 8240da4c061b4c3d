"""Numbers as backends store them: several in a field, with what people wrote around them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.telephone import normalise_telephone, telephones_in

MOBILE, LANDLINE = "+31610001001", "+31433001001"


@pytest.mark.parametrize(
    "text",
    [
        *("06-10001001", "31610001001", "0031610001001", "+31 (0)6 1000 1001", "+31(0)6-10001001", "610001001"),
        *("tel. 06-10001001", "06-10001001 (dochter)", "2e nr: 06-10001001", "06-10001001 (2)", "06-1000\u20131001"),
        *("06-10001001 na 18.00 uur", "06\u00a010001001", "06\u200b10001001", "bel 06.1000.1001!"),
    ],
)
def test_one_number_with_anything_around_it(text: str) -> None:
    """A remark before or behind takes nothing away."""
    assert telephones_in(text) == {MOBILE}


@pytest.mark.parametrize(
    "text",
    [
        *("06-10001001 / 043-3001001", "06-10001001/043-3001001", "043/3001001/06-10001001", "0610001001 0433001001"),
        *("043 300 10 01 06 1000 1001", "thuis 043-3001001, mob. 06 10001001", "06-10001001 of 0031 43 300 10 01"),
        *("+31610001001+31433001001", "06-10001001 + 043-3001001", "(043) 3001001 (06) 10001001"),
    ],
)
def test_two_numbers_in_one_field(text: str) -> None:
    """Whatever stands between them, each is found, and no third one."""
    assert telephones_in(text) == {MOBILE, LANDLINE}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("043-3001001 / 3001002", {LANDLINE}),  # without an area code it is nobody's number
        ("06-10001001 / 02", {MOBILE}),
        ("06-1000 (dochter) 1001", set()),  # a remark joins no halves
        ("06-\ufffd0001001", set()),
        ("06-1000100", set()),
        ("06-100010011", set()),
        ("+32 470 12 34 56 / 06-10001001", {"+32470123456", MOBILE}),
        ("onbekend", set()),
        ("", set()),
    ],
)
def test_nothing_is_made_up(text: str, found: set[str]) -> None:
    """What is no number stays none, and does not take its neighbour along."""
    assert telephones_in(text) == found


@given(
    st.sampled_from(("0610001001", "+31433001001", "0032470123456", "31610001001")),
    st.lists(st.sampled_from(("", "", "", " ", "-", ".", "/", "\u00a0", " - ")), min_size=13, max_size=13),
)
@settings(max_examples=200, deadline=None)
def test_what_a_caller_may_type_is_found_where_it_is_stored(digits: str, between: list[str]) -> None:
    """Wherever people break a number, the strict reading and the reading of stored texts agree."""
    spelled = "".join(digit + gap for digit, gap in zip(digits, between, strict=False))
    assert telephones_in(spelled) == {normalise_telephone(spelled)}
