"""Who asks, for whom and why: what every request carries beside its body, and the audit writes down."""

import re
import secrets
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers

from contracts.errors import MalformedRequest, Violation
from shim.admission.clients import Client
from shim.guard import mask

ON_BEHALF_OF: Final = "X-On-Behalf-Of"
PURPOSE: Final = "X-Purpose"
TRACE: Final = "traceparent"

_TRACE: Final = re.compile(r"[0-9a-f]{2}-(?=[0-9]*[a-f])([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""An id without a letter is somebody's number: of random ones, as W3C wants them, one in three million has none."""
_TOLD: Final = re.compile(r"[!-~](?:[ -~]{0,98}[!-~])?")
"""1 to 100 visible ASCII characters, with spaces between them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's origin.

    Attributes:
        client: who authenticated.
        correlation: trace id of the request, 32 hexadecimal digits: the caller's own, or a new one.
        on_behalf_of: the person or service that the client says it acts for, masked; None if it names none.
        purpose: why, in the client's words, masked; None if it says nothing.
    """

    client: Client
    correlation: str
    on_behalf_of: str | None = None
    purpose: str | None = None


def correlation_of(headers: Headers) -> str:
    """Return the trace id of W3C's traceparent, or a new one; a malformed header is ignored, as W3C says."""
    match = _TRACE.fullmatch(headers.get(TRACE, ""))
    return match[1] if match else secrets.token_hex(16)


def caller_of(client: Client, headers: Headers, correlation: str) -> Caller:
    """Read who asks.

    Raises:
        MalformedRequest: a header cannot be written down as it is.
    """
    for name in (ON_BEHALF_OF, PURPOSE):
        if name in headers and _told(headers, name) is None:
            violation = Violation(name, "must be 1 to 100 visible ASCII characters")
            raise MalformedRequest(f"not as the contract describes: {name}", [violation])
    return caller_as_told(client, headers, correlation)


def caller_as_told(client: Client, headers: Headers, correlation: str) -> Caller:
    """Read who asks, without what cannot be written down: for whoever may be refused for another reason."""
    return Caller(client, correlation, _told(headers, ON_BEHALF_OF), _told(headers, PURPOSE))


def _told(headers: Headers, name: str) -> str | None:
    value = headers.get(name)
    return mask(value).text if value is not None and _TOLD.fullmatch(value) else None
