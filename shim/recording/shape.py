"""What a backend's exchanges look like, without their values, and what has changed between two recordings of it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from contracts.wire import Unanswered
from shim.recording.recorded import VEILED, Recorded, Recording, load_recording

if TYPE_CHECKING:
    from schemas.nodes import Node

_CLASSES: Final = (40, 250, 1000, 6000)
"""Longest text of each class of length; one more for what is longer. Pseudonyms keep lengths."""
_ENVELOPE: Final = ("Envelope", "Body")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Drift:
    """How the second of two recordings differs from the first.

    Attributes:
        lines: one for each difference, with the operation and the path of the element; no values.
        notes: what keeps the comparison from being whole, such as two different contracts.
    """

    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.lines)

    def as_json(self) -> dict[str, JsonValue]:
        """Return it for a program."""
        return {"differs": bool(self.lines), "differences": list(self.lines), "notes": list(self.notes)}


@dataclass(slots=True)
class _Shape:
    """One side of one operation: what is known of each path."""

    messages: int = 0
    types: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    spaces: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    counts: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    order: list[str] = field(default_factory=list)


def drift(a: Path, b: Path) -> Drift:
    """Compare two recordings by shape: elements, how often they come, types, faults, status and media type.

    Raises:
        SnapshotRefused: one of them is no recording that can be read.
    """
    before, after = load_recording(a), load_recording(b)
    notes = []
    if before.adapter != after.adapter:
        notes.append(f"the recordings are of two adapters: {before.adapter} and {after.adapter}")
    if before.contract != after.contract:
        notes.append(f"the recordings are of two contracts: {before.contract} and {after.contract}")
    return Drift(tuple(_differences(before, after)), tuple(notes))


def _differences(before: Recording, after: Recording) -> Iterator[str]:
    old, new = _shapes(before), _shapes(after)
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            yield f"{name}: only in the first"
        elif name not in old:
            yield f"{name}: only in the second"
        else:
            yield from _of_shape(name, old[name], new[name])


def _of_shape(name: str, old: _Shape, new: _Shape) -> Iterator[str]:
    for path in dict.fromkeys([*old.order, *new.order]):
        where = f"{name}: {path}"
        above = path.rpartition("/")[0]
        if path not in new.types:
            if not above or above in new.types:  # else it is told of what it stands in
                yield f"{where}: only in the first ({_told(old, path)})"
        elif path not in old.types:
            if not above or above in old.types:
                yield f"{where}: only in the second ({_told(new, path)})"
        else:
            if old.types[path] != new.types[path]:
                yield f"{where}: was {_types(old, path)}, is {_types(new, path)}"
            if old.spaces[path] != new.spaces[path]:
                yield f"{where}: was in the namespace {_named(old, path)}, is in {_named(new, path)}"
            if _often(old, path) != _often(new, path):
                yield f"{where}: was there {_often(old, path)}, is there {_often(new, path)}"
    common = set(old.order) & set(new.order)
    if [path for path in old.order if path in common] != [path for path in new.order if path in common]:
        yield f"{name}: the same elements come in another order"


def _shapes(recording: Recording) -> dict[str, _Shape]:
    shapes: dict[str, _Shape] = {}
    for each in recording.exchanges:
        for name, told, body in _sides(each):
            shape = shapes.setdefault(name, _Shape())
            shape.messages += 1
            _add(shape, told, body)
    return shapes


def _sides(recorded: Recorded) -> Iterator[tuple[str, Mapping[str, str], bytes | None]]:
    """Yield both sides of an exchange; a fault and a reply of one operation are two, for neither explains the other."""
    yield f"{recorded.operation} request", recorded.headers, recorded.body
    outcome = recorded.outcome
    if isinstance(outcome, Unanswered):
        yield f"{recorded.operation} without an answer", {"flaw": outcome.flaw}, None
        return
    fault = outcome.body is not None and any(node.name == "Fault" for node in _nodes(outcome.body))
    headers = {"HTTP status": str(outcome.status), **outcome.headers}
    yield f"{recorded.operation} {'fault' if fault else 'reply'}", headers, outcome.body


def _add(shape: _Shape, headers: Mapping[str, str], body: bytes | None) -> None:
    for name, value in headers.items():
        path = f"({name})"
        shape.types[path].add(value)
        shape.counts[path].add(1)
        if path not in shape.order:
            shape.order.append(path)
    if body is None:
        return
    found = _nodes(body)
    times = Counter(map(_path, found))
    for node in found:
        path = _path(node)
        shape.types[path].add(_type(node))
        shape.spaces[path].add(node.namespace)
        if path not in shape.order:
            shape.order.append(path)
        for name in node.attributes:
            local = f"{path}/@{name.rpartition('}')[2]}"
            if local.endswith("/@nil"):
                continue
            shape.types[local].add("attribute")
            if local not in shape.order:
                shape.order.append(local)
    for path in [path for path in shape.order if not path.startswith("(")]:
        shape.counts[path].add(times.get(path, 0))


def _nodes(document: bytes) -> "list[Node]":
    from schemas.nodes import nodes  # noqa: PLC0415 - every command loads this module, and few need lxml

    return nodes(document)


def _type(node: "Node") -> str:
    if node.nil:
        return "nil"
    if not node.leaf:
        return "elements"
    text = node.text.strip()
    return _kind(text) if text else "empty"


def _kind(text: str) -> str:
    if _INTEGER.fullmatch(text):
        return "integer"
    if VEILED.fullmatch(text):
        return "a secret"
    if text in {"true", "false"}:
        return "boolean"
    for kind, name in ((date, "date"), (datetime, "date-time")):
        try:
            moment = kind.fromisoformat(text)
        except ValueError:
            continue
        if isinstance(moment, datetime):
            return f"{name} with an offset" if moment.tzinfo else f"{name} without an offset"
        return name
    longest = next((limit for limit in _CLASSES if len(text) <= limit), None)
    return f"text of up to {longest}" if longest else f"text of more than {_CLASSES[-1]}"


def _told(shape: _Shape, path: str) -> str:
    return f"{_types(shape, path)}, {_often(shape, path)}"


def _types(shape: _Shape, path: str) -> str:
    return " or ".join(sorted(shape.types[path]))


def _named(shape: _Shape, path: str) -> str:
    return " or ".join(sorted(space or "none" for space in shape.spaces[path]))


def _path(node: "Node") -> str:
    """Return where an element stands; the envelope is the same in every message."""
    return "/".join(node.path[2:] if node.path[:2] == _ENVELOPE and len(node.path) > len(_ENVELOPE) else node.path)


def _often(shape: _Shape, path: str) -> str:
    """Say how often a path comes in a message: what is there several times is just that, for finds differ in length."""
    counts = shape.counts[path] or {1}
    least, most = min(counts), max(counts)
    if most > 1:
        return "several times"
    return "once" if least == 1 else "at times"
