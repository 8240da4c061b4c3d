"""The outermost layer: a route's policy decides who gets in, and no exception gets out with its message."""

import secrets
from http import HTTPStatus
from typing import Final

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import BodyTooLarge, ContractError, NotFound
from shim.admission.caller import TRACE, correlation_of
from shim.admission.gate import Asked, Gate
from shim.admission.policy import Matched, Policies
from shim.http.problems import defect_response, http_response, problem_response

MODE_HEADER: Final = "Shim-Mode"
PROTECTED: Final = "/v1/"
BODY_LIMIT_BYTES: Final = 128 * 1024
"""A message of 4,096 characters takes 48 KiB when every one of them is an escaped emoji."""

_POLICY_VIOLATION: Final = 1008
_LENGTH_DIGITS: Final = 12
"""A longer Content-Length is too long, whatever it says: reading thousands of digits is refused by Python itself."""
_TOO_LONG: Final = f"a body may have {BODY_LIMIT_BYTES} bytes"


class Boundary:
    """Wraps the application.

    Only a path and method with a policy reach it: a public one, or one that the gate has let a client use, before the
    body is read; who that is, is in `request.state.caller`.
    """

    def __init__(self, app: ASGIApp, policies: Policies, gate: Gate, *, demo: bool) -> None:
        self._app = app
        self._policies = policies
        self._gate = gate
        self._demo = demo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        correlation = correlation_of(headers)
        begun = False

        async def marked(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), scope["path"], correlation)
            await send(message)

        try:
            await self._admit(scope, headers, correlation)
            await self._app(scope, _limited(receive), marked)
        except ContractError as error:
            await problem_response(error)(scope, receive, marked)
        except HTTPException as error:
            await http_response(error)(scope, receive, marked)
        except Exception as error:  # noqa: BLE001 - passed on, it would be logged with its message, a person's words
            response = defect_response(error)
            if begun:
                raise ConnectionError("the answer broke off") from None
            await response(scope, receive, marked)

    async def _admit(self, scope: Scope, headers: Headers, correlation: str) -> None:
        """Raise unless the route is public, or whoever asks may use it."""
        matched = self._policies.of(scope)
        if not matched.public:
            client = scope.get("client")
            asked = Asked(matched.policy, headers, correlation, client[0] if client else None)
            scope.setdefault("state", {})["caller"] = await run_in_threadpool(self._gate.admit, asked)
        _must_be_listed(matched)
        length = headers.get("content-length", "")
        if length.isdecimal() and (len(length) > _LENGTH_DIGITS or int(length) > BODY_LIMIT_BYTES):
            raise BodyTooLarge(_TOO_LONG)

    def _mark(self, headers: MutableHeaders, path: str, correlation: str) -> None:
        # A span of our own in the caller's trace; not sampled, because nothing of it is exported.
        headers[TRACE] = f"00-{correlation}-{secrets.token_hex(8)}-00"
        headers["X-Content-Type-Options"] = "nosniff"
        if path.startswith(PROTECTED):
            headers["Cache-Control"] = "no-store"
        if self._demo:
            headers[MODE_HEADER] = "demo"


def _must_be_listed(matched: Matched) -> None:
    if matched.policy is None and matched.allowed:
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(matched.allowed)})
    if matched.policy is None:
        raise NotFound("there is no such path")


def _limited(receive: Receive) -> Receive:
    """Count a body that does not tell its length; what is too long is not read to its end."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY_LIMIT_BYTES:
            raise BodyTooLarge(_TOO_LONG)
        return message

    return counted
