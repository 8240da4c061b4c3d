"""Shapes of numbers and codes: every value of one shape has a place in a row, so that they can be permuted."""

import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final, Protocol

from contracts.bsn import is_bsn
from shim.pseudonyms.spelling import skeleton

_BASE32: Final = ascii_uppercase + "234567"
_HEX: Final = digits + "abcdef"
_HEX_UPPER: Final = digits + "ABCDEF"
_CLASSES: Final = {
    character: letters for letters in (digits, ascii_uppercase, ascii_lowercase) for character in letters
}
_BOUNDS: Final = (0, *sorted([*(10**power for power in range(1, 40)), 2**15, 2**31, 2**63]))
"""A whole number keeps its digits, and stays in the 2, 4 or 8 bytes in which it fits."""

_BLOCK: Final = 32

Accepts = Callable[[str], bool]


class Shape(Protocol):
    """A finite set of values."""

    @property
    def name(self) -> str:
        """What the permutation of this shape is keyed with."""

    @property
    def size(self) -> int:
        """How many values there are."""

    def index(self, value: str) -> int:
        """Return the place of a value."""

    def value(self, index: int) -> str:
        """Return the value at a place."""

    def accepts(self, value: str) -> bool:
        """Return whether a value may be given to anybody."""

    def skeletons(self, value: str) -> tuple[str, ...]:
        """Return the forms under which a value is searched for."""


def is_nobodys(value: str) -> bool:
    """Return whether no citizen service number is in these digits, so that nobody's comes out by chance."""
    plain = "".join(character for character in value if character in digits)
    return not is_bsn(plain)


class Places:
    """Texts of one length: at each place a character of its own alphabet, or always the same."""

    def __init__(self, alphabets: Sequence[str], accepts: Accepts = is_nobodys) -> None:
        """Describe the texts.

        Args:
            alphabets: one for each place; a single character stays.
            accepts: says whether a text may be given to anybody.
        """
        self._alphabets = tuple(alphabets)
        self._accepts = accepts
        self.name = "places " + "\x1f".join(self._alphabets)
        self.size = 1
        for alphabet in self._alphabets:
            self.size *= len(alphabet)

    def index(self, value: str) -> int:
        """Return the place of a text."""
        index = 0
        for alphabet, character in zip(self._alphabets, value, strict=True):
            index = index * len(alphabet) + alphabet.index(character)
        return index

    def value(self, index: int) -> str:
        """Return the text at a place."""
        characters = []
        for alphabet in reversed(self._alphabets):
            index, at = divmod(index, len(alphabet))
            characters.append(alphabet[at])
        return "".join(reversed(characters))

    def accepts(self, value: str) -> bool:
        """Return whether a text may be given to anybody."""
        return self._accepts(value)

    def skeletons(self, value: str) -> tuple[str, ...]:
        """Return the text as it is searched for."""
        return (skeleton(value),)


class Whole:
    """Whole numbers from a power of ten to the next, without sign."""

    def __init__(self, value: str) -> None:
        """Describe the numbers of as many digits as this one."""
        number = int(value)
        above = next(at for at, bound in enumerate(_BOUNDS) if bound > number)
        self._first = int(_BOUNDS[above - 1])
        self.size = int(_BOUNDS[above]) - self._first
        self.name = f"whole {self._first}"

    def index(self, value: str) -> int:
        """Return the place of a number."""
        return int(value) - self._first

    def value(self, index: int) -> str:
        """Return the number at a place."""
        return str(index + self._first)

    def accepts(self, value: str) -> bool:
        """Return whether it is no citizen service number."""
        return is_nobodys(value)

    def skeletons(self, value: str) -> tuple[str, ...]:
        """Return the number as it is searched for."""
        return (value,)


@lru_cache(maxsize=1024)
def _places(alphabets: tuple[str, ...], accepts: Accepts) -> Places:
    return Places(alphabets, accepts)


def _alphabet_of(character: str) -> str:
    """Return the characters that may stand for one: itself alone when it is neither letter nor digit."""
    return _CLASSES.get(character) or (character if character.isascii() else _alike(character))


@lru_cache(maxsize=1024)
def _alike(character: str) -> str:
    """Return the letters or digits beside one of another script, of the same case."""
    if not character.isalnum():
        return character
    first = ord(character) // _BLOCK * _BLOCK
    told = (unicodedata.category(character), _is_of_windows(character))
    beside = map(chr, range(first, first + _BLOCK))
    return "".join(each for each in beside if (unicodedata.category(each), _is_of_windows(each)) == told)


def _is_of_windows(character: str) -> bool:
    """Return whether the old Windows character set has it: what stands in its place must be there, too."""
    try:
        return len(character.encode("cp1252")) == 1
    except UnicodeEncodeError:
        return False


def number_shape(value: str) -> Shape:
    """Return digits for digits, and letters of the same case for letters; all else stays."""
    return _places(tuple(map(_alphabet_of, value)), is_nobodys)


def digits_shape(value: str) -> Shape:
    """Return digits for digits; all else stays."""
    return _places(tuple(digits if character in digits else character for character in value), is_nobodys)


def leading_shape(value: str) -> Shape:
    """Return digits for digits and a letter for a single letter, as in a house number: no 0 first where none was."""
    alphabets = []
    for at, character in enumerate(value):
        before, after = value[at - 1 : at] if at else "", value[at + 1 : at + 2]
        if character in digits:
            leads = character != "0" and not before.isdigit()
            alphabets.append(digits[1:] if leads else digits)
        else:
            # "bis", "boven" and "hs" are words.
            alone = not (before.isalpha() or after.isalpha())
            alphabets.append(_alphabet_of(character) if alone else character)
    return _places(tuple(alphabets), is_nobodys)


def opaque_shape(value: str) -> Shape:
    """Return texts of the alphabet that the value is of: digits, base 32, hexadecimal, or each character's own."""
    alphabet = _alphabet(value)
    if alphabet is None:
        return number_shape(value)
    places = tuple(alphabet if character in alphabet else _alphabet_of(character) for character in value)
    return _places(places, _OF_ALPHABET[alphabet])


def _alphabet(value: str) -> str | None:
    """Return the first alphabet that has all letters and digits of a text."""
    told = {character for character in value if character in _CLASSES}
    return next((each for each in (digits, _BASE32, _HEX, _HEX_UPPER) if told <= set(each)), None)


def _of(alphabet: str) -> Accepts:
    # A text of base 32 that has digits alone would be of another shape, where somebody else's may stand.
    return lambda value: _alphabet(value) == alphabet and is_nobodys(value)


_OF_ALPHABET: Final = {alphabet: _of(alphabet) for alphabet in (digits, _BASE32, _HEX, _HEX_UPPER)}
