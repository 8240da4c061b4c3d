import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.nl import bsn

from contracts.bsn import REPLACEMENT, has_bsn, replace_bsn
from contracts.telephone import normalise_telephone

MOBILE = "610001000"
"""A mobile number without its zero that passes the check of a BSN, as one in eleven does."""
OWN = (f"+31{MOBILE}",)
BSNS = ["999911120", "999993653", "999991723", "555555021"]


@pytest.mark.parametrize("number", BSNS)
@pytest.mark.parametrize(
    "spelling",
    [
        "{0}",
        "{0:.3}.{1:.3}.{2}",
        "{0:.4} {3:.2} {2}",
        "{0:.4}-{3:.2}-{2}",
        "{0:.4} - {4}",
        "{0:.4}\u2013{4}",
        "{0:.4}\u200b{4}",
        "{0:.4}\u00ad{4}",
        "{0:.4}\ufeff{4}",
        "{0:.4}\u00a0{4}",
        "{0:.4}\x00{4}",
        "{5}",
        "{6}",
    ],
)
def test_a_bsn_is_found_however_it_is_written(number: str, spelling: str) -> None:
    """Separators, no-break spaces, invisible characters and digits that are wide or Arabic hide nothing."""
    wide, arabic = ("".join(chr(zero + int(digit)) for digit in number) for zero in (0xFF10, 0x0660))
    written = spelling.format(number, number[3:], number[6:], number[4:], number[4:], wide, arabic)
    assert has_bsn(f"mijn bsn is {written}, dank")
    assert replace_bsn(f"mijn bsn is {written}, dank", ()) == (f"mijn bsn is {REPLACEMENT}, dank", 1)


@pytest.mark.parametrize("between", ["/", ",", "_", "\n", "\r\n", "/ "])
@pytest.mark.parametrize("ends", [(3, 6), (4, 6), (4, 7)])
def test_usual_groups_may_have_any_separator_between(between: str, ends: tuple[int, int]) -> None:
    """A slash, comma, underscore or line break joins the groups in which people write one, alone and nothing else."""
    one, two = ends
    written = between.join(["999911120"[:one], "999911120"[one:two], "999911120"[two:]])
    expected = f"kamer 14, {REPLACEMENT if between != '/ ' else written}"
    assert replace_bsn(f"kamer 14, {written}", ())[0] == expected
    assert not has_bsn(between.join(["99", "9911", "120"]))


@pytest.mark.parametrize(
    "text",
    [
        "huisnummer 14, 5017 AB",
        "999911121",
        "9999111200",
        "12",
        "9999\n11120",
        "00000000 000000000",
        "19-11-2026, 2026-11-19, 19.11.2026",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """What fails the check, has another length, or is a date is no BSN."""
    assert replace_bsn(text, ()) == (text, 0)


def test_a_date_that_passes_the_check_stays() -> None:
    """One date in eleven does; without its separators it is a number like any other."""
    day = next(f"{day:02d}-11-2026" for day in range(1, 31) if bsn.is_valid(f"{day:02d}112026"))
    assert replace_bsn(f"gebeld op {day}", ()) == (f"gebeld op {day}", 0)
    assert has_bsn(day.replace("-", ""))


def test_several_are_counted() -> None:
    """Each is replaced for itself; what stands between them stays."""
    assert replace_bsn("14 999911120, 999993653;555555021", ()) == ("14 [BSN], [BSN];[BSN]", 3)


@pytest.mark.parametrize(
    "spelling",
    ["06-{0}", "06 {0}", "0{1}", "+31 {1}", "+31 (0)6 {0}", "0031 6 {0}", "31 6 {0}", "31{1}", "+31.6.{0}"],
)
def test_a_complete_telephone_number_stays(spelling: str) -> None:
    """Whoever's it is: its last eight or nine digits pass the check of a BSN, and still it is a call-back number."""
    written = spelling.format(MOBILE[1:], MOBILE)
    assert normalise_telephone(written) == OWN[0]
    assert replace_bsn(f"bel {written} svp", ()) == (f"bel {written} svp", 0)
    assert not has_bsn(f"bel {written} svp")


@pytest.mark.parametrize("written", [MOBILE, f"6 {MOBILE[1:]}", f"31 {MOBILE}", f"6-{MOBILE[1:5]}-{MOBILE[5:]}"])
def test_a_tenants_own_number_stays_without_its_zero(written: str) -> None:
    """Nine digits that are this tenant's number stay; anybody else's may be a BSN."""
    assert replace_bsn(f"bel {written}", OWN) == (f"bel {written}", 0)
    if not written.startswith("31"):
        assert replace_bsn(f"bel {written}", ("+31610001001",)) == ("bel [BSN]", 1)


@pytest.mark.parametrize("between", [": ", ":", "_", "*", "\n", "\r\n", " -- "])
@pytest.mark.parametrize("prefix", ["06", "+31 6"])
def test_what_separates_a_prefix_does_not_cost_the_number(prefix: str, between: str) -> None:
    """The eight digits behind 06 pass the check of a BSN, and still belong to a call-back number."""
    assert bsn.is_valid("10001001")
    text = f"bel {prefix}{between}10001001 svp"
    assert replace_bsn(text, ()) == (text, 0)


@pytest.mark.parametrize("between", [", ", ",", ". ", "\n", ": ", " / "])
def test_house_number_31_is_no_country(between: str) -> None:
    """A BSN behind it would be a complete number; 31 and a pause are not how one writes a telephone number."""
    assert normalise_telephone("31555555021") == "+31555555021"
    assert replace_bsn(f"huisnummer 31{between}555555021", ()) == (f"huisnummer 31{between}[BSN]", 1)


def test_a_bsn_beside_a_telephone_number_is_found() -> None:
    """Neither hides the other."""
    text = f"06-{MOBILE[1:]} 999911120 013-5551234"
    assert replace_bsn(text, OWN) == (f"06-{MOBILE[1:]} [BSN] 013-5551234", 1)


@settings(deadline=None)
@given(st.text(alphabet=st.one_of(st.sampled_from("0123456789 .-+()\n"), st.characters()), max_size=60))
def test_only_numbers_are_replaced(text: str) -> None:
    """The text between replaced numbers stays as it is, character for character."""
    replaced, count = replace_bsn(text, ())
    assert (count > 0) == has_bsn(text)
    pieces = replaced.split(REPLACEMENT) if count else [text]
    at = 0
    for piece in pieces:
        at = text.index(piece, at) + len(piece)
    assert count or replaced == text


@pytest.mark.parametrize("text", ["0 9 " * 1024, "999911120 " * 400, "31" * 2048, "9 9 9 9 1 1 1 2 0 " * 220])
def test_a_long_message_of_digits_ends(text: str) -> None:
    """The work grows with the text, not with what it might mean; the suite's time-out is the limit."""
    replaced, count = replace_bsn(text, OWN)
    assert len(replaced) == len(text) - count * (len("999911120") - len(REPLACEMENT)) or " " in text
