"""A shim in this process whose spans stay in memory, in front of Planon's stand-in and a sandboxed practice."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shim.root import Shim, open_shim
from shim.running import Running
from shim.settings import load
from shim.telemetry.tracing import Tracing
from simulators.planon.http_handler import HttpHandler
from tests.integration.shim.site import until
from tests.unit.shim.asgi import Answer, asked

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = CALLER[3:35]


@dataclass(frozen=True)
class Traced:
    """A running shim, the key of its client, and what it has exported."""

    shim: Shim
    running: Running
    key: str
    exporter: InMemorySpanExporter
    runner: asyncio.Runner

    def post(self, path: str, body: Mapping[str, Any], **headers: str) -> Answer:
        """Post as the client; headers in snake case."""
        told = [(name.replace("_", "-"), value) for name, value in headers.items()]
        sent = json.dumps(body).encode()
        told.append(("content-type", "application/json"))
        return self.runner.run(asked(self.running.app, "POST", path, *told, key=self.key, body=sent))

    @property
    def spans(self) -> list[ReadableSpan]:
        """All that have ended."""
        return list(self.exporter.get_finished_spans())

    def named(self, *names: str) -> list[ReadableSpan]:
        """Return all spans, as soon as one with each of these names has ended."""
        return until(lambda: self.spans, lambda spans: set(names) <= {span.name for span in spans})


@contextmanager
def tracing_shim(configuration: Path, key: str | None = None, ratio: float = 1) -> Iterator[Traced]:
    """Run a shim with its worker; without a key it makes a client of its own."""
    exporter = InMemorySpanExporter()
    settings = load(configuration)
    tracing = Tracing(SimpleSpanProcessor(exporter), ratio, settings.deployment)
    with open_shim(settings) as shim, asyncio.Runner() as runner:
        scopes = {row.scope(name) for name, system in shim.systems.items() for row in system.contracts}
        key = key or shim.state.clients.add("agent", scopes)
        shim.check_backends()
        running = Running.of(shim, deliver=True, demo=False, tracing=tracing)
        assert running.worker is not None
        running.worker.start()
        try:
            yield Traced(shim, running, key, exporter, runner)
        finally:
            assert running.worker.stop(30)


@dataclass(frozen=True)
class Received:
    """One request as Planon's stand-in got it."""

    path: str
    traceparent: str | None
    body: bytes


@dataclass
class Heard:
    """What Planon's stand-in got, in order."""

    requests: list[Received] = field(default_factory=list)


@contextmanager
def overhearing() -> Iterator[Heard]:
    """Note what a stand-in in this process is sent."""
    heard, read = Heard(), HttpHandler.body

    def body(handler: HttpHandler) -> bytes | None:
        found = read(handler)
        heard.requests.append(Received(handler.path, handler.headers.get("traceparent"), found or b""))
        return found

    with patch.object(HttpHandler, "body", body):
        yield heard


def tree(spans: Sequence[ReadableSpan]) -> list[str]:
    """Return the spans as an indented list, each below its parent, in the order in which they began."""
    ids = {span.context.span_id for span in spans}
    lines: list[str] = []

    def add(parent: int | None, depth: int) -> None:
        for span in sorted(spans, key=lambda one: one.start_time or 0):
            above = span.parent.span_id if span.parent is not None and span.parent.span_id in ids else None
            if above == parent:
                told = " ".join(f"{name}={value!s}" for name, value in (span.attributes or {}).items())
                took_ms = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
                lines.append(f"{'  ' * depth}{span.name} {took_ms:.1f} ms {told}".rstrip())
                add(span.context.span_id, depth + 1)

    add(None, 0)
    return lines


def paths(spans: Sequence[ReadableSpan]) -> set[str]:
    """Return the names of each span and of all above it, from the top."""
    by_id = {span.context.span_id: span for span in spans}

    def path(span: ReadableSpan) -> str:
        above = by_id.get(span.parent.span_id) if span.parent is not None else None
        return span.name if above is None else f"{path(above)} / {span.name}"

    return {path(span) for span in spans}


def everything_in(spans: Sequence[ReadableSpan]) -> list[str]:
    """Return every text that spans hold, wherever it is."""
    texts: list[str] = []
    for span in spans:
        held = [span.attributes, span.resource.attributes, *(event.attributes for event in span.events)]
        texts += [span.name, span.status.description or "", *(event.name for event in span.events)]
        texts += [f"{name}={value!s}" for attributes in held for name, value in (attributes or {}).items()]
        texts.append(span.to_json())
    return texts
