"""Answers instead of work: what stands in front of Planon, or Planon itself, says without executing anything."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Final

from simulators.planon import envelope
from simulators.planon.exchange import Answer
from simulators.planon.faults import Fault
from simulators.planon.sessions import SESSION_ENDED
from simulators.planon.strike import Strike


def refusal(fault: Fault, strike: Strike) -> Answer:
    """Return the answer of a fault that answers instead of working; `KeyError` for one that keeps silent."""
    return _REFUSALS[fault](strike)


def _page(title: str) -> bytes:
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return page.encode()


def _throttled(strike: Strike) -> Answer:
    wait_s = ceil(strike.amount(Fault.THROTTLE, "retry_after_s"))  # the header knows whole seconds only
    return Answer(429, b"Too many requests", "text/plain", {"Retry-After": str(wait_s)})


def _unauthorised(_: Strike) -> Answer:
    return Answer(401, _page("401 Unauthorized"), "text/html", {"WWW-Authenticate": 'Basic realm="proxy"'})


_REFUSALS: Final[Mapping[Fault, Callable[[Strike], Answer]]] = {
    Fault.THROTTLE: _throttled,
    Fault.HTML_401: _unauthorised,
    Fault.HTML_502: lambda _: Answer(502, _page("502 Bad Gateway"), "text/html"),
    Fault.EXPIRED: lambda _: envelope.fault("Server", SESSION_ENDED),
    Fault.UNKNOWN_FAULT: lambda _: envelope.fault("Server", "unknown"),
    Fault.SOAP12_FAULT: lambda _: envelope.fault_12("The request could not be processed"),
}
