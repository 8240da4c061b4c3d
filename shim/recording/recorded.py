"""A recording: one JSON file with what was asked of an adapter, what came of it, and the exchanges that this took."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from contracts.snapshots import SnapshotRefused
from contracts.wire import Answered, Unanswered

FORMAT: Final = 1
_KIND: Final = "legacy-shim recording"
_BETWEEN_TAGS: Final = re.compile(r"(?<=>)(?=<)")
VEILED: Final = re.compile(r"(USER|PASSWORD|SESSION)(-[0-9]{1,4})?")
"""What stands for a secret since before the exchange was seen."""
LARGEST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange, pseudonymised.

    Attributes:
        operation: what was asked for, such as `Incident.read`.
        headers: of the request.
        body: of the request; None when it was no XML.
        outcome: what came of it.
    """

    operation: str
    headers: Mapping[str, str]
    body: bytes | None
    outcome: Answered | Unanswered


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole recording, pseudonymised.

    Attributes:
        adapter: name of the adapter, as its entry point has it.
        contract: what was called.
        key: id of the key whose pseudonyms it holds.
        now: aware time of the call, shifted as all times of the recording are.
        request: of the contract; of one that writes, what was sent.
        result: what the contract made of the exchanges.
        exchanges: in order.
    """

    adapter: str
    contract: str
    key: str
    now: datetime
    request: Mapping[str, JsonValue]
    result: Mapping[str, JsonValue]
    exchanges: tuple[Recorded, ...]


def dumped(recording: Recording) -> str:
    """Return a recording as it is written: the same text for the same exchanges."""
    members = {
        "kind": _KIND,
        "format": FORMAT,
        "adapter": recording.adapter,
        "contract": recording.contract,
        "pseudonyms": recording.key,
        "now": recording.now.isoformat(),
        "request": recording.request,
        "result": recording.result,
        "exchanges": [_exchange(each) for each in recording.exchanges],
    }
    return json.dumps(members, ensure_ascii=False, indent=1, sort_keys=False) + "\n"


def is_recording(path: Path) -> bool:
    """Return whether a file says of itself that it is a recording."""
    try:
        with path.open("rb") as file:
            return _KIND.encode() in file.read(200)
    except OSError as error:
        raise SnapshotRefused(f"{path} cannot be read: {error.strerror}") from error


def load_recording(path: Path) -> Recording:
    """Read a recording.

    Raises:
        SnapshotRefused: it is none, is broken, or of another format.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise SnapshotRefused(f"{path} is too long for a recording")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SnapshotRefused(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SnapshotRefused(f"{path} is not a recording: it is no UTF-8") from error
    return parsed(text, str(path))


def parsed(text: str, path: str) -> Recording:
    """Return the recording in a text; `path` is what messages call it. Raises as `load_recording`."""
    try:
        members = json.loads(text)
    except ValueError as error:
        raise SnapshotRefused(f"{path} is not a recording: it is no JSON") from error
    if not isinstance(members, dict) or members.get("kind") != _KIND:
        raise SnapshotRefused(f"{path} is not a recording")
    if members.get("format") != FORMAT:
        raise SnapshotRefused(f"{path} has format {members.get('format')}; this release reads {FORMAT}: record it anew")
    try:
        return _recording(members)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotRefused(f"{path} is a broken recording: record it anew") from error


def _recording(members: Mapping[str, Any]) -> Recording:
    return Recording(
        adapter=str(members["adapter"]),
        contract=str(members["contract"]),
        key=str(members["pseudonyms"]),
        now=datetime.fromisoformat(members["now"]),
        request=dict(members["request"]),
        result=dict(members["result"]),
        exchanges=tuple(_read(each) for each in members["exchanges"]),
    )


def _exchange(recorded: Recorded) -> dict[str, JsonValue]:
    asked: dict[str, JsonValue] = {"headers": dict(recorded.headers), "body": _lines(recorded.body)}
    outcome = recorded.outcome
    if isinstance(outcome, Unanswered):
        told: dict[str, JsonValue] = {"unanswered": outcome.flaw, "sent": outcome.sent}
    else:
        told = {"status": outcome.status, "headers": dict(outcome.headers), "body": _lines(outcome.body)}
        if outcome.body is None:
            told["bytes"] = outcome.length
    return {"operation": recorded.operation, "asked": asked, "answered": told}


def _read(members: Mapping[str, Any]) -> Recorded:
    asked, told = members["asked"], members["answered"]
    outcome: Answered | Unanswered
    if "unanswered" in told:
        outcome = Unanswered(str(told["unanswered"]), bool(told["sent"]))
    else:
        body = _joined(told["body"])
        length = int(told["bytes"]) if body is None else len(body)
        outcome = Answered(int(told["status"]), dict(told["headers"]), body, length)
    return Recorded(str(members["operation"]), dict(asked["headers"]), _joined(asked["body"]), outcome)


def _lines(body: bytes | None) -> JsonValue:
    """Return XML with a tag on each line, so that a difference is read at a glance; joined, they are the same bytes."""
    return None if body is None else list(_BETWEEN_TAGS.split(body.decode()))


def _joined(lines: list[str] | None) -> bytes | None:
    return None if lines is None else "".join(lines).encode()
