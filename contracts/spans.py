"""Spans: what a request does, step by step, for whoever measures and traces; nobody does unless somebody says so.

An adapter puts a span around everything that leaves the process, and says which phase its time belongs to. Names and
attributes are fixed words and numbers of the code: never what a person wrote, nor anybody's key.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Final, Protocol, TypedDict, Unpack


class Phase(StrEnum):
    """What the time of a request is spent on; what belongs to none of these is the shim's own."""

    QUEUE = "queue"  # waiting for its turn
    CONNECT = "connect"  # until a connection can be used: name, TCP, TLS, sign-in, session
    BACKEND = "backend"  # from the first byte of the question to the last one of the answer
    DELIVERY = "delivery"  # a durable write that is safe already waits for its delivery


class Attributes(TypedDict, total=False):
    """Everything that can be told of a span.

    Attributes:
        system: name in the configuration.
        contract: of the catalogue.
        operation: of a service, or name of a statement's file.
        technology: such as `firebird`, `odbc`, `postgresql`, `soap` or `xml`.
        server: host and port, or path of a database.
        delivery: the shim's own identifier of an entry.
        attempt: counted from 1.
        outcome: a fixed word, such as a state or a problem's slug.
        rows: how many were read.
        status: of HTTP.
    """

    system: str
    contract: str
    operation: str
    technology: str
    server: str
    delivery: str
    attempt: int
    outcome: str
    rows: int
    status: int


class Span(Protocol):
    """One step while it lasts."""

    def tell(self, **attributes: Unpack[Attributes]) -> None:
        """Tell more, which is known only now."""
        ...


class Observer(Protocol):
    """Takes note of spans. May be used by several threads at once."""

    def span(self, name: str, phase: Phase | None, attributes: Attributes) -> AbstractContextManager[Span]:
        """Note a step; spans begun within it are its children. An error is noted by its class, never by its message."""
        ...

    def past(self, name: str, phase: Phase | None, begun: float, ended: float, attributes: Attributes) -> None:
        """Note a step that is over already, a child of the one under way."""
        ...

    def traceparent(self) -> str | None:
        """Return the header of W3C trace context that names the span under way; None when nothing is traced."""
        ...


class Silent:
    """A span that nobody notes, and the observer that notes none."""

    __slots__ = ()

    def tell(self, **attributes: Unpack[Attributes]) -> None:
        """Forget it."""

    def span(self, name: str, phase: Phase | None, attributes: Attributes) -> "Silent":
        """Do nothing."""
        del name, phase, attributes
        return self

    def past(self, name: str, phase: Phase | None, begun: float, ended: float, attributes: Attributes) -> None:
        """Do nothing."""

    def traceparent(self) -> str | None:
        """Return None."""
        return None

    def __enter__(self) -> Span:
        return self

    def __exit__(self, *raised: object) -> None:
        return None


SILENT: Final = Silent()
_observer: ContextVar[Observer] = ContextVar("observer", default=SILENT)


def span(name: str, phase: Phase | None = None, **attributes: Unpack[Attributes]) -> AbstractContextManager[Span]:
    """Put this around a step. A thread that is started for it must run in a copy of the context (`contextvars`)."""
    return _observer.get().span(name, phase, attributes)


def past(name: str, begun: float, ended: float, phase: Phase | None = None, **attributes: Unpack[Attributes]) -> None:
    """Note a step that is over: when it began and ended, by the monotonic clock, which processes share."""
    _observer.get().past(name, phase, begun, ended, attributes)


def traceparent() -> str | None:
    """Return the W3C header for what is sent now; None when nothing is traced."""
    return _observer.get().traceparent()


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Let an observer note the spans of this context, until the block ends."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)
