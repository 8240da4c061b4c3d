"""Where the service listens: the socket, what HTTPS is served with, and a server that tells nobody what it is."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from shim.settings import ConfigurationError, Http

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

_BACKLOG: Final = 2048
_TLS_GOODBYE_S: Final = 1.0
"""How long a client's own end of a TLS connection is waited for: asyncio's 30 s would hold up every stop, because a
client that keeps a connection for later does not look at it."""


class EventLoop(asyncio.SelectorEventLoop):
    """Ends TLS connections quickly; uvicorn has no option for it."""

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        """Listen, as asyncio does."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_shutdown_timeout", _TLS_GOODBYE_S)
        return await super().create_server(*arguments, **options)


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
    import uvicorn  # noqa: PLC0415 - a command's module is loaded by every other command

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=list(http.trusted_proxies),
        ssl_context_factory=None if encryption is None else lambda _config, _default: encryption,
        loop="auto" if encryption is None else f"{__name__}:{EventLoop.__name__}",
    )
    return uvicorn.Server(config)


def address_of(listener: socket.socket, http: Http) -> str:
    """Return the URL under which it is reached."""
    host, port = listener.getsockname()[:2]
    scheme = "http" if http.tls_certificate is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen before anything is announced, so that whoever reads the address can connect.

    Raises:
        ConfigurationError: nobody can listen there.
    """
    try:
        family, kind, _, _, bound_to = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # With the protocol left at 0 asyncio does not switch Nagle's algorithm off, and every answer takes 40 ms more.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} ({error.strerror}); choose another with --host or http.host"
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(bound_to)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port or http.port"
        ) from error
    with listener:
        yield listener
