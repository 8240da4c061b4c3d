"""Shows exchanges to a wire, without their secrets, and takes answers from it in place of the network's."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from requests.structures import CaseInsensitiveDict

from adapters.soap.about import About, Veil
from adapters.soap.answer import Whole
from adapters.soap.errors import Evidence, ExchangeFailed, Flaw, NoAnswer, NotConnected
from contracts.wire import Answered, Asked, Exchange, Unanswered, Wire

_ASKED: Final = ("Content-Type", "SOAPAction")
_ANSWERED: Final = {
    "Content-Type": re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}"),
    "Content-Encoding": re.compile(r"[a-z-]{1,20}"),
    "Retry-After": re.compile(r"[0-9]{1,9}"),
}
"""Headers of an answer that decide what becomes of it, and what of each is shown."""
_CHARSET: Final = re.compile(r";\s*charset=\"?([\w-]{1,30})", re.IGNORECASE)
_XML: Final = frozenset({"text/xml", "application/xml", "application/soap+xml"})
_HIDDEN: Final = About("unnamed")


class Watched:
    """Exchanges that a wire sees. Safe for several threads if the wire is."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._veil = Veil()

    def exchange(
        self, about: About | None, headers: Mapping[str, str], body: bytes, send: Callable[[], Whole]
    ) -> Whole:
        """Return the wire's answer, or that of `send`, which the wire then sees.

        Raises:
            NotConnected, NoAnswer: as `send`, or as the wire says.
        """
        told, begun = about or _HIDDEN, time.monotonic()
        shown = None if about is None else self._veil.asked(told, body)
        asked = Asked(told.operation, _only(headers, _ASKED), shown, told.expects)
        instead = self._wire.instead(asked)
        if instead is not None:
            return _taken(instead)
        try:
            whole = send()
        except ExchangeFailed as error:
            failed = Unanswered(error.flaw.name, sent=not isinstance(error, NotConnected))
            self._wire.seen(Exchange(asked, failed, time.monotonic() - begun))
            raise
        is_shown = about is not None and _is_xml(whole)
        shown = self._veil.answered(told, whole.body) if is_shown else None
        answered = Answered(whole.status, _plain(whole.headers), shown, len(whole.body))
        self._wire.seen(Exchange(asked, answered, time.monotonic() - begun))
        return whole


def _is_xml(whole: Whole) -> bool:
    """Whether it says that it is XML: an error page of a proxy may pass for it, and holds anything."""
    return whole.headers.get("Content-Type", "").partition(";")[0].strip().lower() in _XML


def _only(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what an answer's headers decide by, without what a server may write beside it."""
    found = {name: shown[0] for name, shown in _matches(headers)}
    charset = _CHARSET.search(headers.get("Content-Type", ""))
    if charset and "Content-Type" in found:
        found["Content-Type"] += f"; charset={charset[1]}"
    return found


def _matches(headers: Mapping[str, str]) -> Iterator[tuple[str, re.Match[str]]]:
    for name, pattern in _ANSWERED.items():
        if (found := pattern.match(headers.get(name, "").strip())) is not None:
            yield name, found


def _taken(instead: Answered | Unanswered) -> Whole:
    if isinstance(instead, Unanswered):
        kind = NoAnswer if instead.sent else NotConnected
        raise kind(Flaw[instead.flaw], Evidence(0.0))
    # What could not be read as XML was not kept: as many other bytes are refused in the same way.
    body = b"-" * instead.length if instead.body is None else instead.body
    return Whole(instead.status, CaseInsensitiveDict(instead.headers), body, 0.0)
