"""Decides who gets to a page: whoever has a session's cookie; an API key opens none."""

from dataclasses import dataclass
from typing import Final

from fastapi.concurrency import run_in_threadpool
from starlette.types import Receive, Scope

from contracts.errors import Forbidden, Unauthenticated
from shim.admin import cookies, csrf
from shim.admin.sessions import Session, Sessions
from shim.admission.denials import Denials
from shim.admission.gate import Asked

GET: Final = "GET"


class SignInNeeded(Exception):
    """Raised when somebody who is not signed in asks for a page."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Thread-safe. What it refuses is in the audit, unless that cannot be written: it is refused all the same."""

    sessions: Sessions
    denials: Denials

    def session(self, asked: Asked, scope: Scope) -> Session:
        """Return the session that a request comes with.

        Raises:
            SignInNeeded: a page is asked for, and there is none.
            Forbidden: anything else is, and there is none.
            StateUnavailable: it cannot be found out.
        """
        cookie = cookies.value_in(asked.headers, scope["scheme"])
        session = None if cookie is None else self.sessions.find(cookie, asked.correlation)
        if session is not None:
            return session
        page = scope["method"] == GET
        if cookie is not None or not page:
            self._refused(asked, Unauthenticated("the session has ended") if page else Forbidden("sign in first"))
        if page:
            raise SignInNeeded
        raise Forbidden("sign in first")

    async def form(self, asked: Asked, session: Session, receive: Receive) -> dict[str, str]:
        """Return the fields of a form, whose body has arrived.

        Raises:
            Forbidden: it was not sent from a page of this session.
        """
        try:
            return csrf.checked(asked.headers, await csrf.body_of(receive), session)
        except Forbidden as error:
            await run_in_threadpool(self._refused, asked, error, session.actor)
            raise

    def _refused(self, asked: Asked, error: Forbidden | Unauthenticated, actor: str | None = None) -> None:
        self.denials.anonymous(asked.policy, asked.correlation, asked.address, None, error, actor)
