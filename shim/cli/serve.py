"""`shim serve`: the HTTP service, with the outbox worker inside unless told otherwise."""

import logging
import signal
from typing import Annotated

import typer

from shim import exposures
from shim.cli.deployment import one_line_errors, settings
from shim.http.listener import address_of, listening, room_for, tls
from shim.root import open_shim
from shim.running import Running
from shim.settings import Settings
from shim.telemetry.starting import tracing_of


def serve(
    ctx: typer.Context,
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve simulators and an invented practice; nothing real.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of http.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on, instead of http.port; 0 takes a free one.")
    ] = None,
    worker: Annotated[bool, typer.Option(help="Deliver from within this process.")] = True,
) -> None:
    """Serve the HTTP API. Without a configuration this exits with 2; only --demo starts stand-ins."""
    from shim.guard import install  # noqa: PLC0415 - every command loads this module, to know its options

    install(logging.INFO)
    with one_line_errors():
        if demo:
            # Stand-ins stay out of a production process.
            from shim.demo import demo_deployment  # noqa: PLC0415

            with demo_deployment() as (configured, welcome):
                _serve(_at(configured, host, port), welcome, deliver=worker, demo=True)
        else:
            _serve(_at(settings(ctx), host, port), "", deliver=worker, demo=False)


def _at(configured: Settings, host: str | None, port: int | None) -> Settings:
    """Return the settings with what the command line says: another address is as open as one from the file."""
    said = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return configured.model_copy(update={"http": configured.http.model_copy(update=said)})


def _serve(configured: Settings, welcome: str, *, deliver: bool, demo: bool) -> None:
    from shim.telemetry.logs import logging_as  # noqa: PLC0415 - every command loads this module

    found = exposures.exposed(configured)
    exposures.refuse(found)
    encryption = tls(configured.http)
    with (
        logging_as(configured.log, configured.systems),
        open_shim(configured) as shim,
        tracing_of(configured) as tracing,
        listening(configured.http.host, configured.http.port) as listener,
    ):
        exposures.warn(found)
        room_for(configured.http.connections)
        address = address_of(listener, configured.http)
        shim.check_backends()
        running = Running.of(shim, deliver=deliver, demo=demo, tracing=tracing)
        server = running.server(encryption)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stopping.signal())
        running.start()
        typer.echo(f"legacy-shim listens on {address} (API documentation: {address}/docs)")
        if welcome:
            typer.echo(welcome.replace("{address}", address))
        try:
            server.run([listener])
        finally:
            running.end()
