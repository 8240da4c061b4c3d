"""Within the layer that observes: a route's policy decides who gets in, and no exception gets out with its message."""

import secrets
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import BodyTooLarge, ContractError, NotFound, RequestTooSlow
from contracts.spans import span
from shim.admin import headers as admin_headers
from shim.admin.entrance import GET, Entrance, SignInNeeded
from shim.admin.errors import error_page
from shim.admission.caller import TRACE
from shim.admission.gate import Asked, Gate
from shim.admission.limits import RATE_LIMIT, RATE_LIMIT_POLICY, Quota
from shim.admission.policy import Matched, Policies
from shim.admission.receiving import Gone, check_head, with_whole_body
from shim.admission.turns import ADMISSION, SHARED_AT_A_TIME, Turns, state_is_late
from shim.http.problems import defect_response, http_response, problem_response
from shim.settings import Http
from shim.stopping import Stopping
from shim.telemetry.observation import current
from shim.telemetry.observed import CORRELATION, TRACEPARENT

MODE_HEADER: Final = "Shim-Mode"
PROTECTED: Final = "/v1/"
_POLICY_VIOLATION: Final = 1008
_QUOTA: Final = "quota"
_CLOSING: Final = "closing"
_SESSION: Final = "session"
_KEPT: Final = frozenset({"allow", "retry-after"})
"""What a page tells as the problem would."""


class Boundary:
    """Wraps the application.

    Only a path and method with a policy reach it: a public one, or one that the gate has let a client use, before the
    body is read; who that is, is in `request.state.caller`. Pages are for whoever is signed in: that is in
    `request.state.session`, and what they have posted in `request.state.form`. It needs what `Observed` puts into the
    scope's state.
    """

    def __init__(
        self,
        app: ASGIApp,
        policies: Policies,
        gate: Gate,
        http: Http | None = None,
        turns: Turns | None = None,
        stopping: Stopping | None = None,
        entrance: Entrance | None = None,
        *,
        demo: bool,
    ) -> None:
        """Wrap.

        Args:
            app: what is wrapped.
            policies: of its routes.
            gate: decides who is let in.
            http: how long a body may take.
            turns: of those who want to be let in.
            stopping: while the process ends, every answer tells that its connection ends, too.
            entrance: decides who gets to the operations page; None without one.
            demo: whether every answer says that nothing real is behind it.
        """
        http = http or Http()
        self._app = app
        self._receive_s = http.receive_s
        self._turns = turns or Turns(ADMISSION, SHARED_AT_A_TIME, http.queue_s, http.deadline_s)
        self._stopping = stopping or Stopping()
        self._policies = policies
        self._gate = gate
        self._entrance = entrance
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
        state = scope["state"]
        correlation = state[CORRELATION]
        begun = False

        async def marked(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), scope["path"], correlation, state)
            await send(message)

        try:
            asked = await self._admit(scope, headers, correlation)
            whole = await with_whole_body(scope, receive, self._receive_s)
            if self._entrance is not None and _SESSION in state and scope["method"] != GET:
                state["form"] = await self._entrance.form(asked, state[_SESSION], whole)
            await self._app(scope, whole, marked)
        except Gone:
            return
        except SignInNeeded:
            await RedirectResponse(admin_headers.SIGN_IN, HTTPStatus.SEE_OTHER)(scope, receive, marked)
        except ContractError as error:
            state[_CLOSING] = isinstance(error, BodyTooLarge | RequestTooSlow)  # the rest of the body is not read
            await self._refusal(scope, error, problem_response(error))(scope, receive, marked)
        except HTTPException as error:
            await self._refusal(scope, error, http_response(error))(scope, receive, marked)
        except Exception as error:  # noqa: BLE001 - passed on, it would be logged with its message, a person's words
            response = defect_response(error)
            if begun:
                raise ConnectionError("the answer broke off") from None
            await response(scope, receive, marked)

    async def _admit(self, scope: Scope, headers: Headers, correlation: str) -> Asked:
        """Raise unless the route is public, or whoever asks may use it."""
        check_head(scope)
        matched = self._policies.of(scope)
        client = scope.get("client")
        asked = Asked(matched.policy, headers, correlation, client[0] if client else None)
        if matched.policy is not None and matched.policy.session:
            await self._let_in(scope, asked)
        elif not matched.public and (matched.policy is not None or not admin_headers.is_below(scope["path"])):
            with span("authenticate"):
                caller = self._gate.admit_now(asked)
                if caller is None:
                    caller = await self._turns.run(partial(self._gate.admit, asked), state_is_late)
            scope["state"]["caller"] = caller
            scope["state"][_QUOTA] = self._gate.quota_of(caller)
            if (observation := current()) is not None:
                observation.client = caller.client.name
        _must_be_listed(matched)
        return asked

    async def _let_in(self, scope: Scope, asked: Asked) -> None:
        """Raise unless somebody is signed in; a key does not help."""
        if self._entrance is None:
            raise NotFound("there is no such path")
        entering = partial(self._entrance.session, asked, scope)
        scope["state"][_SESSION] = await self._turns.run(entering, state_is_late)

    def _refusal(self, scope: Scope, error: Exception, problem: Response) -> Response:
        """Return a problem, or a page with its headers where a person reads it."""
        if self._entrance is None or not admin_headers.is_below(scope["path"]):
            return problem
        page = error_page(error)
        for name in _KEPT & set(problem.headers):
            page.headers[name] = problem.headers[name]
        return page

    def _mark(self, headers: MutableHeaders, path: str, correlation: str, state: Mapping[str, Any]) -> None:
        # A span of our own in the caller's trace; without one that is kept, it says that nothing is exported.
        headers[TRACE] = state[TRACEPARENT] or f"00-{correlation}-{secrets.token_hex(8)}-00"
        headers["X-Content-Type-Options"] = "nosniff"
        if path.startswith(PROTECTED):
            headers["Cache-Control"] = "no-store"
        if admin_headers.is_below(path):
            admin_headers.mark(headers, path)
        quota: Quota | None = state.get(_QUOTA)
        if quota is not None and RATE_LIMIT not in headers:
            headers[RATE_LIMIT_POLICY], headers[RATE_LIMIT] = quota.headers()
        if self._stopping.begun or state.get(_CLOSING):
            headers["Connection"] = "close"
        if self._demo:
            headers[MODE_HEADER] = "demo"


def _must_be_listed(matched: Matched) -> None:
    if matched.policy is None and matched.allowed:
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(matched.allowed)})
    if matched.policy is None:
        raise NotFound("there is no such path")
