"""The spans of one request or attempt: their time goes into its observation, and they into its trace if it has one."""

from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Protocol, Self, Unpack

from contracts.spans import SILENT, Attributes, Phase, Span
from shim.telemetry.observation import Observation


class Traced(Protocol):
    """A span of a trace that is kept."""

    @property
    def traceparent(self) -> str:
        """The header of W3C trace context that names it."""
        ...

    def child(self, name: str, attributes: Attributes, begun: float | None = None) -> "Traced":
        """Begin a span within it; `begun` is when, by the monotonic clock, if it was earlier than now."""
        ...

    def tell(self, **attributes: Unpack[Attributes]) -> None:
        """Tell more of it."""
        ...

    def fail(self, kind: str) -> None:
        """It went wrong: the class of what was raised, or a problem's slug."""
        ...

    def end(self, error: type[BaseException] | None = None, ended: float | None = None) -> None:
        """It is over; `error` is the class of what ended it, and `ended` when it did, if that was earlier than now."""
        ...


_phase: Final[ContextVar[Phase | None]] = ContextVar("phase", default=None)
"""The phase that this context's time is counted in already: what is begun within it does not count twice."""
_traced: Final[ContextVar[Traced | None]] = ContextVar("traced", default=None)
"""The innermost span of this context's trace."""


class Steps:
    """An observer of spans."""

    __slots__ = ("_observation", "_root")

    def __init__(self, observation: Observation, root: Traced | None = None) -> None:
        """Note for an observation; `root` is the span of the whole, if it is traced."""
        self._observation = observation
        self._root = root

    def span(self, name: str, phase: Phase | None, attributes: Attributes) -> AbstractContextManager[Span]:
        """Note a step: its time if it is the outermost of a phase, and a span if there is a trace."""
        if phase is not None and _phase.get() is not None:
            phase = None
        if self._root is not None:
            return _TracedStep(self._observation, phase, _traced.get() or self._root, name, attributes)
        return SILENT if phase is None else _Timed(self._observation, phase)

    def past(self, name: str, phase: Phase | None, begun: float, ended: float, attributes: Attributes) -> None:
        """Note a step that is over: its time if it lies in no phase, and a span if there is a trace."""
        if phase is not None and _phase.get() is None:
            self._observation.spent(phase, ended - begun)
        if self._root is not None:
            (_traced.get() or self._root).child(name, attributes, begun).end(ended=ended)

    def traceparent(self) -> str | None:
        """Return what names the innermost span."""
        if self._root is None:
            return None
        return (_traced.get() or self._root).traceparent


class _Timed:
    """A step of which only the time is noted."""

    __slots__ = ("_observation", "_phase", "_token")

    def __init__(self, observation: Observation, phase: Phase) -> None:
        self._observation = observation
        self._phase = phase

    def tell(self, **attributes: Unpack[Attributes]) -> None:
        """Forget it."""

    def __enter__(self) -> Self:
        self._token: Token[Phase | None] = _phase.set(self._phase)
        self._observation.begin(self, self._phase)
        return self

    def __exit__(self, *raised: object) -> None:
        self._observation.leave(self)
        _phase.reset(self._token)


class _TracedStep:
    """A step that is a span; its time is noted if it is the outermost of a phase."""

    __slots__ = ("_attributes", "_name", "_parent", "_span", "_timed", "_token")

    def __init__(
        self, observation: Observation, phase: Phase | None, parent: Traced, name: str, attributes: Attributes
    ) -> None:
        self._timed = None if phase is None else _Timed(observation, phase)
        self._parent = parent
        self._name = name
        self._attributes = attributes

    def tell(self, **attributes: Unpack[Attributes]) -> None:
        """Tell more of it."""
        self._span.tell(**attributes)

    def __enter__(self) -> Self:
        self._span = self._parent.child(self._name, self._attributes)
        self._token: Token[Traced | None] = _traced.set(self._span)
        if self._timed is not None:
            self._timed.__enter__()
        return self

    def __exit__(
        self, error: type[BaseException] | None, _raised: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._timed is not None:
            self._timed.__exit__()
        _traced.reset(self._token)
        self._span.end(error)
