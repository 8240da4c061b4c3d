"""Pseudonyms of numbers and codes: a keyed permutation of each shape, and a next one where the first will not do."""

import hashlib
from functools import lru_cache
from typing import Final

from shim.pseudonyms.avoiding import Avoided
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.permutation import Permutation
from shim.pseudonyms.shapes import Shape

_LEVELS: Final = 16
"""With a fifth of a shape taken, one value in a quarter of a million gets no pseudonym that is nobody's."""
_PERMUTATIONS: Final = 512


class Codes:
    """Permutes the values of a space and shape under one key.

    A value whose pseudonym may be nobody's, or is an original, takes the next permutation's, unless that one belongs to
    an original by an earlier permutation. So no two originals ever get one pseudonym, and which one a value gets says
    its value, the key and the set of originals: never the order in which they come.
    """

    def __init__(self, key: PseudonymKey, avoided: Avoided) -> None:
        self._key = key.derived("codes")
        self._avoided = avoided
        self._permutation = lru_cache(maxsize=_PERMUTATIONS)(self._made)

    def of(self, space: str, shape: Shape, value: str) -> str:
        """Return the pseudonym of a value of this shape."""
        if shape.size == 1:
            return value
        index = shape.index(value)
        forced = False
        for level in range(_LEVELS):
            number = self._permutation(space, shape.name, shape.size, level).forward(index)
            candidate = shape.value(number)
            if not shape.accepts(candidate):
                continue
            if self._is_original(shape, candidate) or self._is_taken(space, shape, number, level):
                forced = True
                continue
            if forced:
                self._aside(space, value)
            return candidate
        # More originals than such a shape has room for: a permutation of them, which is still one to one.
        self._aside(space, value)
        return shape.value(self._permutation(space, shape.name, shape.size, 0).forward(index))

    def _is_original(self, shape: Shape, value: str) -> bool:
        return any(each in self._avoided for each in shape.skeletons(value))

    def _is_taken(self, space: str, shape: Shape, number: int, level: int) -> bool:
        return any(self._may_take(space, shape, number, earlier) for earlier in range(level))

    def _may_take(self, space: str, shape: Shape, number: int, level: int) -> bool:
        """Whether an original comes to this number at a level, and may not have stopped before it."""
        index = self._permutation(space, shape.name, shape.size, level).back(number)
        if not self._is_original(shape, shape.value(index)):
            return False
        if level == 0:
            return True
        first = shape.value(self._permutation(space, shape.name, shape.size, 0).forward(index))
        return not shape.accepts(first) or self._is_original(shape, first)

    def _aside(self, space: str, value: str) -> None:
        self._avoided.stepped_aside(space, hashlib.blake2b(value.encode(), key=self._key, digest_size=16).digest())

    def _made(self, space: str, name: str, size: int, level: int) -> Permutation:
        told = f"{space}\x1e{name}\x1e{size}\x1e{level}".encode()
        return Permutation(hashlib.blake2b(told, key=self._key, digest_size=32).digest(), size)
