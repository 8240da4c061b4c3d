"""Which of several ways to run a server the tests stand on: the first that is there, and why none before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Kind = TypeVar("Kind", bound=str)


class NotThere(Exception):
    """Raised when a way to run a server is not there, in one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Choice(Generic[Kind]):
    """What a run stands on.

    Attributes:
        kind: the first way that is there.
        place: host and port, or the image; empty for what runs privately on this machine.
        missed: the ways before it, each with the reason.
        forced_by: the variable that asked for this one; empty when none did.
    """

    kind: Kind
    place: str
    missed: Mapping[Kind, str]
    forced_by: str = ""

    def __str__(self) -> str:
        why = f"{self.forced_by} asks for it" if self.forced_by else _reasons(self.missed)
        return " ".join(part for part in (self.kind, self.place, f"({why})" if why else "") if part)


def first_of(
    what: str, kinds: Sequence[Kind], require: Callable[[Kind], str], variable: str, asked: str
) -> Choice[Kind]:
    """Take the first way that is there.

    Args:
        what: the server, for the errors.
        kinds: the ways, the preferred one first.
        require: returns the place of a way, or raises NotThere.
        variable: the environment variable that can ask for one way.
        asked: its value; empty to consider all.

    Raises:
        NotThere: none is there; names each reason.
        ValueError: what `asked` names is not there, or is no way at all.
    """
    if asked and asked not in kinds:
        raise ValueError(f"{variable} must be one of {', '.join(kinds)}, not {asked}")
    missed: dict[Kind, str] = {}
    for kind in kinds:
        if asked in ("", kind):
            try:
                return Choice(kind, require(kind), missed, variable if asked else "")
            except NotThere as missing:
                missed[kind] = str(missing)
    if asked:
        raise ValueError(f"{variable} asks for what is not there: {_reasons(missed)}")
    raise NotThere(f"no {what} to test: {_reasons(missed)}")


def _reasons(missed: Mapping[Kind, str]) -> str:
    return "; ".join(f"{kind}: {reason}" for kind, reason in missed.items())
