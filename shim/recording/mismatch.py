"""Says where a recording and an adapter part: names of elements and members, never a value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from contracts.desks import AdapterMisconfigured
from contracts.wire import Answered, Asked
from schemas.nodes import Node, nodes
from shim.recording.recorded import Recorded, Recording

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,60}")
_FILE: Final = re.compile(r"\S*\.(?:xsd|toml|wsdl)\b|\S*/\S*")
_LACKED: Final = re.compile(r"(?:[Mm]issing element|keyword argument) '?([A-Za-z_]\w*)")
_PATH: Final = re.compile(r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\b")
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_MOST: Final = 5
_CLOSE: Final = 0.5
_CLOSER: Final = 0.7


class ReplayFailed(Exception):
    """Raised when an adapter does not do with a recording what it did when it was made, in one line without values.

    Attributes:
        where: what follows the recording's name.
    """

    def __init__(self, where: str, name: str = "") -> None:
        super().__init__(f"recording {name}{where}" if name else where.removeprefix(", ").removeprefix(": "))
        self.where = where


@dataclass(frozen=True, slots=True)
class Played:
    """An exchange of a recording, and the request that it answered now."""

    recorded: Recorded
    asked: Asked


def why(played: Sequence[Played], recording: Recording, error: Exception | None) -> str:
    """Return the first name that does not fit, and where it stands; else what the error says that is no value."""
    for number, each in enumerate(played, 1):
        if (told := _answer_difference(each)) is not None:
            return f", exchange {number} ({each.recorded.operation}): {told}"
    if error is None:
        return ""
    if isinstance(error, ReplayFailed):
        return error.where
    if isinstance(error, AdapterMisconfigured):
        return f": {error}{_nearby(str(error), recording)}"
    at = f"exchange {len(played)} ({played[-1].recorded.operation})" if played else "its beginning"
    if isinstance(error, AttributeError) and (name := _attribute(error)):
        has = _alike(name, _names(played[-1].recorded) if played else set())
        told = f", {at}: the parser, or its mapping, reads {name}, which the reply lacks"
        return f"{told}; it has {has}" if has else told
    known = {name for each in recording.exchanges for name in _names(each)}
    # A path of elements begins with known ones; its end is the name that does not fit, and no value either.
    paths = {path for path in _PATH.findall(str(error)) if known.issuperset(path.split(".")[:-1])}
    named = sorted(
        paths | set(_LACKED.findall(str(error))) or {word for word in _WORD.findall(str(error)) if word in known}
    )
    told = f", after {at}: the adapter stops with {type(error).__name__}"
    return f"{told} about {', '.join(named)}" if named else told


def request_difference(recorded: Recorded, asked: Asked) -> str | None:
    """Return how a request is not the recorded one; None if it is."""
    if recorded.operation != asked.operation:
        return f"{asked.operation} is asked for here now"
    if recorded.headers != asked.headers:
        names = sorted(
            name
            for name in {*recorded.headers, *asked.headers}
            if recorded.headers.get(name) != asked.headers.get(name)
        )
        return f"the request's header {', '.join(names)} is another one"
    if recorded.body is None or asked.body is None:
        return None if recorded.body is asked.body else "one of the two requests is no XML"
    return _first_difference(nodes(recorded.body), nodes(asked.body))


def result_difference(recorded: Mapping[str, Any], result: Mapping[str, Any] | None) -> str:
    """Return which members of the result are not as they were recorded."""
    if result is None:
        return ""
    names = list(_differing("", dict(recorded), dict(result)))
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"the result differs in {', '.join(names[:_MOST])}{more}" if names else ""


def _answer_difference(played: Played) -> str | None:
    outcome = played.recorded.outcome
    expected = played.asked.expects()
    if not isinstance(outcome, Answered) or outcome.body is None or not expected:
        return None
    found = nodes(outcome.body)
    if any(node.namespace == _SOAP and node.name == "Fault" for node in found):
        return None
    inside = [node.name for node in found if node.namespace != _SOAP]
    has, strange = set(inside), [name for name in inside if name not in expected]
    if not strange:
        return None
    lacks = expected - has
    known = _alike(strange[0], lacks)
    told = f"the reply has the element {strange[0]}, which the description does not know"
    return f"{told}; it knows {known}, which the reply lacks" if known else told


def _first_difference(before: Sequence[Node], now: Sequence[Node]) -> str | None:
    for old, new in zip(before, now, strict=False):
        if (old.path, old.namespace) != (new.path, new.namespace):
            return f"the request has {_where(new)} where {_where(old)} was recorded"
        if old.attributes != new.attributes:
            return f"attributes of {_where(old)} in the request are others than recorded"
        if old.text != new.text:
            return f"the text of {_where(old)} in the request is another one than recorded"
    if len(before) != len(now):
        longer, more = (now, "more") if len(now) > len(before) else (before, "less")
        return f"the request has {_where(longer[min(len(before), len(now))])} {more} than recorded"
    return None


def _where(node: Node) -> str:
    return "/".join(node.path[2:] if node.path[:2] == ("Envelope", "Body") else node.path)


def _differing(at: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*before, *now]):
            yield from _differing(f"{at}.{name}" if at else str(name), before.get(name), now.get(name))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for old, new in zip(before, now, strict=True):
            yield from _differing(f"{at}[]", old, new)
    elif before != now:
        yield at


def _names(recorded: Recorded) -> set[str]:
    bodies = [recorded.body, recorded.outcome.body if isinstance(recorded.outcome, Answered) else None]
    return {node.name for body in bodies if body is not None for node in nodes(body)}


def _alike(name: str, among: Any) -> str:
    """Return the name that resembles another most; the only one there is; or a few of them."""
    close = get_close_matches(name, sorted(among), 1, _CLOSE)
    return close[0] if close else ", ".join(sorted(among)[:_MOST])


def _attribute(error: AttributeError) -> str:
    found = re.findall(r"attribute '(\w+)'", str(error))
    return error.name or (found[-1] if found else "")


def _nearby(told: str, recording: Recording) -> str:
    """Return which exchange has a name that resembles one of a message."""
    words = set(_WORD.findall(_FILE.sub(" ", told)))
    for number, each in enumerate(recording.exchanges, 1):
        for word in sorted(words - _names(each)):
            close = get_close_matches(word, sorted(_names(each) - words), 1, _CLOSER)
            if close:
                return f"; exchange {number} ({each.operation}) has {close[0]}"
    return ""
