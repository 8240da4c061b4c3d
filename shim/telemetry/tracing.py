"""Traces by OpenTelemetry: spans of requests and deliveries that are kept. Never by way of its global provider.

Nothing that the SDK reads from the environment counts, but for `OTEL_SDK_DISABLED`, with which this refuses to start.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from threading import Lock, Thread
from typing import Final, Unpack

from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, Tracer, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from contracts.spans import Attributes
from shim.admission.caller import Incoming
from shim.telemetry.attributes import Value, span_name, told
from shim.telemetry.observation import Observation

SERVICE: Final = "legacy-shim"
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_LIMITS: Final = SpanLimits(
    max_attributes=32,
    max_events=0,
    max_links=4,
    max_span_attributes=32,
    max_event_attributes=0,
    max_link_attributes=0,
    max_attribute_length=300,
    max_span_attribute_length=300,
)
_ALL: Final = 2**64


class TracingDisabled(Exception):
    """Raised when the environment disables the SDK that the configuration asks for."""


class _Ids(IdGenerator):
    """Random ids; a trace that begins here has the id that its request has already."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._trace = 0

    def root(self, begin: Callable[[], Span], trace: int) -> Span:
        """Begin the first span of a trace with this id."""
        with self._lock:
            self._trace = trace
            return begin()

    def generate_span_id(self) -> int:
        while not (number := secrets.randbits(64)):
            pass
        return number

    def generate_trace_id(self) -> int:
        return self._trace

    def is_trace_id_random(self) -> bool:
        return False


class Tracing:
    """Begins the traces of requests and deliveries. Thread-safe."""

    def __init__(self, processor: SpanProcessor, ratio: float, deployment: str) -> None:
        """Prepare.

        Args:
            processor: takes the spans that have ended.
            ratio: share of the traces that are kept where the caller does not say.
            deployment: its name.

        Raises:
            TracingDisabled: the environment says so.
        """
        self._processor = processor
        self._keep_below = round(ratio * _ALL)
        self._ids = _Ids()
        own = version(SERVICE)
        resource = Resource({"service.name": SERVICE, "service.version": own, "service.namespace": deployment})
        provider = TracerProvider(
            ALWAYS_ON, resource, False, id_generator=self._ids, span_limits=_LIMITS, meter_provider=NoOpMeterProvider()
        )
        provider.add_span_processor(processor)
        tracer = provider.get_tracer(SERVICE, own)
        if not isinstance(tracer, Tracer):
            raise TracingDisabled("the environment says OTEL_SDK_DISABLED; unset it, or leave tracing.endpoint out")
        self._tracer = tracer

    def request(self, observation: Observation, caller: Incoming) -> "Kept | None":
        """Begin the span of the server, if the trace is kept: as the caller says, or its share."""
        sampled = self._is_kept(caller.trace) if caller.sampled is None else caller.sampled
        if not sampled:
            return None
        return self._begin(observation, caller.span, SpanKind.SERVER, {"http.request.method": observation.method})

    def delivery(self, observation: Observation, traceparent: str | None) -> "Kept | None":
        """Begin the span of an attempt within its request's trace, if that one is kept."""
        if traceparent is None or not int(traceparent[-2:], 16) & TraceFlags.SAMPLED:
            return None
        return self._begin(observation, traceparent[36:52], SpanKind.CONSUMER, {})

    def close(self, limit_s: float) -> None:
        """Export what has not been, within a limit; what takes longer is lost. Idempotent."""
        # The SDK would wait for half a minute.
        thread = Thread(target=self._processor.shutdown, name="traces", daemon=True)
        thread.start()
        thread.join(limit_s)

    def _is_kept(self, trace: str) -> bool:
        return int(trace[16:], 16) < self._keep_below

    def _begin(self, observation: Observation, parent: str | None, kind: SpanKind, more: Mapping[str, Value]) -> "Kept":
        attributes = Attributes()
        if observation.system is not None:
            attributes["system"] = observation.system
        if observation.contract is not None:
            attributes["contract"] = observation.contract
        if observation.delivery is not None:
            attributes["delivery"] = observation.delivery
        if observation.attempt is not None:
            attributes["attempt"] = observation.attempt
        name, values = span_name(observation.action), {**told(attributes), **more}
        trace = int(observation.correlation, 16)
        if parent is None:
            return Kept(self._tracer, self._ids.root(lambda: self._start(name, Context(), kind, values), trace))
        context = SpanContext(trace, int(parent, 16), is_remote=True, trace_flags=_SAMPLED)
        return Kept(
            self._tracer,
            self._start(name, set_span_in_context(NonRecordingSpan(context), Context()), kind, values),
        )

    def _start(self, name: str, within: Context, kind: SpanKind, values: Mapping[str, Value]) -> Span:
        return self._tracer.start_span(
            name, within, kind, values, record_exception=False, set_status_on_exception=False
        )


class Kept:
    """A span that is kept; a `Traced`."""

    __slots__ = ("_span", "_tracer", "traceparent")

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        context = span.get_span_context()
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"

    def child(self, name: str, attributes: Attributes, begun: float | None = None) -> "Kept":
        """Begin a span within it."""
        span = self._tracer.start_span(
            span_name(name),
            set_span_in_context(self._span, Context()),
            SpanKind.CLIENT if "technology" in attributes else SpanKind.INTERNAL,
            told(attributes),
            start_time=_ns(begun),
            record_exception=False,
            set_status_on_exception=False,
        )
        return Kept(self._tracer, span)

    def tell(self, **attributes: Unpack[Attributes]) -> None:
        """Tell more of it."""
        for name, value in told(attributes).items():
            self._span.set_attribute(name, value)

    def fail(self, kind: str) -> None:
        """It went wrong: the class of what was raised, or a problem's slug, and nothing of what that says."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR, kind))

    def end(self, error: type[BaseException] | None = None, ended: float | None = None) -> None:
        """It is over."""
        if error is not None:
            self.fail(error.__name__)
        self._span.end(_ns(ended))


def _ns(moment: float | None) -> int | None:
    """Return a moment of the monotonic clock as OpenTelemetry has it: nanoseconds since 1970."""
    return None if moment is None else time.time_ns() - int((time.monotonic() - moment) * 1e9)
