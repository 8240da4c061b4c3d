"""A client's connection: what the parser refuses is a problem too, and nobody holds one without doing something.

Asyncio closes nothing by itself: a client that sends a byte a minute, or does not read its answer, would keep its
connection for ever. A connection tells since when it waits for its client, and the server closes it (`look_after`).
"""

import logging
import sys
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import h11
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from contracts.errors import ContractError, HeadersTooLarge, MalformedRequest, Overloaded, RequestTooSlow, Violation
from shim.http.parting import Parting
from shim.http.problems import problem_response

KEEP_ALIVE_S: Final = 5
"""How long a connection may be idle between two requests."""
HEALTH: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is answered on a few connections more than there may be."""
SPARE: Final = 16
_RETRY_S: Final = 1
_TOO_LARGE: Final = 431

_log = logging.getLogger(__name__)


class Connection(H11Protocol):
    """One connection. Everything happens in the event loop."""

    most = 1000
    """Connections at a time; set for a server's own class."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._since = 0.0
        self._begun = True
        self._silent = True
        self._state: Any = h11.IDLE
        self._unsent: tuple[int, float] | None = None

    def connection_made(self, transport: Any) -> None:
        """Take it; one more than a few too many is told so at once, and not read."""
        super().connection_made(transport)
        self._since = self.loop.time()
        if len(self.connections) > self.most + SPARE:
            self._refuse(_too_many())

    def data_received(self, data: bytes) -> None:
        """Read on; the time for a request's head begins with its first byte, or with the connection."""
        self._silent = False
        if not self._begun and self._state is h11.IDLE:
            self._begun, self._since = True, self.loop.time()
        if not self.transport.is_closing():
            super().data_received(data)

    def handle_events(self) -> None:
        """Begin what has arrived; where there are too many connections, health is asked all the same."""
        self.app = self._crowded if len(self.connections) > self.most else self.config.loaded_app
        super().handle_events()
        self._note()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._note()

    def _note(self) -> None:
        """Note since when the client is where it is now: before or in a head, in a body, or waiting for its answer."""
        if self.conn.their_state is not self._state:
            self._state, self._since = self.conn.their_state, self.loop.time()
            self._begun = self._state is h11.IDLE and bool(self.conn.trailing_data[0])

    def shutdown(self) -> None:
        """Close it if nobody waits for an answer on it; else after that answer."""
        with suppress(h11.LocalProtocolError):  # it is being closed already
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request; called while the parser's error is handled."""
        del msg  # it is uvicorn's, and plain text
        error = sys.exc_info()[1]
        too_large = isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == _TOO_LARGE
        if too_large:
            self._refuse(HeadersTooLarge("the headers are longer than any client of the contracts needs"))
        else:
            self._refuse(MalformedRequest("this is no HTTP request", [Violation("request", "must be HTTP/1.1")]))

    def look_after(self, now: float, within_s: float) -> None:
        """End what has waited for its client for longer than `within_s` seconds."""
        if self.transport.is_closing() or self._unsent is not None or self.transport.get_write_buffer_size():
            self._look_at_unsent(now, within_s)
        elif now - self._since > within_s:
            if self._silent:
                self.transport.close()  # opened ahead: an answer that nobody asked for would be the next one's
            elif self._state is h11.IDLE and self._begun:
                self._refuse(RequestTooSlow("the headers did not arrive in time; nothing was done", _RETRY_S))
            elif self._state is h11.SEND_BODY and self.cycle.response_complete:
                self.transport.close()  # nobody reads the rest of this body

    def _look_at_unsent(self, now: float, within_s: float) -> None:
        """Break off when nothing of an answer was taken for too long; closing alone would wait for it for ever."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent and not self.transport.is_closing():
            self._unsent = None
        elif self._unsent is None or unsent < self._unsent[0]:
            self._unsent = unsent, now
        elif now - self._unsent[1] > within_s:
            self.transport.abort()

    async def _crowded(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] in HEALTH:
            await self.config.loaded_app(scope, receive, send)
            return
        _log.warning("there are more connections than http.connections; one was refused")
        response = problem_response(_too_many())
        response.headers["connection"] = "close"
        await Parting(response)(scope, receive, send)

    def _refuse(self, error: ContractError) -> None:
        """Answer for the parser, if nothing has been answered yet, and close."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            asked = None if self.cycle is None or self.conn.our_state is h11.IDLE else self.cycle.scope["method"]
            self.transport.write(_written(self.conn, problem_response(error), without_body=asked == "HEAD"))
            if self.cycle is not None and not self.cycle.response_complete:
                self.cycle.disconnected = True  # the application's own answer would be a second one
                self.cycle.message_event.set()
        self.transport.close()


def limited(most: int) -> type[Connection]:
    """Return the class of the connections of a server that has so many at a time."""
    return type("LimitedConnection", (Connection,), {"most": most})


def _too_many() -> Overloaded:
    return Overloaded("there are as many connections as there may be; nothing was done", _RETRY_S)


def _written(conn: h11.Connection, response: Response, *, without_body: bool) -> bytes:
    headers = [*response.raw_headers, (b"connection", b"close"), (b"x-content-type-options", b"nosniff")]
    reason = HTTPStatus(response.status_code).phrase
    events = (
        h11.Response(status_code=response.status_code, headers=headers, reason=reason.encode()),
        h11.Data(data=b"" if without_body else bytes(response.body)),
        h11.EndOfMessage(),
    )
    return b"".join(conn.send(event) or b"" for event in events)
