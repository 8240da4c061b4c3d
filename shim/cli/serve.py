"""`shim serve`: the HTTP service, with the outbox worker inside unless told otherwise."""

import logging
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from shim import exposures
from shim.cli.deployment import fail, one_line_errors, settings
from shim.landings import Landings
from shim.root import open_shim
from shim.settings import ConfigurationError, Http, Settings

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

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
    with open_shim(configured) as shim, _listening(configured.http.host, configured.http.port) as listener:
        exposures.warn(found)
        address = _address(listener, configured.http)
        shim.check_backends()
        landings = Landings()
        worker = shim.worker(landings.tell) if deliver else None
        retention = shim.retention() if deliver else None
        notify = worker.notify if worker else lambda: None
        app = shim.app(notify, landings, demo=demo)
        server = server_of(app, configured.http, encryption)
        # uvicorn raises the signal that stopped it again; without a handler of ours that would end the process here.
        # One that comes before uvicorn has handlers of its own counts, too.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        if worker:
            worker.start()
        if retention:
            retention.start()
        typer.echo(f"legacy-shim listens on {address} (API documentation: {address}/docs)")
        if welcome:
            typer.echo(welcome.replace("{address}", address))
        try:
            server.run([listener])
        finally:
            if retention:
                retention.stop()
            if worker and not worker.stop(configured.outbox.grace_s):
                logging.getLogger(__name__).warning(
                    "an attempt did not end in time; its outcome is asked for at the next start"
                )


def tls(http: Http) -> ssl.SSLContext | None:
    """Return what HTTPS is served with; None for HTTP.

    Raises:
        ConfigurationError: certificate or key cannot be used.
    """
    if http.tls_certificate is None or http.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)  # TLS 1.2 or later
    try:
        context.load_cert_chain(
            http.tls_certificate, http.tls_key, password=""
        )  # a locked key is refused, not asked for
    except OSError as error:  # what ssl raises is one, too
        why = error.strerror or type(error).__name__
        raise ConfigurationError(f"http.tls_certificate and http.tls_key cannot be used: {why}") from error
    return context


def server_of(app: "ASGIApp", http: Http, encryption: ssl.SSLContext | None) -> "uvicorn.Server":
    """Return the server; it tells nobody what it is, and believes no proxy that is not named."""
    import uvicorn  # noqa: PLC0415 - every command loads this module, to know its options

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=list(http.trusted_proxies),
        ssl_context_factory=None if encryption is None else lambda _config, _default: encryption,
    )
    return uvicorn.Server(config)


def _address(listener: socket.socket, http: Http) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "http" if http.tls_certificate is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


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
