"""Times and telephone numbers, which every desk reads in the same way."""

from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from contracts.fields import NUMBER, Instant, Share, Telephone
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


@pytest.mark.parametrize("value", [True, False, "3", "0.5", ""])
def test_a_number_is_a_number(value: object) -> None:
    """Pydantic would read `true` as 1 and "3" as 3: a caller that sends those has made a mistake."""
    kinds: tuple[Any, ...] = (Annotated[int, NUMBER], Share)
    for kind in kinds:
        with pytest.raises(ValidationError, match="must be a number"):
            TypeAdapter(kind).validate_python(value)


def test_numbers_are_taken_as_json_has_them() -> None:
    """JSON knows one kind of number: 3.0 is a whole one, and 1 is a share."""
    assert TypeAdapter(Annotated[int, NUMBER]).validate_python(3.0) == 3
    assert TypeAdapter(Share).validate_python(1) == 1.0
    for bad in (1.01, -0.1):
        with pytest.raises(ValidationError):
            TypeAdapter(Share).validate_python(bad)


def test_the_bounds_of_a_number_are_told() -> None:
    """What refuses a truth value does not hide the bounds from the schema."""
    assert TypeAdapter(Annotated[int, Field(ge=1, le=50), NUMBER]).json_schema()["maximum"] == 50
    assert TypeAdapter(Share).json_schema()["maximum"] == 1
