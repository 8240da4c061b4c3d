"""What an invented value must not be, and which values of a database its texts may name."""

from typing import Final, Protocol

from shim.pseudonyms.kinds import What


class Avoided(Protocol):
    """The originals of one database."""

    def __contains__(self, joined: object) -> bool:
        """Whether this is an original, as `joined()` gives it; case and diacritics aside."""

    def named(self, skeleton: str) -> What | None:
        """Return what a word or words of a text are in this database; None when they are nothing that is searched."""

    def attempt(self, space: str, digest: bytes) -> int:
        """Return which invention is a name's own: 0, unless an earlier one was taken or an original."""

    def stepped_aside(self, space: str, digest: bytes) -> None:
        """Be told of a value whose first pseudonym was taken or an original."""


class _Nothing:
    """No database at all: nothing is avoided."""

    def __contains__(self, joined: object) -> bool:
        return False

    def named(self, skeleton: str) -> What | None:  # noqa: ARG002 - the protocol's
        return None

    def attempt(self, space: str, digest: bytes) -> int:  # noqa: ARG002 - the protocol's
        return 0

    def stepped_aside(self, space: str, digest: bytes) -> None:
        pass


NOTHING: Final[Avoided] = _Nothing()
