"""Where the service listens: the socket, what HTTPS is served with, and a server that tells nobody what it is."""

import asyncio
import logging
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from shim.settings import ConfigurationError, Http
from shim.stopping import Stopping

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from shim.http.server import Server

_BACKLOG: Final = 2048
_OTHER_FILES: Final = 512
"""Files that are open beside clients' connections: the state, systems, pipes to their processes."""
_TLS_GOODBYE_S: Final = 1.0
"""How long a client's own end of a TLS connection is waited for: asyncio's 30 s would hold up every stop, because a
client that keeps a connection for later does not look at it."""
_TLS_HELLO_S: Final = 10.0
"""How long a client's handshake may take."""


_log = logging.getLogger(__name__)


class EventLoop(asyncio.SelectorEventLoop):
    """Ends TLS connections quickly; uvicorn has no option for it."""

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        """Listen, as asyncio does."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_shutdown_timeout", _TLS_GOODBYE_S)
            options.setdefault("ssl_handshake_timeout", _TLS_HELLO_S)
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


def server_of(
    app: "ASGIApp", http: Http, encryption: ssl.SSLContext | None, stopping: Stopping | None = None
) -> "Server":
    """Return the server; it tells nobody what it is, and believes no proxy that is not named."""
    # A command's module is loaded by every other command.
    import uvicorn  # noqa: PLC0415

    from shim.admission.receiving import HEADERS_LIMIT_BYTES, URL_LIMIT_BYTES  # noqa: PLC0415
    from shim.http.connection import KEEP_ALIVE_S, limited  # noqa: PLC0415
    from shim.http.parting import Parting  # noqa: PLC0415
    from shim.http.server import Server  # noqa: PLC0415

    config = uvicorn.Config(
        Parting(app),
        log_config=None,
        access_log=False,
        server_header=False,
        http=limited(http.connections),
        ws="none",
        h11_max_incomplete_event_size=HEADERS_LIMIT_BYTES + URL_LIMIT_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=list(http.trusted_proxies),
        ssl_context_factory=None if encryption is None else lambda _config, _default: encryption,
        loop="auto" if encryption is None else f"{__name__}:{EventLoop.__name__}",
    )
    return Server(config, http.receive_s, stopping or Stopping())


def address_of(listener: socket.socket, http: Http) -> str:
    """Return the URL under which it is reached."""
    host, port = listener.getsockname()[:2]
    scheme = "http" if http.tls_certificate is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def room_for(connections: int) -> None:
    """Let this process have so many connections; what the system does not allow is said in the log."""
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        _log.warning(
            "this process may open %d files, and http.connections needs %d; raise the limit (ulimit -n, LimitNOFILE) "
            "or lower http.connections",
            allowed,
            wanted,
        )


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
