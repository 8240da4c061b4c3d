"""Spans as OpenTelemetry has them: whose names and values may leave, and what the environment may not change."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from contracts.errors import NotFound
from contracts.spans import Attributes, Phase, observed_by, past, span, traceparent
from shim.admission.caller import Incoming
from shim.telemetry.attributes import span_name, told
from shim.telemetry.exporting import OtlpExporter
from shim.telemetry.observation import Observation
from shim.telemetry.steps import Steps
from shim.telemetry.tracing import Tracing, TracingDisabled

TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT: Final = "00f067aa0ba902b7"
BSN: Final = "999911120"
NAME: Final = "mevrouw Zwaluwstaart"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def tracing_to(exporter: SpanExporter, ratio: float = 1) -> Tracing:
    return Tracing(SimpleSpanProcessor(exporter), ratio, "test")


def new(correlation: str = TRACE) -> Observation:
    return Observation("request", correlation, "POST", "find_patient", "intramed", "find_patient")


@pytest.fixture
def traced(exporter: InMemorySpanExporter) -> Iterator[Callable[[], list[ReadableSpan]]]:
    """Observe what the test does within a request; the function returns its spans by now."""
    observation = new()
    root = tracing_to(exporter).request(observation, Incoming(TRACE, PARENT, sampled=True))
    assert root is not None
    with observed_by(Steps(observation, root)):
        yield lambda: list(exporter.get_finished_spans())
    root.end()


Spans = Callable[[], list[ReadableSpan]]


def test_spans_lie_within_each_other(traced: Spans) -> None:
    """What is begun in a span is its child, and the header names the innermost one."""
    with span("compose"), span("read", Phase.BACKEND, technology="firebird", server="db:3050") as step:
        header = traceparent()
        past("find", time.monotonic() - 2, time.monotonic() - 1, operation="find", rows=3)
        step.tell(outcome="lost")
    found, read, compose = traced()
    assert (found.name, read.name, compose.name) == ("find", "read", "compose")
    assert header == f"00-{TRACE}-{read.context.span_id:016x}-01"
    parents = [one.parent.span_id if one.parent else None for one in (found, read)]
    assert parents == [read.context.span_id, compose.context.span_id]
    assert dict(read.attributes or {}) == {
        "db.system.name": "firebirdsql",
        "server.address": "db",
        "server.port": 3050,
        "shim.outcome": "lost",
    }
    took_s = ((found.end_time or 0) - (found.start_time or 0)) / 1e9
    assert took_s == pytest.approx(1, abs=0.1)
    assert abs(time.time() - 1 - (found.end_time or 0) / 1e9) < 30


def test_of_an_error_only_its_class_leaves(traced: Spans) -> None:
    """Neither its message nor its members nor a line of code with them."""
    with pytest.raises(NotFound), span("read"):
        raise NotFound(f"{NAME} {BSN}", found=NAME)
    (read,) = traced()
    assert (read.status.status_code, read.status.description) == (StatusCode.ERROR, "NotFound")
    assert (dict(read.attributes or {}), read.events) == ({"error.type": "NotFound"}, ())
    assert NAME not in read.to_json()


def test_every_attribute_is_in_the_table() -> None:
    """None of them is forgotten, and each has a name outside."""
    every = Attributes(
        system="intramed",
        contract="find_patient",
        operation="find",
        technology="postgresql",
        server="db.example:5432",
        delivery=f"dl_{'a' * 32}",
        attempt=1,
        outcome="delivered",
        rows=2,
        status=200,
    )
    assert set(every) == set(Attributes.__annotations__)
    assert told(every) == {
        "shim.system": "intramed",
        "shim.contract": "find_patient",
        "db.operation.name": "find",
        "db.system.name": "postgresql",
        "server.address": "db.example",
        "server.port": 5432,
        "shim.delivery": f"dl_{'a' * 32}",
        "shim.attempt": 1,
        "shim.outcome": "delivered",
        "db.response.returned_rows": 2,
        "http.response.status_code": 200,
    }
    call = told(Attributes(technology="soap", operation="Incident.find"))
    assert call == {"rpc.system": "soap", "rpc.method": "Incident.find"}


@pytest.mark.parametrize("value", [NAME, BSN, f"x{BSN}", f"x-{BSN}", "a b", "", "0612345678", f"dl_{BSN}", "é", 17])
@pytest.mark.parametrize("name", ["system", "contract", "operation", "outcome", "delivery", "technology"])
def test_what_is_no_word_of_the_code_does_not_leave(name: str, value: Any) -> None:
    """A third adapter may tell what it likes."""
    assert told({name: value}) == {}  # type: ignore[misc]


@pytest.mark.parametrize("name", ["patient", "statement", "error.message"])
def test_a_name_that_is_not_in_the_table_is_refused(name: str) -> None:
    """Whatever its value is."""
    assert told({name: "find"}) == {}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("server", "outside"),
    [
        ("user:secret@db:5432", {"server.address": "db", "server.port": 5432}),
        ("user:se@cret@[::1]:80", {"server.address": "[::1]", "server.port": 80}),
        ("/srv/practice.fdb", {"db.namespace": "/srv/practice.fdb"}),
        ("C:\\data\\practice.fdb", {"db.namespace": "C:\\data\\practice.fdb"}),
        ("https://user:secret@db/path?token=secret", {}),
        ("db/path?password=secret", {}),
        (f"/srv/{BSN}.fdb", {"db.namespace": "/srv/[BSN].fdb"}),
    ],
)
def test_a_server_is_told_without_an_account(server: str, outside: dict[str, Any]) -> None:
    """Nor a query, in which drivers take passwords."""
    assert told({"server": server}) == outside


def test_a_span_is_called_by_words_only() -> None:
    """Whoever names one after something that was sent gets a fixed word."""
    assert (span_name("read-back"), span_name(f"find {BSN}"), span_name("é")) == ("read-back", "step", "step")


def test_the_callers_flag_decides_and_else_the_ratio(exporter: InMemorySpanExporter) -> None:
    """A trace that is kept in one process is kept in the next: by its id, not by chance."""
    half, none = tracing_to(exporter, 0.5), tracing_to(exporter, 0)
    low, high = f"a{'0' * 31}", f"a{'f' * 31}"
    for tracing, trace_id, sampled, kept in (
        (half, low, None, True),
        (half, high, None, False),
        (half, high, True, True),
        (half, low, False, False),
        (none, low, None, False),
        (none, low, True, True),
        (tracing_to(exporter, 1), high, None, True),
    ):
        begun = tracing.request(new(trace_id), Incoming(trace_id, None, sampled))
        assert (begun is not None) is kept
        if begun is not None:
            assert begun.traceparent[3:35] == trace_id
            begun.end()
    assert {one.parent for one in exporter.get_finished_spans()} == {None}


def test_a_delivery_goes_on_with_its_requests_trace(exporter: InMemorySpanExporter) -> None:
    """As the entry says; one that was not kept, or of an earlier release, is not kept now."""
    tracing, observation = tracing_to(exporter), Observation("delivery", TRACE, "send", "outbox_send", attempt=2)
    for nothing in (None, f"00-{TRACE}-{PARENT}-00"):
        assert tracing.delivery(observation, nothing) is None
    begun = tracing.delivery(observation, f"00-{TRACE}-{PARENT}-01")
    assert begun is not None
    begun.end()
    (sent,) = exporter.get_finished_spans()
    assert sent.parent is not None
    assert (f"{sent.context.trace_id:032x}", f"{sent.parent.span_id:016x}") == (TRACE, PARENT)


def test_the_environment_adds_nothing_and_the_global_provider_is_left_alone(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attributes, sampler, limits and service name come from the code; whoever reads the global one sees nothing."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"host.name={BSN},secret=hunter2")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "other")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0")
    before = trace.get_tracer_provider()
    begun = tracing_to(exporter).request(new(), Incoming(TRACE, None, sampled=True))
    assert begun is not None
    begun.end()
    (server,) = exporter.get_finished_spans()
    assert set(server.resource.attributes) == {"service.name", "service.version", "service.namespace"}
    assert server.resource.attributes["service.name"] == "legacy-shim"
    assert (server.attributes or {})["shim.contract"] == "find_patient"
    assert trace.get_tracer_provider() is before


def test_a_disabled_sdk_is_refused_and_not_silent(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever configures traces and gets none is told at the start."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with pytest.raises(TracingDisabled, match="OTEL_SDK_DISABLED"):
        tracing_to(exporter)


class Stuck(SpanExporter):
    """A collector that does not answer when the process ends."""

    def export(self, spans: Any) -> SpanExportResult:
        del spans
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        time.sleep(60)


def test_closing_waits_no_longer_than_it_may() -> None:
    """The SDK would wait for as long as the exporter does."""
    begun = time.monotonic()
    tracing_to(Stuck()).close(0.05)
    assert time.monotonic() - begun < 30


class Refused(OtlpExporter):
    """An exporter whose collector answers as it is told, without a socket."""

    def __init__(self, *answers: int | OSError) -> None:
        super().__init__("http://user:hunter2@127.0.0.1:4318/v1/traces")
        self.answers = list(answers)
        self.bodies: list[bytes] = []

    def _post(self, body: bytes) -> int:
        self.bodies.append(body)
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer


def test_a_collector_that_fails_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Once when it begins and once when it is over, without its address; the spans are lost, and nobody waits."""
    exporter = Refused(OSError("http://user:hunter2@…"), 503, 404, 200, 200)
    tracing = tracing_to(exporter)
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            begun = tracing.request(new(), Incoming(TRACE, None, sampled=True))
            assert begun is not None
            begun.end()
    first, last = [record.getMessage() for record in caplog.records]
    assert first == "traces cannot be exported: OSError; 1 spans are lost so far"
    assert last == "traces are exported again; 3 spans were lost"
    assert "hunter2" not in caplog.text
    assert bytes.fromhex(TRACE) in exporter.bodies[0]
