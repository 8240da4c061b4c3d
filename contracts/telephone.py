"""One way to read a telephone number, whether a caller typed it or a backend has stored it for twelve years."""

import re
import unicodedata
from typing import Final

import phonenumbers

REGION: Final = "NL"
_NOT_A_NUMBER = re.compile(r"[^0-9+]")
_REMARK = re.compile(r"[^\W\d_]", re.UNICODE)


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
    digits = _NOT_A_NUMBER.sub("", plain.replace("(0)", ""))
    for candidate in _spellings(digits):
        try:
            number = phonenumbers.parse(candidate, REGION)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise TelephoneError("must be a valid telephone number")


def _spellings(digits: str) -> list[str]:
    if digits.startswith("00"):
        return ["+" + digits[2:]]
    if digits.startswith("31"):
        return [digits, "+" + digits]
    return [digits]
