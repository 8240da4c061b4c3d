"""The key of the pseudonyms: whoever has it can tell whose pseudonym one is, so it never lies beside a snapshot."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.snapshots import SnapshotRefused

_TITLE: Final = "legacy-shim pseudonym key, version 1"
_SHORTEST: Final = 32
_LONGEST_FILE: Final = 4096
_ID_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """A key of at least 32 random bytes."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Eight hexadecimal digits that name the key and tell nothing of it."""
        return self.derived("id").hex()[:_ID_DIGITS]

    def derived(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose, from which neither this key nor another purpose's is told."""
        return hmac.digest(self.secret, f"shim/pseudonyms/1/{purpose}".encode(), hashlib.sha256)

    @classmethod
    def make(cls, path: Path) -> "PseudonymKey":
        """Write a new key to a new file that only its owner can read.

        Raises:
            SnapshotRefused: the file is there, or cannot be written.
        """
        key = cls(secrets.token_bytes(_SHORTEST))
        lines = [_TITLE, f"id {key.id}", f"key {base64.b64encode(key.secret).decode()}", ""]
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                os.fchmod(handle, 0o600)  # whatever the umask says
                file.write("\n".join(lines))
                file.flush()
                os.fsync(handle)
        except FileExistsError:
            raise SnapshotRefused(f"{path} is there already; a key is never overwritten") from None
        except OSError as error:
            raise SnapshotRefused(f"the key file {path} cannot be written: {error.strerror}") from error
        return key

    @classmethod
    def load(cls, path: Path) -> "PseudonymKey":
        """Read a key file.

        Raises:
            SnapshotRefused: it is missing, no key file, not whole, or others can read it.
        """
        try:
            with path.open("rb") as file:
                _refuse_open_to_others(path, os.fstat(file.fileno()).st_mode)
                content = file.read(_LONGEST_FILE + 1)
        except FileNotFoundError:
            raise SnapshotRefused(f"there is no key file {path}") from None
        except OSError as error:
            raise SnapshotRefused(f"the key file {path} cannot be read: {error.strerror}") from error
        return cls(_secret(path, content))


def _refuse_open_to_others(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise SnapshotRefused(f"{path} is no key file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SnapshotRefused(f"others can read the key file {path}; make it its owner's alone: chmod 600")


def _secret(path: Path, content: bytes) -> bytes:
    lines = content.decode("ascii", "replace").splitlines()
    if len(content) > _LONGEST_FILE or not lines or lines[0] != _TITLE:
        raise SnapshotRefused(f"{path} is no key file of pseudonyms")
    fields = dict(line.partition(" ")[::2] for line in lines[1:])
    try:
        secret = base64.b64decode(fields.get("key", ""), validate=True)
    except binascii.Error:
        secret = b""
    # The id is a check as well: a key that lost its end would give other pseudonyms, and nobody would notice.
    if len(secret) < _SHORTEST or fields.get("id") != PseudonymKey(secret).id:
        raise SnapshotRefused(f"the key file {path} is truncated or damaged; restore it from where it is kept")
    return secret
