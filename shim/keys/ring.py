"""The key ring: the first key seals, each opens, and one that was retired only names subjects for the audit."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outbox.entry import KeyUnknown
from shim.keys import file
from shim.keys.key import SECRET_BYTES, Key
from shim.settings import ConfigurationError

SUBJECTS: Final = "audit-subject"
"""The one purpose for which a retired key is still good: who looked at somebody must be found for years."""
_TRY_AGAIN_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Keys:
    """What the ring holds at one moment, the sealing key first."""

    keys: dict[str, Key]
    current: Key
    subjects: dict[str, bytes]


class KeyRing:
    """The keys of a deployment. Thread-safe; a key that it once had opens until the process ends."""

    def __init__(self, *secrets: bytes, path: Path | None = None, subjects: dict[str, bytes] | None = None) -> None:
        """Take the secrets of a ring, the sealing one first, of a file if it has one."""
        keys = [Key(secret) for secret in secrets]
        self._held = _Keys({key.id: key for key in keys}, keys[0], dict(subjects or {}))
        self._lock = threading.Lock()
        self.path: Final = path
        self.state_knows: Callable[[str], bool] = lambda _key_id: True
        """Whether something in the state may be sealed with a key; it is set when the state is opened."""

    @classmethod
    def load(cls, path: Path, create: bool) -> "KeyRing":
        """Read the ring, or make one of one key when `create` allows.

        Raises:
            ConfigurationError: it is absent and must not be made, unreadable by us, readable by others, or no ring.
        """
        contents = file.read_or_make(path) if create else file.read(path)
        return cls(*contents.secrets, path=path, subjects=contents.subjects)

    @property
    def current(self) -> str:
        """Id of the key that seals."""
        return self._held.current.id

    @property
    def fingerprint(self) -> str:
        """Recognises the key that seals."""
        return self._held.current.fingerprint

    @property
    def keys(self) -> list[Key]:
        """The keys that open, the sealing one first."""
        held = self._held
        return [held.current, *(key for key in held.keys.values() if key is not held.current)]

    @property
    def sealing(self) -> Key:
        """The key that seals."""
        return self._held.current

    def get(self, key_id: str) -> Key | None:
        """Return a key that opens."""
        return self._held.keys.get(key_id)

    def derive(self, purpose: str, length: int = SECRET_BYTES) -> bytes:
        """Return the sealing key's key for a purpose."""
        return self._held.current.derive(purpose, length)

    def derive_all(self, purpose: str, length: int = SECRET_BYTES) -> dict[str, bytes]:
        """Return every key's key for a purpose by id, the sealing one's first; for SUBJECTS also the retired ones'."""
        retired = self._held.subjects if purpose == SUBJECTS else {}
        return {**{key.id: key.derive(purpose, length) for key in self.keys}, **retired}

    def reread(self) -> bool:
        """Let what the file has now open, too; return whether anything is new. Which key seals stays.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        return self.path is not None and self._take(file.read(self.path), seal=False)

    def follow(self, admit: Callable[[list[Key]], None]) -> bool:
        """Take the file as it is now: what it has opens, and its first key seals; return whether anything is new.

        Args:
            admit: writes down which keys the state is going to need, before the first thing is sealed with one.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        if self.path is None:
            return False
        contents = file.read(self.path)
        admit([Key(secret) for secret in contents.secrets])
        return self._take(contents, seal=True)

    def fetch(self, key_id: str) -> Key | None:
        """Return the key of an id, also one that was put into the file a moment ago; None if no key ever had this id.

        Raises:
            KeyUnknown: the state needs such a key, or it was retired, and the file does not have it.
        """
        found = self.get(key_id)
        if found is not None or not (key_id in self._held.subjects or self.state_knows(key_id)):
            return found
        try:
            self.reread()
        except ConfigurationError as error:
            raise _unknown(key_id) from error
        found = self.get(key_id)
        if found is None:
            raise _unknown(key_id)
        return found

    def _take(self, contents: file.Contents, *, seal: bool) -> bool:
        with self._lock:
            before = self._held
            keys = dict(before.keys)
            for secret in contents.secrets:
                key = Key(secret)
                keys.setdefault(key.id, key)
            current = keys[Key(contents.secrets[0]).id] if seal else before.current
            self._held = _Keys(keys, current, {**before.subjects, **contents.subjects})
            return keys.keys() != before.keys.keys() or current is not before.current


def _unknown(key_id: str) -> KeyUnknown:
    return KeyUnknown(f"something is sealed with the key {key_id}, which is not in the key file", _TRY_AGAIN_S)
