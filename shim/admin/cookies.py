"""The cookie of a session: which one it is, and how a browser is told to keep it."""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response

PLAIN: Final = "shim-admin"
SECURE: Final = f"__Host-{PLAIN}"
"""Over HTTPS. A browser takes a cookie of this name from this host alone, so no neighbour can set one."""
_HTTPS: Final = "https"


def name_of(scheme: str) -> str:
    """Return the cookie's name; what was set without encryption is not believed with it."""
    return SECURE if scheme == _HTTPS else PLAIN


def value_in(headers: Headers, scheme: str) -> str | None:
    """Return the cookie's value; None unless there is exactly one: of two, somebody else has set one."""
    wanted = name_of(scheme)
    pairs = (pair.strip().partition("=") for line in headers.getlist("cookie") for pair in line.split(";"))
    values = [value for name, _, value in pairs if name == wanted]
    return values[0] if len(values) == 1 else None


def keep(response: Response, scheme: str, value: str, seconds: int) -> None:
    """Let a browser keep it: for this page alone, out of reach of scripts, and never sent from another site."""
    secure = scheme == _HTTPS
    response.set_cookie(
        name_of(scheme),
        value,
        max_age=seconds,
        path="/" if secure else "/admin",  # the name wants it so; no other route looks at it
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def drop(response: Response, scheme: str) -> None:
    """Let a browser forget it."""
    keep(response, scheme, "", 0)
