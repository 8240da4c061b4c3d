"""Each attempt of the outbox is one observation, and goes on with the trace of the request that it comes from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol, Unpack

from contracts.spans import Attributes, Span, observed_by
from outbox.around import Work
from outbox.entry import Entry
from shim.telemetry.observation import Noted, Observation, new_trace, observing, tell
from shim.telemetry.steps import Steps, Traced

ACTIONS: Final[dict[Work, str]] = {"send": "outbox_send", "find": "outbox_find", "check": "outbox_check"}
"""What an observation of each kind of work is called."""


class Traces(Protocol):
    """What goes on with the trace of a request, if it is kept."""

    def delivery(self, observation: Observation, traceparent: str | None) -> Traced | None:
        """Begin the span of an attempt."""
        ...


class Deliveries:
    """Watches the attempts of a worker; an `Around`. Thread-safe."""

    def __init__(self, noted: Sequence[Noted], tracing: Traces | None = None) -> None:
        """Watch; each of `noted` is told of every attempt, in the worker's thread."""
        self._noted = noted
        self._tracing = tracing

    @contextmanager
    def __call__(self, entry: Entry, work: Work, /) -> Iterator[Span]:
        """Watch one attempt."""
        observation = Observation(
            "delivery",
            entry.trace or new_trace(),
            work,
            ACTIONS[work],
            entry.destination,
            entry.contract,
            entry.client,
            delivery=entry.id,
            attempt=entry.checks if work == "check" else entry.step,
        )
        traced = self._tracing.delivery(observation, entry.traceparent) if self._tracing else None
        error: type[BaseException] | None = None
        try:
            with observing(observation), observed_by(Steps(observation, traced)):
                yield _Outcome(observation, traced)
        except BaseException as raised:
            error = type(raised)
            raise
        finally:
            observation.end()
            if traced is not None:
                traced.end(error)
            tell(self._noted, observation)


class _Outcome:
    """Takes what came of an attempt."""

    def __init__(self, observation: Observation, traced: Traced | None) -> None:
        self._observation = observation
        self._traced = traced

    def tell(self, **attributes: Unpack[Attributes]) -> None:
        """Tell what came of it."""
        self._observation.outcome = attributes.get("outcome", self._observation.outcome)
        if self._traced is not None:
            self._traced.tell(**attributes)
