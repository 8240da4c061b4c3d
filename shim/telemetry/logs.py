"""The log as an administrator reads it or a collector takes it: the same facts, one record per line, all guarded."""

import json
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from shim.guard import GuardedFormatter, install, mask, mask_json
from shim.guard.logs import FORMAT, unrendered
from shim.keeping.regular import Regular
from shim.settings import LogSection
from shim.telemetry.observation import Observation, current
from shim.telemetry.repeats import FACTS, OBSERVATION, OK, Repeats

QUIET: Final = frozenset({"healthz", "readyz", "metrics"})
"""Asked every few seconds by machines."""
_WENT_WELL: Final = frozenset({"delivered", "not begun", "absent", "absent, not settled", "ok", "pending"})
"""What comes of an attempt, or of a look at a record, and needs no warning."""
_TELL_S: Final = 1.0

_requests = logging.getLogger("shim.requests")
_deliveries = logging.getLogger("shim.deliveries")


class ConsoleFormatter(GuardedFormatter):
    """A line to read: time, level, logger, message, and the facts as `name=value`."""

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the guarded line, and the correlation id: one in 500 looks like a number to the guard."""
        line, newline, more = super().format(record).partition("\n")
        correlation = "".join(f" {name}={value}" for name, value in _correlation(record).items())
        return f"{line}{correlation}{newline}{more}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line without an exception; the guard looks at the whole after that."""
        facts = _facts(record)
        told = (f"{name}={value}" for name, value in facts.items() if name != "event")  # that is the message
        return " ".join((super().formatMessage(record), *told))


class JsonFormatter(GuardedFormatter):
    """One JSON object on one line, of ASCII characters only: nothing in it can end the line, or be no JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object; every value that somebody may have written was looked at by the guard."""
        # Time and correlation id are of fixed shapes: to the guard one id in 500 would look like somebody's number.
        told: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": _word(record.name),
            "message": mask(_message(record)).text,
            **_correlation(record),
        }
        for name, value in _facts(record).items():
            told.setdefault(name, _word(value) if isinstance(value, str) else mask_json(value)[0])
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = _word(record.exc_info[0].__name__)
            told["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            told["stack"] = self.formatStack(record.stack_info)
        return json.dumps(told)


FORMATTERS: Final[dict[str, type[ConsoleFormatter | JsonFormatter]]] = {
    "console": ConsoleFormatter,
    "json": JsonFormatter,
}


@contextmanager
def logging_as(section: LogSection, systems: Collection[str], level: int = logging.INFO) -> Iterator[None]:
    """Log as the configuration says until the block ends; what was only counted is told by then.

    Args:
        section: `[log]`.
        systems: names of the systems: the same message about another one is another message.
        level: of the root.
    """
    install(level, FORMATTERS[section.format]())
    repeats = Repeats(section.same_per_minute, systems)
    handlers = list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(repeats)
    telling = Regular("repeats", lambda _pause: repeats.tell(), "repeated messages are not told", _TELL_S, _TELL_S)
    telling.start()
    try:
        yield
    finally:
        telling.stop()
        repeats.close()
        for handler in handlers:
            handler.removeFilter(repeats)


def log_observation(observation: Observation) -> None:
    """Log a request that was answered, or an attempt that was made: one line, without anything that a person wrote."""
    if observation.kind == "request":
        logger, level = _requests, _level(observation)
    else:
        logger, level = _deliveries, logging.INFO if observation.outcome in _WENT_WELL else logging.WARNING
    if logger.isEnabledFor(level):
        logger.handle(record_of(observation, logger.name, level))


def record_of(observation: Observation, name: str = "shim.requests", level: int = logging.INFO) -> logging.LogRecord:
    """Return the record; a logger would look for the line of code, and most of these are only counted."""
    record = logging.LogRecord(name, level, "", 0, observation.kind, (), None)
    record.__dict__[OBSERVATION] = observation
    return record


def _level(observation: Observation) -> int:
    if (observation.status or HTTPStatus.INTERNAL_SERVER_ERROR) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return logging.WARNING
    return logging.DEBUG if observation.action in QUIET else logging.INFO


def _told(observation: Observation) -> dict[str, Any]:
    facts = {
        "event": observation.kind,
        "method": observation.method,
        "action": observation.action,
        "system": observation.system,
        "contract": observation.contract,
        "client": observation.client,
        "status": observation.status,
        "outcome": observation.outcome or OK,
        "delivery": observation.delivery,
        "attempt": observation.attempt,
        "ms": _ms(observation.seconds),
        **{f"{phase}_ms": _ms(seconds) for phase, seconds in observation.phases.items()},
        "own_ms": _ms(observation.own_s),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    observation = record.__dict__.get(OBSERVATION)
    facts: dict[str, Any] = record.__dict__.get(FACTS, {})
    return facts if observation is None else _told(observation)


def _correlation(record: logging.LogRecord) -> dict[str, str]:
    """Return the id of the request or delivery that a record belongs to; empty when it belongs to none."""
    observation = record.__dict__.get(OBSERVATION) or current()
    return {} if observation is None else {"correlation": observation.correlation}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as error:
        return unrendered(record, error)


@lru_cache(1024)
def _word(text: str) -> str:
    """Return a guarded word; most of them are names of the configuration, and come again and again."""
    return mask(text).text
