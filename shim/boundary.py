"""The outermost layer: nobody gets in without a key, and no exception gets out with its message."""

from typing import Final

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import BodyTooLarge, ContractError, Unauthenticated
from shim.clients import Clients
from shim.problems import defect_response, problem_response

MODE_HEADER: Final = "Shim-Mode"
PROTECTED: Final = "/v1/"
BODY_LIMIT_BYTES: Final = 128 * 1024
"""A message of 4,096 characters takes 48 KiB when every one of them is an escaped emoji."""

_BEARER: Final = "bearer "


class Boundary:
    """Wraps the application.

    Under /v1/ a request is authenticated before its body is read; the client is in `request.state.client`.
    """

    def __init__(self, app: ASGIApp, clients: Clients, demo: bool) -> None:
        self._app = app
        self._clients = clients
        self._demo = demo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def marked(message: Message) -> None:
            nonlocal begun
            begun = True
            if self._demo and message["type"] == "http.response.start":
                MutableHeaders(scope=message)[MODE_HEADER] = "demo"
            await send(message)

        try:
            if scope["path"].startswith(PROTECTED):
                scope.setdefault("state", {})["client"] = await self._admitted(Headers(scope=scope))
            await self._app(scope, _limited(receive), marked)
        except ContractError as error:
            await problem_response(error)(scope, receive, marked)
        except Exception as error:  # noqa: BLE001 - passed on, it would be logged with its message, a person's words
            response = defect_response(error)
            if begun:
                raise ConnectionError("the answer broke off") from None
            await response(scope, receive, marked)

    async def _admitted(self, headers: Headers) -> object:
        authorization = headers.get("authorization", "")
        if not authorization.lower().startswith(_BEARER):
            raise Unauthenticated("send a valid API key as `Authorization: Bearer …`")
        client = await run_in_threadpool(self._clients.authenticate, authorization[len(_BEARER) :].strip())
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > BODY_LIMIT_BYTES:
            raise BodyTooLarge(f"a body may have {BODY_LIMIT_BYTES} bytes")
        return client


def _limited(receive: Receive) -> Receive:
    """Count a body that does not tell its length; what is too long is not read to its end."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY_LIMIT_BYTES:
            raise BodyTooLarge(f"a body may have {BODY_LIMIT_BYTES} bytes")
        return message

    return counted
