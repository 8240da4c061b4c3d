"""One key of the ring, and the keys for each purpose derived from it."""

import hashlib
import secrets
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES: Final = 32


class Key:
    """32 random bytes, never shown, from which the keys of all purposes are derived. Thread-safe."""

    ID_DIGITS: Final = 8

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._derived: dict[tuple[str, int], bytes] = {}
        self.fingerprint: Final = hashlib.sha256(self.derive("fingerprint")).hexdigest()[:16]
        """Recognises the key without telling it, 16 hexadecimal digits."""
        self.id: Final = self.fingerprint[: self.ID_DIGITS]
        """Stands before what the key sealed."""

    def derive(self, purpose: str, length: int = SECRET_BYTES) -> bytes:
        """Return the key for a purpose; different purposes give unrelated keys."""
        found = self._derived.get((purpose, length))
        if found is None:
            info = f"legacy-shim/1/{purpose}".encode()
            found = self._derived[purpose, length] = HKDF(SHA256(), length, salt=None, info=info).derive(self._secret)
        return found


def new_secret() -> bytes:
    """Return the secret of a new key, whose id is no number: one might pass as somebody's, and would be masked."""
    while Key(secret := secrets.token_bytes(SECRET_BYTES)).id.isdecimal():
        pass
    return secret
