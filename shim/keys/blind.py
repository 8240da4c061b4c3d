"""Names for things about a person, by which they can be compared and not read."""

import hashlib
import hmac


class Blind:
    """Names things about a person so that they can be compared and not read: HMAC-SHA-256, 128 bits.

    Its key outlives every rotation: with another one every idempotency record and every hold would be somebody else's.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, *parts: str) -> str:
        """Return the same 32 hexadecimal digits for the same parts."""
        message = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]
