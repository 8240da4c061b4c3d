"""Names persons in the audit so that "who looked at this patient" can be answered, and nobody is named."""

from collections.abc import Mapping
from typing import Final, Protocol

from contracts.fields import TokenKind
from shim.keys import Blind
from shim.keys.ring import SUBJECTS

_KINDS: Final = {kind.name.lower(): kind.value for kind in TokenKind}
_PARTS: Final = 3


def named_subject(text: str) -> tuple[str, str, str]:
    """Return system, kind and key of `SYSTEM:KIND:KEY`, as somebody types whom they look for.

    The kind is what stands before a token, such as `PT`, or its name, such as `patient`.

    Raises:
        ValueError: it is not written so.
    """
    parts = text.split(":", _PARTS - 1)
    if len(parts) != _PARTS or not all(parts):
        raise ValueError("--subject is SYSTEM:KIND:KEY, such as intramed:patient:1234 or intramed:PT:1234")
    system, kind, key = parts
    return system, _KINDS.get(kind.lower(), kind), key


class Ring(Protocol):
    """The keys of a deployment: the current one makes, all of them recognise."""

    @property
    def current(self) -> str:
        """The id of the key that makes."""
        ...

    def derive(self, purpose: str, length: int = ...) -> bytes:
        """Return the current key for a purpose."""
        ...

    def derive_all(self, purpose: str, length: int = ...) -> Mapping[str, bytes]:
        """Return every key for a purpose, by its id."""
        ...


class Subjects:
    """Names a person by an HMAC under a key of the audit's own: the same for every client and every token."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def __call__(self, system: str, kind: str, key: str) -> tuple[str, str]:
        """Return a person's name in the audit, 32 hexadecimal digits, and the id of the ring's key it was made with.

        Args:
            system: the name of the legacy system.
            kind: what the key is of, such as `patient`.
            key: the backend's own key of the person.
        """
        current = self._ring.current
        return Blind(self._ring.derive_all(SUBJECTS)[current])(system, kind, key), current

    def all_of(self, system: str, kind: str, key: str) -> list[str]:
        """Return every name that a person can have in the audit: one for each key of the ring."""
        return [Blind(key_)(system, kind, key) for key_ in self._ring.derive_all(SUBJECTS).values()]
