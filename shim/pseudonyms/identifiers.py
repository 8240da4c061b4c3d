"""Pseudonyms of what is checked by an authority: accounts, citizen service numbers, postcodes, and plain numbers."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final

from shim.pseudonyms.codes import Codes
from shim.pseudonyms.kinds import What
from shim.pseudonyms.shapes import Places, Shape, Whole, leading_shape, number_shape, opaque_shape

_POSTCODE: Final = re.compile(r"([1-9][0-9]{3})(\s*)([A-Za-z]{2})")
_UNUSED: Final = ("SA", "SD", "SS")
_IBAN: Final = re.compile(r"([A-Z]{2})([0-9]{2})([0-9A-Z]{11,30})")
_CHECK_DIGITS: Final = 100
_MODULUS: Final = 97
_BSN_LENGTHS: Final = frozenset({8, 9})


class Accounts(Places):
    """Account numbers of a country, without country and check digits."""

    def __init__(self, country: str, alphabets: Sequence[str]) -> None:
        super().__init__(alphabets, accepts=lambda value: True)  # noqa: ARG005 - whatever it is
        self._country = country
        self.name = f"accounts {country} {self.name}"

    def skeletons(self, value: str) -> tuple[str, ...]:
        """Return the whole IBAN as it is searched for."""
        return (f"{self._country}{check_digits(self._country, value):02d}{value}".casefold(),)


def check_digits(country: str, account: str) -> int:
    """Return the two check digits of an IBAN (ISO 13616)."""
    told = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return _MODULUS + 1 - int(told) % _MODULUS


def number(codes: Codes, what: What, text: str) -> str:
    """Return a number, code or house number of the same shape."""
    match what.kind:
        case "opaque":
            return codes.of(what.space, opaque_shape(text), text)
        case "house_number":
            return codes.of(what.space, leading_shape(text), text)
        case "postcode":
            return _postcode(codes, what, text)
        case "iban":
            return _iban(codes, what, text)
        case "bsn":
            return _bsn(codes, what, text)
        case _:
            return codes.of(what.space, number_shape(text), text)


def whole(codes: Codes, what: What, value: int) -> int:
    """Return a whole number of as many digits, in as many bytes, with the same sign."""
    plain = str(abs(value))
    return int(codes.of(what.space, Whole(plain), plain)) * (-1 if value < 0 else 1)


def decimal(codes: Codes, what: What, value: Decimal) -> Decimal:
    """Return a decimal number of as many digits, before and behind its point."""
    _, _, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return value
    return Decimal(whole(codes, what, int(value.scaleb(-exponent)))).scaleb(exponent)


def _postcode(codes: Codes, what: What, text: str) -> str:
    found = _POSTCODE.fullmatch(text)
    if found is None:
        return codes.of(what.space, number_shape(text), text)
    plain = codes.of(what.space, _postcodes(), found[1] + found[3].upper())
    return plain[:4] + found[2] + (plain[4:] if found[3].isupper() else plain[4:].lower())


@lru_cache(maxsize=1)
def _postcodes() -> Shape:
    return Places(
        (digits[1:], digits, digits, digits, ascii_uppercase, ascii_uppercase),
        accepts=lambda value: not value.endswith(_UNUSED),
    )


def _bsn(codes: Codes, what: What, text: str) -> str:
    plain = "".join(character for character in text if character in digits)
    if len(plain) not in _BSN_LENGTHS:
        return codes.of(f"{what.space} of another length", number_shape(text), text)
    # Eight digits are nine with a zero before them, and must stay the same person's.
    short = plain.removeprefix("0") if len(plain) == max(_BSN_LENGTHS) else plain
    other = codes.of(what.space, _bsns(len(short)), short)
    return _in_place(text, "0" * (len(plain) - len(short)) + other, digits)


@lru_cache(maxsize=2)
def _bsns(length: int) -> Shape:
    return Places([digits if length < max(_BSN_LENGTHS) else digits[1:], *[digits] * (length - 1)])


def _iban(codes: Codes, what: What, text: str) -> str:
    known = digits + ascii_uppercase + ascii_lowercase
    plain = "".join(character for character in text if character in known).upper()
    found = _IBAN.fullmatch(plain)
    if found is None:
        return codes.of(f"{what.space} of another form", number_shape(text), text)
    country, check, account = found.groups()
    alphabets = tuple(digits if character in digits else ascii_uppercase for character in account)
    other = codes.of(what.space, _accounts(country, alphabets), account)
    # What was mistyped stays mistyped, so that two accounts never become one.
    off = int(check) - check_digits(country, account)
    return _in_place(text, f"{country}{(check_digits(country, other) + off) % _CHECK_DIGITS:02d}{other}", known)


@lru_cache(maxsize=256)
def _accounts(country: str, alphabets: tuple[str, ...]) -> Accounts:
    return Accounts(country, alphabets)


def _in_place(text: str, characters: str, known: str) -> str:
    """Put characters where those of `text` stood, in their case; what was between them stays."""
    rest = iter(characters)
    return "".join(
        character if character not in known else next(rest).lower() if character.islower() else next(rest)
        for character in text
    )
