"""What the exceptions of requests, urllib3 and the socket say about an exchange; they wrap each other in many ways."""

import http.client
import ssl
from collections.abc import Iterator
from typing import Final

import requests
from urllib3.exceptions import NewConnectionError

from adapters.soap.errors import Flaw

_NOT_SENT: Final = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,
    NewConnectionError,  # refused, unreachable, and names that do not resolve
    ssl.SSLCertVerificationError,  # the handshake comes before the request
)


class TooLong(OSError):
    """Raised when an answer is longer than what is read."""


_AFTER: Final[tuple[tuple[tuple[type[BaseException], ...], Flaw], ...]] = (
    ((requests.Timeout, TimeoutError), Flaw.TIMED_OUT),
    ((TooLong,), Flaw.TOO_LONG),
    ((http.client.IncompleteRead,), Flaw.TRUNCATED),
    ((ConnectionError,), Flaw.BROKEN),  # http.client's RemoteDisconnected is one, and a BadStatusLine too
    ((http.client.HTTPException, requests.exceptions.InvalidHeader), Flaw.NO_HTTP),
)


def nothing_was_sent(error: BaseException) -> bool:
    """Return whether this failure of a POST proves that no byte of the request left: no guess, only known causes."""
    return any(isinstance(cause, _NOT_SENT) for cause in _causes(error))


def flaw_before(error: BaseException) -> Flaw:
    """Return what kept the connection from coming about."""
    causes = list(_causes(error))
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes):
        return Flaw.CONNECT_TIMED_OUT
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Flaw.CERTIFICATE
    return Flaw.REFUSED


def flaw_after(error: BaseException) -> Flaw:
    """Return what kept a request that may have been sent from being answered."""
    causes = list(_causes(error))
    for kinds, flaw in _AFTER:
        if any(isinstance(cause, kinds) for cause in causes):
            return flaw
    return Flaw.BROKEN


def in_words(error: BaseException) -> str:
    """Say what the operating system said, as an administrator knows it; no part of a request is in it."""
    causes = list(_causes(error))
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in causes):
        return "time-out"
    told = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    return told[-1].lower() if told else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps: requests and urllib3 keep causes in args and in `reason`, not in __cause__."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [*current.args, getattr(current, "reason", None), current.__cause__]
