"""Invents names: syllables that a Dutch tongue can say, in more ways than there are people, and none of them a name.

Two of three vowels stand between clusters of consonants that real names rarely have twice: no form of the list of
nicknames can come out, so two pseudonyms are never taken for one person's.
"""

import hashlib
from functools import lru_cache
from typing import Final

_ONSETS: Final = (
    *("b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z"),
    *("br", "dr", "gr", "kr", "pr", "tr", "bl", "kl", "pl", "vl", "sl", "st", "sp", "kn", "zw", "fr"),
)
_NUCLEI: Final = ("a", "e", "i", "o", "u", "aa", "ee", "oo", "ie", "oe", "ei", "ui", "eu", "ou")
_MIDDLES: Final = (
    *("lb", "lf", "lg", "lk", "lm", "lp", "mp", "mb", "nd", "ng", "nk", "nv", "rb", "rd", "rf", "rg", "rk"),
    *("rl", "rp", "rv", "st", "sk", "sp", "kt", "ld", "rz", "vr", "dr", "br", "kl", "pl", "sl", "zw"),
)
_VOWELS: Final = ("a", "e", "i", "o", "u")
_CODAS: Final = ("", "l", "m", "n", "r", "s", "t", "k", "p", "nd", "rt", "ns", "ld", "rk", "ng")
_STREETS: Final = ("straat", "laan", "weg", "plein", "hof", "kade", "dreef", "pad", "singel")
_CITIES: Final = ("dam", "burg", "veen", "wijk", "hoven", "beek", "dorp", "rade", "loo")
NO_LETTER: Final = b"\0"


class Draw:
    """A stream of choices out of a digest."""

    def __init__(self, seed: bytes) -> None:
        self._left = int.from_bytes(hashlib.blake2b(seed, digest_size=32).digest(), "big")

    def out_of(self, choices: tuple[str, ...]) -> str:
        """Return one of the choices."""
        self._left, at = divmod(self._left, len(choices))
        return choices[at]


@lru_cache(maxsize=4096)
def invent(kind: str, digest: bytes, attempt: int) -> str:
    """Return the name that belongs to a digest, in lower case and plain letters.

    Args:
        kind: family_name, first_name, street, city or email.
        digest: its first byte is the letter that a first name begins with; of any other kind it is NO_LETTER.
        attempt: which invention, from 0.
    """
    draw = Draw(b"%d:" % attempt + kind.encode() + b":" + digest)
    match kind:
        case "first_name" if digest[:1] != NO_LETTER:
            return _beginning(draw, digest[:1].decode("ascii"))
        case "street":
            return _stem(draw) + draw.out_of(_STREETS)
        case "city":
            return _stem(draw) + draw.out_of(_CITIES)
        case "email":
            return f"{_stem(draw)}.{_stem(draw)}@{_stem(draw)}.example"
        case _:
            return _stem(draw) + draw.out_of(_CODAS)


def _stem(draw: Draw) -> str:
    return draw.out_of(_ONSETS) + draw.out_of(_NUCLEI) + _rest(draw)


def _rest(draw: Draw) -> str:
    return draw.out_of(_MIDDLES) + draw.out_of(_VOWELS) + draw.out_of(_MIDDLES) + draw.out_of(_VOWELS)


def _beginning(draw: Draw, letter: str) -> str:
    if letter in _VOWELS:
        return letter + draw.out_of(_MIDDLES) + draw.out_of(_NUCLEI) + _rest(draw) + draw.out_of(_CODAS)
    return letter + draw.out_of(_NUCLEI) + _rest(draw) + draw.out_of(_CODAS)
