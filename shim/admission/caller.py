"""Who asks, for whom and why: what every request carries beside its body, and the audit writes down."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers

from contracts.errors import MalformedRequest, Violation
from shim.admission.clients import Client
from shim.guard import mask
from shim.telemetry.observation import new_trace

ON_BEHALF_OF: Final = "X-On-Behalf-Of"
PURPOSE: Final = "X-Purpose"
TRACE: Final = "traceparent"

_TRACE: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?=[0-9]*[a-f])([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
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


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a request says of the trace that it belongs to.

    Attributes:
        trace: 32 hexadecimal digits: the caller's own trace id, or a new one.
        span: the caller's span, 16 hexadecimal digits; None if it names none, or one that may be somebody's number.
        sampled: whether the caller keeps its part of the trace; None if it does not say.
    """

    trace: str
    span: str | None = None
    sampled: bool | None = None


def incoming(headers: Headers) -> Incoming:
    """Read W3C's traceparent; without one, or with a malformed one, which W3C wants ignored, a new trace begins."""
    match = _TRACE.fullmatch(headers.get(TRACE, ""))
    if match is None:
        return Incoming(new_trace())
    return Incoming(match[1], None if match[2].isdecimal() else match[2], bool(int(match[3], 16) & 1))


def caller_of(client: Client, headers: Headers, correlation: str) -> Caller:
    """Read who asks.

    Raises:
        MalformedRequest: a header cannot be written down as it is.
    """
    caller = caller_as_told(client, headers, correlation)
    for name, told in ((ON_BEHALF_OF, caller.on_behalf_of), (PURPOSE, caller.purpose)):
        if told is None and name in headers:
            violation = Violation(name, "must be 1 to 100 visible ASCII characters")
            raise MalformedRequest(f"not as the contract describes: {name}", [violation])
    return caller


def caller_as_told(client: Client, headers: Headers, correlation: str) -> Caller:
    """Read who asks, without what cannot be written down: for whoever may be refused for another reason."""
    return Caller(client, correlation, _told(headers, ON_BEHALF_OF), _told(headers, PURPOSE))


def _told(headers: Headers, name: str) -> str | None:
    value = headers.get(name)
    return mask(value).text if value is not None and _TOLD.fullmatch(value) else None
