"""The master key of a deployment, and the keys for each purpose derived from it."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shim.settings import ConfigurationError

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class MasterKey:
    """32 random bytes in a file that only its owner can read."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def load(cls, path: Path, create: bool) -> "MasterKey":
        """Read the key, or make it when `create` allows.

        Raises:
            ConfigurationError: it is absent and must not be made, unreadable by us, readable by others, or no key.
        """
        try:
            if create and not path.exists():
                _make(path)
            if path.stat().st_mode & 0o077:
                raise ConfigurationError(f"the key file {path} can be read by others; run: chmod 600 {path}")
            secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except OSError as error:
            raise ConfigurationError(
                f"the key file {path} cannot be read ({error.strerror}); without it the stored state cannot be opened"
            ) from error
        except ValueError as error:
            raise ConfigurationError(f"the key file {path} does not hold 64 hexadecimal digits") from error
        if len(secret) != _KEY_BYTES:
            raise ConfigurationError(f"the key file {path} does not hold 64 hexadecimal digits")
        return cls(secret)

    def derive(self, purpose: str, length: int = _KEY_BYTES) -> bytes:
        """Return the key for a purpose; different purposes give unrelated keys."""
        return HKDF(SHA256(), length, salt=None, info=f"legacy-shim/1/{purpose}".encode()).derive(self._secret)

    @property
    def fingerprint(self) -> str:
        """Recognises the key without telling it."""
        return hashlib.sha256(self.derive("fingerprint")).hexdigest()[:16]


def _make(path: Path) -> None:
    """Make a key that is whole as soon as it has its name: a power cut must not leave half of one."""
    unnamed = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was faster; a rename would take its key away
            path.hardlink_to(unnamed)
    finally:
        unnamed.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a new file's name survive a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Blind:
    """Names things about a person so that they can be compared and not read: HMAC-SHA-256, 128 bits."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, *parts: str) -> str:
        """Return the same 32 hexadecimal digits for the same parts."""
        message = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]


class RestCipher:
    """AES-256-GCM for what is stored; the context is authenticated with it."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, plain: bytes, context: str) -> bytes:
        """Return nonce and ciphertext."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return the plain bytes; ValueError when they were not sealed by this key under this context."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise ValueError("sealed by another key, or changed") from error
