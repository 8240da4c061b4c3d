"""One way to read a telephone number, whether a caller typed it or a backend has stored it for twelve years."""

import re
import unicodedata
from typing import Final

import phonenumbers

REGION: Final = "NL"
STORED_MAX: Final = 200
"""Characters of a stored field that are looked at; the widest column for numbers that we know has 60."""

_LONGEST: Final = 17
"""Digits of the longest number that can be valid: 15 by E.164, and the 00 before them."""
_DUTCH: Final = 11
"""Digits of a Dutch number that begins with 31."""

_NOT_A_NUMBER = re.compile(r"[^0-9+]")
_REMARK = re.compile(r"[^\W\d_]", re.UNICODE)
# What people put between the digits of one number; anything else ends a number, so a remark cannot join two halves.
_STRETCH = re.compile(r"[0-9+()\s.,:;/|&_*\-\u2010-\u2015\u2212]+")
_DIGITS = re.compile(r"\+?[0-9]+")


class TelephoneError(ValueError):
    """Raised when a text holds no valid telephone number."""


def normalise_telephone(text: str) -> str:
    """Return the number in `text` as E.164 (`+31612345678`).

    A remark behind the number ("06-12345678 (dochter)") is cut off first, because phonenumbers would read its letters
    as digits. `0031…` and `31…` count as Dutch international spellings.

    Raises:
        TelephoneError: if nothing valid for its country remains.
    """
    plain = unicodedata.normalize("NFKC", text)
    remark = _REMARK.search(plain)
    if remark:
        plain = plain[: remark.start()]
    number = _e164(_NOT_A_NUMBER.sub("", plain.replace("(0)", "")))
    if number is None:
        raise TelephoneError("must be a valid telephone number")
    return number


def telephones_in(text: str) -> set[str]:
    """Return every number in a stored text as E.164; empty when it holds none.

    People type several into one field ("06-10001001 / 043-3001001"), with remarks before, between and behind. A
    stretch that is one number as a whole is that number; else it is cut at its separators so that as few digits as
    possible belong to no number.
    """
    plain = unicodedata.normalize("NFKC", text[:STORED_MAX]).replace("(0)", "")
    # Zero-width characters come along when a number is pasted from a web page.
    plain = "".join(character for character in plain if unicodedata.category(character) != "Cf")
    return {number for stretch in _STRETCH.findall(plain) for number in _numbers(_DIGITS.findall(stretch))}


def _numbers(groups: list[str]) -> set[str]:
    whole = _e164("".join(groups))
    if whole is not None:
        return {whole}
    # best[i]: digits left over and numbers found in the first i groups, the fewest digits first.
    best: list[tuple[int, set[str]]] = [(0, set())]
    for end, last in enumerate(groups, start=1):
        options = [(best[end - 1][0] + len(last), best[end - 1][1])]
        for start in range(end - 1, -1, -1):
            joined = "".join(groups[start:end])
            if len(joined) > _LONGEST:
                break
            if _begins_a_number(joined) and (number := _e164(joined)) is not None:
                options.append((best[start][0], best[start][1] | {number}))
        best.append(min(options, key=lambda option: option[0]))
    return best[-1][1]


def _begins_a_number(digits: str) -> bool:
    """Whether a part of a longer text may be a number: not the end of one, read as a number without its zero."""
    return digits.startswith(("0", "+")) or (digits.startswith("31") and len(digits) == _DUTCH)


def _e164(digits: str) -> str | None:
    for candidate in _spellings(digits):
        try:
            number = phonenumbers.parse(candidate, REGION)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def _spellings(digits: str) -> list[str]:
    if digits.startswith("00"):
        return ["+" + digits[2:]]
    if digits.startswith("31"):
        return [digits, "+" + digits]
    return [digits]
