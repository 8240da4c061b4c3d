"""Seals what is stored, and tells with which key."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shim.keys.key import Key
from shim.keys.ring import KeyRing

PURPOSE: Final = "rest"
_VERSION: Final = b"\x01"
_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_VERSION) + _ID_BYTES
_LEAST_BYTES: Final = _HEAD_BYTES + _NONCE_BYTES + 16


class RestCipher:
    """AES-256-GCM for what is stored; the context is authenticated with it. Thread-safe.

    What it seals is a version byte, the key's id (4 bytes), a nonce (12 bytes) and the ciphertext. It also opens what
    the release before rings sealed, which is nonce and ciphertext.
    """

    def __init__(self, ring: KeyRing | bytes) -> None:
        """Seal with a ring's keys, or with those of a ring of one secret."""
        self._ring = KeyRing(ring) if isinstance(ring, bytes) else ring
        self._aeads: dict[str, AESGCM] = {}

    def seal(self, plain: bytes, context: str) -> bytes:
        """Return what opens under this context alone."""
        key = self._ring.sealing
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _head(key) + nonce + self._aead(key).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return the plain bytes.

        Raises:
            ValueError: they were changed, or sealed under another context, or were never sealed.
            KeyUnknown: they were sealed with a key that is not in the ring's file; they may be as they were.
        """
        sealed = bytes(sealed)
        key_id = key_of(sealed)
        if key_id is not None and (key := self._ring.get(key_id)) is not None:
            plain = self._opened(key, sealed[_HEAD_BYTES:], context)
            if plain is not None:
                return plain
            key_id = None
        # One in 256 nonces of the old form begins with the version byte; so an unknown key is the last thing to try.
        for key in self._ring.keys:
            plain = self._opened(key, sealed, context)
            if plain is not None:
                return plain
        if key_id is not None and (key := self._ring.fetch(key_id)) is not None:
            plain = self._opened(key, sealed[_HEAD_BYTES:], context)
            if plain is not None:
                return plain
        raise ValueError("sealed by another key, or changed")

    def _opened(self, key: Key, sealed: bytes, context: str) -> bytes | None:
        try:
            return self._aead(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            return None

    def _aead(self, key: Key) -> AESGCM:
        found = self._aeads.get(key.id)
        if found is None:
            found = self._aeads[key.id] = AESGCM(key.derive(PURPOSE))
        return found


def _head(key: Key) -> bytes:
    return _VERSION + bytes.fromhex(key.id)


def key_of(sealed: bytes) -> str | None:
    """Return the id of the key that something says it was sealed with; None of the form that did not say so."""
    if len(sealed) < _LEAST_BYTES or sealed[:1] != _VERSION:
        return None
    return sealed[1:_HEAD_BYTES].hex()
