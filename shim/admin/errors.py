"""What went wrong, as a page: the problem's own words, and nothing else of it."""

import logging
import traceback
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from contracts.errors import ContractError, RepeatLater, StateUnavailable
from shim.admin.page import rendered
from shim.admin.sessions import Session
from shim.http.problem_types import INTERNAL_ERROR
from shim.http.problems import retry_after
from shim.telemetry.observation import ended_as

_TITLES: Final = {
    HTTPStatus.FORBIDDEN: "This was not done",
    HTTPStatus.NOT_FOUND: "There is no such page",
    HTTPStatus.METHOD_NOT_ALLOWED: "There is no such page",
}
_UNREADABLE: Final = "The state cannot be read"

_log = logging.getLogger(__name__)


class PageRoute(APIRoute):
    """A route whose errors are pages: there is a person at the other end."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler, with what it raises turned into a page."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except Exception as error:  # noqa: BLE001 - told without its message, and logged without it
                return error_page(error, getattr(request.state, "session", None))

        return handle


def error_page(error: Exception, session: Session | None = None) -> Response:
    """Return the page for an error; of a defect, which is logged, it tells only that it is one.

    `session` is of whoever is signed in, and goes on from there.
    """
    status, title, sentence = _told(error)
    if isinstance(error, ContractError):
        ended_as(error.slug)
    elif status == HTTPStatus.INTERNAL_SERVER_ERROR:
        ended_as(INTERNAL_ERROR)
    page = rendered("refused.html", status, session=session, status=int(status), title=title, sentence=sentence)
    if isinstance(error, RepeatLater):
        page.headers["Retry-After"] = str(retry_after(error))
    return page


def _told(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, StateUnavailable):
        return error.status, _UNREADABLE, error.detail
    if isinstance(error, ContractError):
        return error.status, _TITLES.get(HTTPStatus(error.status), error.title), error.detail
    if isinstance(error, RequestValidationError):
        return HTTPStatus.NOT_FOUND, _TITLES[HTTPStatus.NOT_FOUND], "the address is none of this page's"
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        return status, _TITLES.get(status, status.phrase), ""
    _log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return HTTPStatus.INTERNAL_SERVER_ERROR, "A defect in the shim", "its log says where"
