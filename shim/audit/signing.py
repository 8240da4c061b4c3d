"""Signatures of checkpoints and anchors: made with a key of the ring, checked by anybody who has the public key."""

import base64
import binascii
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shim.audit.subjects import Ring

PURPOSE: Final = "audit-checkpoint"
_KEY_BYTES: Final = 32


class Verdict(StrEnum):
    """What is to be thought of a signature."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    """It may be good: it is of a key that is not known here, such as one that was retired."""


class Signer:
    """Signs with the current key of a ring."""

    def __init__(self, ring: Ring) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(ring.derive(PURPOSE, _KEY_BYTES))
        self.public: Final = _public(self._private)
        """The public key, 64 hexadecimal digits."""
        self.trusted: Final = Trusted.of_ring(ring)
        """Every key of the ring."""

    def sign(self, text: str) -> str:
        """Return the signature of a text, base64."""
        return base64.b64encode(self._private.sign(text.encode())).decode()


class Trusted:
    """The public keys that somebody believes in."""

    def __init__(self, public: Iterable[str]) -> None:
        """Take them, each 64 hexadecimal digits.

        Raises:
            ValueError: one is no public key.
        """
        self._keys: Final = {key.lower(): Ed25519PublicKey.from_public_bytes(_bytes(key)) for key in public}

    @classmethod
    def of_ring(cls, ring: Ring, more: Iterable[str] = ()) -> "Trusted":
        """Trust every key of a ring, and some more."""
        derived = ring.derive_all(PURPOSE, _KEY_BYTES).values()
        return cls([*(_public(Ed25519PrivateKey.from_private_bytes(key)) for key in derived), *more])

    def judge(self, text: str, signature: object, public: object) -> Verdict:
        """Say what is to be thought of a text's signature, made as it says with this key."""
        key = self._keys.get(public) if isinstance(public, str) else None
        if key is None:
            return Verdict.UNKNOWN
        try:
            signed = base64.b64decode(str(signature), validate=True)
            key.verify(signed, text.encode())
        except (InvalidSignature, binascii.Error, ValueError):
            return Verdict.BAD
        # The last letter has bits that stand for nothing, and those are not to be changed either.
        return Verdict.GOOD if base64.b64encode(signed).decode() == signature else Verdict.BAD


def _public(private: Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _bytes(key: str) -> bytes:
    try:
        found = bytes.fromhex(key)
    except ValueError:
        found = b""
    if len(found) != _KEY_BYTES:
        raise ValueError("a public key is 64 hexadecimal digits, as `shim audit checkpoint` prints them")
    return found
