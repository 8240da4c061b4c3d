"""`shim serve`: the HTTP service, with the outbox worker inside unless told otherwise."""

import logging
import signal
from typing import Annotated

import typer

from shim import exposures
from shim.cli.deployment import one_line_errors, settings
from shim.http.listener import address_of, listening, server_of, tls
from shim.landings import Landings
from shim.root import open_shim
from shim.settings import Settings


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
    found = exposures.exposed(configured)
    exposures.refuse(found)
    encryption = tls(configured.http)
    with open_shim(configured) as shim, listening(configured.http.host, configured.http.port) as listener:
        exposures.warn(found)
        address = address_of(listener, configured.http)
        shim.check_backends()
        landings = Landings()
        worker = shim.worker(landings.tell) if deliver else None
        chores = shim.chores() if deliver else []
        notify = worker.notify if worker else lambda: None
        app = shim.app(notify, landings, demo=demo)
        server = server_of(app, configured.http, encryption)
        # uvicorn raises the signal that stopped it again; without a handler of ours that would end the process here.
        # One that comes before uvicorn has handlers of its own counts, too.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        if worker:
            worker.start()
        for chore in chores:
            chore.start()
        typer.echo(f"legacy-shim listens on {address} (API documentation: {address}/docs)")
        if welcome:
            typer.echo(welcome.replace("{address}", address))
        try:
            server.run([listener])
        finally:
            for chore in chores:
                chore.stop()
            if worker and not worker.stop(configured.outbox.grace_s):
                logging.getLogger(__name__).warning(
                    "an attempt did not end in time; its outcome is asked for at the next start"
                )
