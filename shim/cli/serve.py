"""`shim serve`: the HTTP service, with the outbox worker inside unless told otherwise."""

import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
import uvicorn

from shim.cli.deployment import fail, one_line_errors, settings
from shim.landings import Landings
from shim.root import Shim, open_shim

_BACKLOG: Final = 2048


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
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with one_line_errors():
        if demo:
            # Stand-ins stay out of a production process.
            from shim.demo import demo_deployment  # noqa: PLC0415

            with demo_deployment() as (configured, welcome), open_shim(configured) as shim:
                _run(
                    shim,
                    host or configured.http.host,
                    configured.http.port if port is None else port,
                    welcome,
                    worker,
                    demo,
                )
        else:
            configured = settings(ctx)
            with open_shim(configured) as shim:
                _run(
                    shim, host or configured.http.host, configured.http.port if port is None else port, "", worker, demo
                )


def _run(shim: Shim, host: str, port: int, welcome: str, deliver: bool, demo: bool) -> None:
    with _listening(host, port) as listener:
        bound_host, bound_port = listener.getsockname()[:2]
        address = f"http://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}"
        shim.check_backends()
        landings = Landings()
        worker = shim.worker(landings.tell) if deliver else None
        notify = worker.notify if worker else lambda: None
        app = shim.app(notify, landings, demo=demo)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        # uvicorn raises the signal that stopped it again; without a handler of ours that would end the process here.
        # One that comes before uvicorn has handlers of its own counts, too.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        if worker:
            worker.start()
        typer.echo(f"legacy-shim listens on {address} (API documentation: {address}/docs)")
        if welcome:
            typer.echo(welcome.replace("{address}", address))
        try:
            server.run([listener])
        finally:
            if worker and not worker.stop(shim.settings.outbox.grace_s):
                logging.getLogger(__name__).warning(
                    "an attempt did not end in time; its outcome is asked for at the next start"
                )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen before anything is announced, so that whoever reads the address can connect."""
    try:
        family, kind, _, _, bound_to = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # With the protocol left at 0 asyncio does not switch Nagle's algorithm off, and every answer takes 40 ms more.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise fail(f"cannot listen on {host} ({error.strerror}); choose another with --host or http.host") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(bound_to)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise fail(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port or http.port"
        ) from error
    with listener:
        yield listener
