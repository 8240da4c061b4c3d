import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.intramed.text import storable


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Crützen – € 5", "Crützen – € 5"),  # noqa: RUF001 - an en dash is what telephones type
        ("e\u0301", "é"),
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("💧", "[U+1F4A7]"),
        ("\x00\x07\x1b\x7f\x85", "[U+0000][U+0007][U+001B][U+007F][U+0085]"),
        ("zero\u200bwidth", "zero[U+200B]width"),
        ("a\tb  c ", "a\tb  c "),
    ],
)
def test_what_cannot_be_stored_stays_visible(written: str, stored: str) -> None:
    """Nothing is dropped and nothing is guessed; blanks and line breaks stay as they were typed."""
    assert storable(written, "cp1252") == stored


@given(st.text())
def test_the_result_can_be_stored_and_is_a_fixed_point(written: str) -> None:
    """Whatever a telephone sends, the result encodes, and composing it again changes nothing."""
    once = storable(written, "cp1252")
    assert once.encode("cp1252").decode("cp1252") == once
    assert storable(once, "cp1252") == once


def test_the_character_set_decides() -> None:
    """A database in UTF8 keeps the emoji that WIN1252 cannot."""
    assert storable("💧\x07", "utf-8") == "💧[U+0007]"
