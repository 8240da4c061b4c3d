"""What every answer below `/admin` tells a browser: load nothing from elsewhere, be in no frame, keep no copy."""

from typing import Final

from starlette.datastructures import MutableHeaders

ROOT: Final = "/admin"
SIGN_IN: Final = f"{ROOT}/sign-in"
STATIC: Final = f"{ROOT}/static/"

_EVERY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: with that, a browser does not say either where a form was posted from.
    "Referrer-Policy": "same-origin",
}
_WITHOUT_PATH: Final = "strict-origin"
"""Of the page whose address has a token in it: where it loads its style from is not told the token."""


def is_below(path: str) -> bool:
    """Whether a path belongs to the operations page."""
    return path == ROOT or path.startswith(f"{ROOT}/")


def mark(headers: MutableHeaders, path: str) -> None:
    """Set the headers of an answer for a path below `/admin`."""
    for name, value in _EVERY.items():
        headers[name] = value
    if path == SIGN_IN:
        headers["Referrer-Policy"] = _WITHOUT_PATH
    if not path.startswith(STATIC):
        headers["Cache-Control"] = "no-store"
