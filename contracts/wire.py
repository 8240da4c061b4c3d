"""The seam at which exchanges of an adapter with its backend are seen, and at which recorded ones take their place.

Nothing secret reaches it: account, password and session ids are fixed words before anybody here sees a message, and a
message that cannot be read as XML is not shown at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Attributes:
        operation: what is asked for, such as `Incident.read`.
        headers: those that say what the body is; never one with a credential.
        body: XML without comments, secrets replaced by fixed words; None when it cannot be read as XML.
        expects: names that the adapter's description of the answer has, by local name.
    """

    operation: str
    headers: Mapping[str, str]
    body: bytes | None
    expects: Callable[[], frozenset[str]] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer; members as of `Asked`.

    Attributes:
        status: of HTTP.
        headers: those that decide whether the body is read.
        body: as of a request; None as well when its media type is none of XML.
        length: of the body as it came, bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    length: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No whole answer came.

    Attributes:
        flaw: what was wrong, in the transport's word for it.
        sent: whether anything may have been sent.
    """

    flaw: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what became of it; `took_s` from before the connection to the end."""

    asked: Asked
    outcome: Answered | Unanswered
    took_s: float


class Wire(Protocol):
    """What stands between an adapter and its backend. Called from the thread that asks."""

    def instead(self, asked: Asked) -> Answered | Unanswered | None:
        """Return what to take for the answer, and nothing is sent; None to let the request pass."""
        ...

    def seen(self, exchange: Exchange) -> None:
        """Take note of an exchange that went over the network."""
        ...
