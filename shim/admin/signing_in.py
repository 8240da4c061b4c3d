"""Who is signed in, for the routes of the operations page, and the routes by which somebody signs in and out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from contracts.errors import Forbidden
from shim.admin import cookies, csrf
from shim.admin.attempts import Attempts
from shim.admin.csrf import checked_form
from shim.admin.errors import PageRoute
from shim.admin.headers import ROOT, SIGN_IN
from shim.admin.page import rendered
from shim.admin.sessions import LinkUnusable, Session, Sessions, is_secret
from shim.admission.denials import Denials
from shim.admission.policies import SIGNING_IN
from shim.audit.events import Event, new_access
from shim.audit.log import AuditLog

SIGN_OUT: Final = f"{ROOT}/sign-out"
SIGNED_OUT: Final = "admin sign-out"
_UNUSABLE: Final = "This link does not work: it was used, has expired, or was never made. Make another one."


@dataclass(frozen=True, slots=True)
class SigningIn:
    """What the routes need. Thread-safe."""

    sessions: Sessions
    audit: AuditLog
    denials: Denials
    session_s: int
    attempts: Attempts


async def signed_in(request: Request) -> Session:
    """Return whose session it is: the boundary has found it by the route's policy.

    Raises:
        Forbidden: it has found none, so the route's policy asks for none: a defect.
    """
    session = getattr(request.state, "session", None)
    if not isinstance(session, Session):
        raise Forbidden("sign in first")
    return session


def router(signing: SigningIn) -> APIRouter:
    """Return the routes; only the POST of a link's page uses the link up, because mail programs follow links."""
    routes = APIRouter(route_class=PageRoute)

    async def show(request: Request) -> Response:
        token = request.query_params.get("token")
        if token is None or is_secret(token):
            return rendered("sign_in.html", token=token, problem=None)
        return rendered("sign_in.html", token=None, problem=_UNUSABLE)

    async def sign_in(request: Request) -> Response:
        form = csrf.own_form(request.headers, await request.body())
        return await run_in_threadpool(_sign_in, signing, request, form.get("token", ""))

    async def sign_out(
        request: Request,
        session: Annotated[Session, Depends(signed_in)],
        _form: Annotated[dict[str, str], Depends(checked_form)],
    ) -> Response:
        return await run_in_threadpool(_sign_out, signing, request, session)

    ways: list[tuple[str, str, Callable[..., Any]]] = [
        (SIGN_IN, "GET", show),
        (SIGN_IN, "POST", sign_in),
        (SIGN_OUT, "POST", sign_out),
    ]
    for path, method, route in ways:
        routes.add_api_route(path, route, methods=[method], include_in_schema=False, response_model=None)
    return routes


def _sign_in(signing: SigningIn, request: Request, token: str) -> Response:
    address = None if request.client is None else request.client.host
    signing.attempts.check(address)
    told = partial(_signed_in, request.state.correlation, address)
    try:
        cookie, _ = signing.sessions.redeem(token, told)
    except LinkUnusable:
        signing.attempts.count(address)
        error = Forbidden("the link does not work")
        signing.denials.anonymous(SIGNING_IN, request.state.correlation, address, None, error)
        return rendered("sign_in.html", HTTPStatus.FORBIDDEN, token=None, problem=_UNUSABLE)
    before = cookies.value_in(request.headers, request.url.scheme)
    if before is not None:
        signing.sessions.end(before)  # a browser has one session, and never one that somebody else began
    response = RedirectResponse(ROOT, HTTPStatus.SEE_OTHER)
    cookies.keep(response, request.url.scheme, cookie, signing.session_s)
    return response


def _signed_in(correlation: str, address: str | None, session: Session, made_by: str) -> Event:
    """Return the row of the audit; it stands in the same commit as the session."""
    detail = {"address": address, "session": session.id, "link_by": made_by}
    return _event(SIGNING_IN.action, HTTPStatus.SEE_OTHER, session.actor, correlation, detail)


def _sign_out(signing: SigningIn, request: Request, session: Session) -> Response:
    signing.sessions.end(cookies.value_in(request.headers, request.url.scheme) or "")
    event = _event(SIGNED_OUT, HTTPStatus.OK, session.actor, request.state.correlation, {"session": session.id})
    signing.audit.later(event)  # it has ended, whether that can be told or not
    response = rendered("signed_out.html")
    cookies.drop(response, request.url.scheme)
    return response


def _event(action: str, status: HTTPStatus, actor: str, correlation: str, detail: dict[str, Any]) -> Event:
    return Event(
        action=action,
        phase="outcome",
        access=new_access(),
        outcome="ok",
        status=int(status),
        actor=actor,
        correlation=correlation,
        detail=detail,
    )
