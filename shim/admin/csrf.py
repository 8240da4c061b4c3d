"""Whether a form is ours, and was sent by whom it says: looked at in one place, before any route sees it."""

import hmac
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Receive

from contracts.errors import Forbidden
from shim.admin.sessions import Session

FIELD: Final = "csrf"
_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 20
_HIDDEN_PORTS: Final = {"http": ":80", "https": ":443"}


async def checked_form(request: Request) -> dict[str, str]:
    """Return the fields of a form that was posted from a page of this session; a dependency of the routes.

    The boundary has read and checked it. Each field is in it once, and `csrf` is not.

    Raises:
        Forbidden: it has not, so the route's policy asks for no session: a defect.
    """
    form = getattr(request.state, "form", None)
    if not isinstance(form, dict):
        raise Forbidden("no form was checked")
    return form


def checked(headers: Headers, body: bytes, session: Session) -> dict[str, str]:
    """Return the fields of a form of a session, without its token.

    Raises:
        Forbidden: it was not sent from a page of this session.
    """
    form = own_form(headers, body)
    if not hmac.compare_digest(form.pop(FIELD, "").encode(), session.csrf.encode()):
        raise Forbidden("the form is of another session, or too old; open the page again")
    return form


def own_form(headers: Headers, body: bytes) -> dict[str, str]:
    """Return the fields of a form that was sent from a page of ours, whoever was signed in.

    Raises:
        Forbidden: it was not, or it is no form as our pages send them.
    """
    if not _is_ours(headers):
        raise Forbidden("the form was not sent from a page of this service")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise Forbidden("the form cannot be read")
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError as error:
        raise Forbidden("the form cannot be read") from error
    form = dict(fields)
    if len(form) != len(fields):
        raise Forbidden("the form cannot be read")
    return form


async def body_of(receive: Receive) -> bytes:
    """Return the body of a request, which is limited already, and has arrived."""
    return bytes((await receive()).get("body", b""))


def _is_ours(headers: Headers) -> bool:
    """Whether a browser says that the form came from a page of this host.

    `Sec-Fetch-Site` decides where there is one: behind a proxy our own name may be another one. It is sent over HTTPS
    and on this machine; elsewhere `Origin` is compared. Without either it is no browser of the last five years.
    """
    for name in ("sec-fetch-site", "origin", "host"):
        if len(headers.getlist(name)) > 1:
            return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin, host = headers.get("origin"), headers.get("host")
    if origin is None or not host:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    hidden = _HIDDEN_PORTS.get(parts.scheme)
    if hidden is None:
        return False
    return parts.netloc.lower().removesuffix(hidden) == host.lower().removesuffix(hidden)
