"""Ends a connection after an answer that came before the whole body: the client reads the answer first.

A socket that is closed while something unread waits on it is reset, and the client loses the answer that it was sent.
"""

import asyncio
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PARTING_S: Final = 1.0
_PARTING_BYTES: Final = 1024 * 1024
"""How long, and how much, a client is listened to that goes on sending."""


class Parting:
    """Wraps everything else; does something only where an answer with `Connection: close` meets an unread body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        unread, closes = True, False

        async def received() -> Message:
            nonlocal unread
            message = await receive()
            unread = message["type"] == "http.request" and bool(message.get("more_body"))
            return message

        async def sent(message: Message) -> None:
            nonlocal closes
            if message["type"] == "http.response.start":
                closes = (b"connection", b"close") in message["headers"]
            elif unread and closes and not message.get("more_body"):
                await send({**message, "more_body": True})
                await _hear_out(receive)
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        await self._app(scope, received, sent)


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


async def _hear_out(receive: Receive) -> None:
    heard = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_PARTING_S):
            while heard < _PARTING_BYTES:
                message = await receive()
                heard += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
