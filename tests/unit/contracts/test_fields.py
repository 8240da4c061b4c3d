"""Times and telephone numbers, which every desk reads in the same way."""

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.fields import Instant, Telephone
from contracts.telephone import TelephoneError, normalise_telephone


@pytest.mark.parametrize(
    "spelling",
    [
        *("06-12345678", "0612345678", "06 12 34 56 78", "06.12.34.56.78"),
        *("+31612345678", "0031 6 12345678", "31612345678", "+31 (0)6 1234 5678"),
        *("06-12345678 (dochter)", "06-12345678 na 18 uur"),
        "".join(chr(ord(digit) + 0xFEE0) for digit in "0612345678"),  # full width
    ],
)
def test_one_number_in_every_spelling(spelling: str) -> None:
    """People, imports and exports write it differently; it is one number."""
    assert normalise_telephone(spelling) == "+31612345678"


@pytest.mark.parametrize(
    "text", ["", "dochter", "12", "06-1234567", "06-123456789", "bel 0612345678", "999911120", "+999123456789"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    """Nothing is guessed out of letters or wrong lengths."""
    with pytest.raises(TelephoneError):
        normalise_telephone(text)


def test_a_foreign_number_keeps_its_country() -> None:
    """A Belgian tenant just across the border."""
    assert normalise_telephone("+32 470 12 34 56") == "+32470123456"


def test_a_request_carries_the_normalised_number() -> None:
    """And a refused one does not say what it was."""
    assert TypeAdapter(Telephone).validate_python("06-12345678") == "+31612345678"
    with pytest.raises(ValidationError, match="valid telephone number"):
        TypeAdapter(Telephone).validate_python("bel mij")


@pytest.mark.parametrize(
    "text",
    ["2026-11-19T22:14:03+01:00", "2026-11-19T21:14:03Z", "2026-11-19 22:14:03.250+01:00", "2026-11-19t21:14:03z"],
)
def test_a_time_with_an_offset_is_taken(text: str) -> None:
    """RFC 3339, also with a blank or small letters."""
    assert TypeAdapter(Instant).validate_python(text).utcoffset() is not None


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-19T22:14:03", "2026-11-19T22:14+01:00", "2026-11-19T22:14:03+0100", "2026-11-19T22:14:03 CET"),
        *("22:14", "2026-11-19", "1763587443", 1763587443, None, "2026-13-01T00:00:00Z"),
        "٢٠٢٦-11-19T22:14:03Z",
    ],
)
def test_any_other_time_is_refused(text: object) -> None:
    """Above all one without an offset: nobody knows when that was."""
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_python(text)


def test_the_hour_that_the_clock_repeats_stays_two_hours() -> None:
    """The offset tells the first 02:30 from the second."""
    first, second = (
        TypeAdapter(Instant).validate_python(f"2026-10-25T02:30:00{offset}") for offset in ("+02:00", "+01:00")
    )
    assert (second - first).total_seconds() == 3600
