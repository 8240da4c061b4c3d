"""What a span's attributes are called outside: one table, with OpenTelemetry's names where there are any.

Nothing that is not in it leaves, and no value that could be a person's words or number.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from contracts.spans import Attributes
from shim.guard import mask

Value = str | int

_NAMES: Final[Mapping[str, str]] = {
    "system": "shim.system",
    "contract": "shim.contract",
    "delivery": "shim.delivery",
    "attempt": "shim.attempt",
    "outcome": "shim.outcome",
    "status": "http.response.status_code",
    "rows": "db.response.returned_rows",
}
_CALLS: Final = frozenset({"soap", "xml"})
_DATABASES: Final = {"firebird": "firebirdsql"}
"""Where OpenTelemetry calls it otherwise."""
_NUMBERS: Final = frozenset({"attempt", "status", "rows"})
_HOST: Final = re.compile(r"(.*@)?([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_PATH: Final = re.compile(r"[\w ./\\:+-]{1,255}")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
_SPAN: Final = re.compile(r"[A-Za-z][A-Za-z0-9 _./-]{0,79}")
_STEP: Final = "step"
"""What a span is called whose name may not leave."""
_DELIVERY: Final = re.compile(r"dl_[0-9a-f]{32}")


def told(attributes: Attributes) -> dict[str, Value]:
    """Return attributes as they are exported; what may not leave is left out."""
    return dict(_told(attributes))


def _told(attributes: Attributes) -> Iterator[tuple[str, Value]]:
    technology = attributes.get("technology")
    for name, value in attributes.items():
        if name in _NUMBERS:
            if isinstance(value, int):
                yield _NAMES[name], value
        elif isinstance(value, str) and value:
            yield from _text(name, value, technology)


def _text(name: str, value: str, technology: Any) -> Iterator[tuple[str, Value]]:
    if name == "server":
        yield from _server(value)
    elif name == "delivery":
        if _DELIVERY.fullmatch(value):
            yield _NAMES[name], value
    elif _is(value, _WORD):
        if name == "technology":
            yield ("rpc.system", value) if value in _CALLS else ("db.system.name", _DATABASES.get(value, value))
        elif name == "operation":
            yield ("rpc.method" if technology in _CALLS else "db.operation.name"), value
        elif name in _NAMES:
            yield _NAMES[name], value


def _server(value: str) -> Iterator[tuple[str, Value]]:
    """Tell host and port, or the path of a database; an account before the host stays here."""
    if (host := _HOST.fullmatch(value)) is not None:
        yield "server.address", host[2]
        if host[3]:
            yield "server.port", int(host[3])
    elif _PATH.fullmatch(value):
        yield "db.namespace", mask(value).text


def span_name(name: str) -> str:
    """Return the name under which a span is exported."""
    return name if _is(name, _SPAN) else _STEP


@lru_cache(1024)
def _is(value: str, form: re.Pattern[str]) -> bool:
    """Whether a value has this form, and nothing in it may be an identifier; the code's own words are few."""
    return form.fullmatch(value) is not None and not mask(value).findings
