"""A keyed permutation of 0 to N-1: a Feistel network on halves of about the square root, walked until it is in N."""

import hashlib
from math import isqrt
from typing import Final

_ROUNDS: Final = 8
_SPARE: Final = 8
"""Bytes drawn beyond what a half needs, so that no remainder is likelier than another."""
_LONGEST: Final = 64


class Permutation:
    """One permutation; another key or size is another one."""

    def __init__(self, key: bytes, size: int) -> None:
        """Prepare.

        Args:
            key: 32 bytes.
            size: how many numbers, at least 1.
        """
        self._size = size
        self._left = isqrt(size - 1) + 1
        self._right = -(-size // self._left)
        self._bytes = (max(self._left, self._right).bit_length() + 7) // 8
        self._rounds = [
            hashlib.blake2b(bytes([number]), key=key, digest_size=min(_LONGEST, self._bytes + _SPARE))
            for number in range(_ROUNDS)
        ]

    def forward(self, number: int) -> int:
        """Return what a number becomes."""
        while True:
            number = self._mixed(number)
            if number < self._size:
                return number

    def back(self, number: int) -> int:
        """Return the number that becomes this one."""
        while True:
            number = self._unmixed(number)
            if number < self._size:
                return number

    def _mixed(self, number: int) -> int:
        left, right = divmod(number, self._right)
        for turn in range(0, _ROUNDS, 2):
            left = (left + self._noise(turn, right)) % self._left
            right = (right + self._noise(turn + 1, left)) % self._right
        return left * self._right + right

    def _unmixed(self, number: int) -> int:
        left, right = divmod(number, self._right)
        for turn in range(_ROUNDS - 2, -1, -2):
            right = (right - self._noise(turn + 1, left)) % self._right
            left = (left - self._noise(turn, right)) % self._left
        return left * self._right + right

    def _noise(self, turn: int, half: int) -> int:
        state = self._rounds[turn].copy()
        state.update(half.to_bytes(self._bytes, "big"))
        drawn = state.digest()
        if self._bytes + _SPARE > _LONGEST:
            drawn = hashlib.shake_256(drawn).digest(self._bytes + _SPARE)
        return int.from_bytes(drawn, "big")
