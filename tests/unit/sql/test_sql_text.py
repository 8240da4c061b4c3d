import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from adapters.sql.charset import REPLACED, decoded, lenient
from adapters.sql.text import TidyText, tidy

AWKWARD = st.text(
    st.sampled_from("aeJ \t\n\r\x0b\x85\xa0\xad\u0301\u0308\u200b\u200d\u2028\u202a\u2060\u3000\ufeff\ufffd")
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Jansen      ", "Jansen"),
        (" van  der\tVeen ", "van der Veen"),
        ("06\u00a010001010", "06 10001010"),
        ("\u00a0Jansen\u00a0\u00a0", "Jansen"),
        ("Jan\u200bsen\ufeff", "Jansen"),
        ("\u202a+31 6 10001010\u202c", "+31 6 10001010"),
        ("\u2068Jansen\u2069", "Jansen"),
        ("Jan\u00adsen", "Jansen"),
        ("Zoe\u0308", "Zoë"),
        ("Zoe\u200b\u0308", "Zoë"),
        ("een  \r\n\r\n twee ", "een\n\ntwee"),
        ("een\rtwee\x85drie\u2028vier", "een\ntwee\ndrie\nvier"),
        ("Vries\ufffd ", "Vries\ufffd"),
        ("", ""),
    ],
)
def test_tidy_text_reads_as_people_write_it(written: str, read: str) -> None:
    """Padding, invisible characters and decomposed letters go; line breaks stay."""
    assert tidy(written) == read


@given(st.text() | AWKWARD)
def test_tidy_text_is_tidy(written: str) -> None:
    """Once is enough; nothing is padded, no line is, no blank follows another, and all is in NFC."""
    once = tidy(written)
    assert tidy(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "  " not in once
    assert all(line == line.strip() for line in once.split("\n"))


@given(st.text() | AWKWARD)
def test_nothing_visible_is_lost(written: str) -> None:
    """The letters are the same, one by one."""

    def letters(text: str) -> str:
        return "".join(each for each in unicodedata.normalize("NFC", text) if each.isalnum() or each == REPLACED)

    assert letters(tidy(written)) == letters("".join(each for each in written if unicodedata.category(each) != "Cf"))


@pytest.mark.parametrize("codec", ["cp1252", "utf-8", "iso8859-1", "cp850"])
@given(data=st.binary())
def test_lenient_decoding_loses_nothing(codec: str, data: bytes) -> None:
    """Whatever the bytes: they can be had back, through the error handler that every driver uses."""
    text = data.decode(lenient(codec), "strict")
    assert text.encode(codec, "surrogateescape") == data
    assert decoded(text, codec, "utf-8") == data.decode("utf-8", "replace")
    assert not any("\ud800" <= each <= "\udfff" for each in decoded(text, codec))


def test_lenient_encoding_is_strict() -> None:
    """A parameter is never changed on its way."""
    assert "Zoë".encode(lenient("cp1252")) == b"Zo\xeb"
    with pytest.raises(UnicodeEncodeError):
        "💧".encode(lenient("cp1252"))


def test_an_unknown_codec_is_refused() -> None:
    """At once, and not at the first row."""
    with pytest.raises(LookupError):
        lenient("win9999")


@pytest.mark.parametrize(
    ("stored", "override", "read"),
    [
        (b"Jansen    ", None, "Jansen"),
        (b"Vries\x81\x8d", None, "Vries\ufffd\ufffd"),
        ("Zoë".encode(), "utf-8", "Zoë"),
        (b"Zo\xc3", "utf-8", "Zo\ufffd"),
        (b"Zo\x89", "cp850", "Zoë"),
    ],
)
def test_a_column_is_read_in_its_own_character_set(stored: bytes, override: str | None, read: str) -> None:
    """The connection's, unless the column has another; what is no character there is U+FFFD."""
    column, dialect = TidyText("cp1252", override), sqlite.dialect()
    assert column.process_result_value(stored.decode(lenient("cp1252")), dialect) == read
    assert column.process_bind_param(" as it is ", dialect) == " as it is "


@pytest.mark.parametrize("value", [None, 7])
def test_what_is_no_text_stays(value: object) -> None:
    """NULL is not an empty text."""
    assert TidyText("cp1252").process_result_value(value, sqlite.dialect()) is value
