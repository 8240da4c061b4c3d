"""Tracing of a process, as its configuration says; without an endpoint nothing of OpenTelemetry is even loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from shim.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    from shim.telemetry.tracing import Tracing

FLUSH_S: Final = 2.0
"""How long a shutdown waits for the last spans, unless the outbox's grace is shorter."""
_QUEUE: Final = 2048
_EVERY_MS: Final = 2000
_AT_A_TIME: Final = 512


@contextmanager
def tracing_of(settings: Settings) -> Iterator["Tracing | None"]:
    """Trace until the block ends; yield None if nothing is to be traced.

    Raises:
        ConfigurationError: the environment disables what the configuration asks for.
    """
    section = settings.tracing
    if section.endpoint is None:
        yield None
        return
    from opentelemetry.metrics import NoOpMeterProvider  # noqa: PLC0415 - a quarter of a second, for who traces
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    from shim.telemetry.exporting import OtlpExporter  # noqa: PLC0415
    from shim.telemetry.tracing import Tracing, TracingDisabled  # noqa: PLC0415

    exporter = OtlpExporter(section.endpoint)
    processor = BatchSpanProcessor(
        exporter, _QUEUE, _EVERY_MS, _AT_A_TIME, 1000 * exporter.timeout_s, meter_provider=NoOpMeterProvider()
    )
    try:
        tracing = Tracing(processor, section.ratio, settings.deployment)
    except TracingDisabled as error:
        raise ConfigurationError(f"tracing: {error}") from error
    try:
        yield tracing
    finally:
        tracing.close(min(FLUSH_S, settings.outbox.grace_s))
