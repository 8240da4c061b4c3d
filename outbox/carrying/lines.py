"""The file of an export: one JSON object per line, each with its own hash, between a header and a trailer.

The hashes find what was cut off, changed or lost on its way. Who made the file they do not tell: what is sealed in it
opens with the deployment's own key alone.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from outbox.carrying.refusal import CarryingRefused
from outbox.carrying.tables import Table, rows
from outbox.database import Transaction

FORMAT: Final = "legacy-shim state"
VERSION: Final = 2
_HASH: Final = b',"sha256":"'
_BYTES: Final = "base64"

Lines = Callable[[], Iterable[bytes]]
"""Begins to read an export; it is read twice."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an export is of.

    Attributes:
        deployment: its name.
        keys: fingerprints, by id, of the keys that open it.
        naming: sealed, in hexadecimal: the key of its blinded names.
        schema: version of each package's tables.
        made_at: RFC 3339 in UTC.
        tables: number of rows of each.
    """

    deployment: str
    keys: dict[str, str]
    naming: str
    schema: dict[str, int]
    made_at: str
    tables: dict[str, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of a table."""

    table: str
    values: dict[str, Any]


def written(tx: Transaction, header: Header, tables: Sequence[Table]) -> Iterator[bytes]:
    """Yield the lines of an export, of what the transaction sees."""
    whole, number = hashlib.sha256(), 0
    for line in _contents(tx, header, tables):
        whole.update(line)
        number += 1
        yield line
    yield _line({"lines": number, "all": whole.hexdigest()})


def _contents(tx: Transaction, header: Header, tables: Sequence[Table]) -> Iterator[bytes]:
    yield _line({"format": FORMAT, "version": VERSION, **asdict(header)})
    for table in tables:
        for row in rows(tx, table):
            yield _line({"table": table.name, "row": {name: _shown(row[name]) for name in row.keys()}})  # noqa: SIM118


def checked(lines: Iterable[bytes]) -> Iterator[Header | Stored]:
    """Yield the header and then each row; what was yielded is believed when the last one was.

    Raises:
        CarryingRefused: a line is not what was written, or one is missing.
    """
    whole, number, ended = hashlib.sha256(), 0, False
    for line in lines:
        if ended:
            raise CarryingRefused(f"the file goes on after its end, in line {number + 2}")
        value = _value(line, number + 1)
        if "all" in value:
            if value != {"lines": number, "all": whole.hexdigest()}:
                raise CarryingRefused("the file is not whole: lines are missing, or in another order")
            ended = True
            continue
        whole.update(line)
        number += 1
        yield _header(value) if number == 1 else _stored(value, number)
    if not ended:
        raise CarryingRefused(f"the file is not whole: it ends after line {number}")


def _line(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return text[:-1] + _HASH + hashlib.sha256(text).hexdigest().encode() + b'"}\n'


def _value(line: bytes, number: int) -> dict[str, Any]:
    text, found, told = line.rpartition(_HASH)
    text += b"}"
    if not found or told != hashlib.sha256(text).hexdigest().encode() + b'"}\n':
        raise CarryingRefused(f"line {number} is cut off, or not what was written")
    value = json.loads(text)
    if not isinstance(value, dict):
        raise CarryingRefused(f"line {number} is not what was written")
    return value


def _header(value: dict[str, Any]) -> Header:
    if value.pop("format", None) != FORMAT:
        raise CarryingRefused("the file is no export of a state")
    if (version := value.pop("version", None)) != VERSION:
        raise CarryingRefused(f"the file was written by another release: format {version}, this one reads {VERSION}")
    return Header(**value)


def _stored(value: dict[str, Any], number: int) -> Stored:
    if value.keys() != {"table", "row"}:
        raise CarryingRefused(f"line {number} is no row of a table")
    return Stored(value["table"], {name: _meant(shown) for name, shown in value["row"].items()})


def _shown(value: Any) -> Any:
    return {_BYTES: b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _meant(shown: Any) -> Any:
    return b64decode(shown[_BYTES], validate=True) if isinstance(shown, dict) else shown
