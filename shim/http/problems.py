"""Errors as application/problem+json (RFC 9457)."""

import json
import logging
import math
import re
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from contracts.errors import (
    ContractError,
    LimitReached,
    MalformedRequest,
    NotFound,
    RepeatLater,
    Unauthenticated,
    Violation,
)
from shim.guard import mask
from shim.guarding import guard_members
from shim.http.problem_types import BY_SLUG, INTERNAL_ERROR, METHOD_NOT_ALLOWED, TYPE_PREFIX, help_link
from shim.telemetry.observation import ended_as

MEDIA_TYPE: Final = "application/problem+json"

_NAME: Final = re.compile(r"[A-Za-z_]{1,40}")
_POLICY: Final = re.compile(r"[a-z-]{1,40}")

_log = logging.getLogger(__name__)


def problem_json(error: ContractError) -> bytes:
    """Return the problem's body."""
    waiting = {"retry_after": retry_after(error)} if isinstance(error, RepeatLater) else {}
    return _body(
        error.slug, error.status, error.title, mask(error.detail).text, {**waiting, **guard_members(error.members)}
    )


def retry_after(error: RepeatLater) -> int:
    """Return what the header of this name says: whole seconds, at least one."""
    return max(1, math.ceil(error.retry_after_s or 1))


def problem_response(error: ContractError) -> Response:
    """Return the problem as an answer, with the headers that its kind needs."""
    headers = help_link(error.slug)
    if isinstance(error, RepeatLater):
        headers["Retry-After"] = str(retry_after(error))
    if isinstance(error, LimitReached):
        # draft-ietf-httpapi-ratelimit-headers-10: the quota, the window, what is left, and when there is some again.
        policy = error.policy if _POLICY.fullmatch(error.policy) else "limit"  # an adapter may have raised it
        headers["RateLimit-Policy"] = f'"{policy}";q={error.quota};w={error.window_s}'
        headers["RateLimit"] = f'"{policy}";r=0;t={retry_after(error)}'
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    ended_as(error.slug)
    return Response(problem_json(error), error.status, headers, MEDIA_TYPE)


def defect_response(error: Exception) -> Response:
    """Answer for a defect. Its message stays out of the log too: a driver's message may quote what a person wrote."""
    _log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    ended_as(INTERNAL_ERROR)
    return _of_type(INTERNAL_ERROR)


def stored_response(status: int, body: bytes) -> Response:
    """Return a problem whose body was stored with a write, or made where there are no headers yet."""
    slug = str(json.loads(body)["type"]).removeprefix(TYPE_PREFIX)
    return Response(body, status, help_link(slug), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error that leaves the application a problem."""
    app.add_exception_handler(ContractError, _on_contract_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


def _on_contract_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ContractError)  # noqa: S101 - the handler is registered for this class
    return problem_response(error)


def _on_validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler is registered for this class
    # The offending values stay out: they may be about a person.
    violations = [
        Violation(_field(item["loc"], item["type"]), item["msg"].removeprefix("Value error, "))
        for item in error.errors()
    ]
    named = ", ".join(violation.field for violation in violations)
    return problem_response(MalformedRequest(f"not as the contract describes: {named}", violations))


def _field(location: tuple[Any, ...], kind: str) -> str:
    path = [str(part) for part in location]
    if kind == "extra_forbidden" and not _NAME.fullmatch(path[-1]):
        # The caller chose this name; it is only repeated if it can be a field's.
        path[-1] = "(unknown field)"
    if path and path[0] in {"body", "query", "path", "header"}:
        # A syntax error in the body carries a position, not a field.
        path = [part for part in path[1:] if not part.isdigit() or len(path) > 2] or path[:1]  # noqa: PLR2004
    return ".".join(path)


def _on_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is registered for this class
    return http_response(error)


def http_response(error: HTTPException) -> Response:
    """Return an error of the framework, which has a status and no type of ours, as a problem."""
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # The framework could not even read the body, such as JSON that is nested too deeply.
        return problem_response(MalformedRequest("the body cannot be read", [Violation("body", "must be JSON")]))
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(NotFound("there is no such path"))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        ended_as(METHOD_NOT_ALLOWED)
        return _of_type(METHOD_NOT_ALLOWED, error.headers)
    return defect_response(error)  # nothing here raises another one


def _of_type(slug: str, headers: Mapping[str, str] | None = None) -> Response:
    kind = BY_SLUG[slug]
    return Response(
        _body(slug, kind.status, kind.title, "", {}), kind.status, {**help_link(slug), **(headers or {})}, MEDIA_TYPE
    )


def _body(slug: str, status: int, title: str, detail: str, members: Mapping[str, Any]) -> bytes:
    problem = {"type": TYPE_PREFIX + slug, "title": title, "status": status}
    if detail:
        problem["detail"] = detail
    return json.dumps({**problem, **members}, ensure_ascii=False).encode()
