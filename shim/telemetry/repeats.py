"""Bounds the log: of the same message only so many lines are written in a minute, and then how many more there were.

In an outage thousands of attempts and requests fail for one cause. Nothing is dropped uncounted: what was written and
what the summaries tell add up.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, NamedTuple

from shim.telemetry.observation import Observation

KINDS_MAX: Final = 200
"""Kinds of messages that are told apart in a minute; what else comes is of one kind per level."""
_MINUTE_S: Final = 60.0
_SHOWN: Final = 80
"""Characters of a template in a summary."""
OK: Final = "ok"
"""The outcome of what went well."""
OBSERVATION: Final = "observation"
"""Where a record has the request or attempt that it tells."""
FACTS: Final = "facts"
"""Where it has other facts."""
_MARK: Final = "admitted"


class Kind(NamedTuple):
    """What makes two messages the same: who logs, how grave, the template, and fixed words that are put into it."""

    logger: str
    level: int
    template: str
    words: tuple[str, ...] = ()


@dataclass(slots=True)
class _Count:
    written: int = 0
    more: int = 0


class Repeats(logging.Filter):
    """Lets records through, or counts them. One for all handlers; thread-safe, and never waits for a handler."""

    def __init__(
        self, same_per_minute: int, words: Collection[str] = (), monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin.

        Args:
            same_per_minute: lines of one kind in a minute, the summary not counted.
            words: names by which messages of one template are told apart, such as those of the systems.
            monotonic: seconds.
        """
        super().__init__()
        self._most = same_per_minute
        self._words = frozenset(words)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._minute = self._now()
        self._counts: dict[Kind, _Count] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is written; first write what is to be told of the minute before."""
        admitted = record.__dict__.get(_MARK)
        if admitted is None:
            self.tell()
            admitted = self._admit(self._kind(record))
            record.__dict__[_MARK] = admitted  # another handler asks about the same record
        return bool(admitted)

    def tell(self) -> None:
        """Write the summaries of a minute that is over; to be called now and then, because nobody may log anything."""
        with self._lock:
            over = {} if self._now() == self._minute else self._taken()
        _write(over)

    def close(self) -> None:
        """Write the summaries of the minute that is not over."""
        with self._lock:
            over = self._taken()
        _write(over)

    def _now(self) -> int:
        return int(self._monotonic() // _MINUTE_S)

    def _taken(self) -> dict[Kind, _Count]:
        counts, self._counts, self._minute = self._counts, {}, self._now()
        return counts

    def _admit(self, kind: Kind) -> bool:
        with self._lock:
            if kind not in self._counts and len(self._counts) >= KINDS_MAX:
                kind = Kind("shim", kind.level, "of other kinds")
            count = self._counts.setdefault(kind, _Count())
            if count.written < self._most:
                count.written += 1
                return True
            count.more += 1
            return False

    def _kind(self, record: logging.LogRecord) -> Kind:
        observation: Observation | None = record.__dict__.get(OBSERVATION)
        if observation is not None:
            told = (observation.system, observation.status, observation.outcome or OK)
            return Kind(record.name, record.levelno, observation.kind, tuple(str(each) for each in told if each))
        arguments = record.args if isinstance(record.args, tuple) else ()
        words = [each for each in arguments if isinstance(each, str) and (each in self._words or _is_class(each))]
        error = record.exc_info[0] if isinstance(record.exc_info, tuple) else None
        named = [] if error is None else [error.__name__]
        return Kind(record.name, record.levelno, str(record.msg), (*words, *named))


def _is_class(word: str) -> bool:
    """Whether a word may name an exception: a defect must not hide behind another one of the same template."""
    return word.isidentifier() and word.endswith(("Error", "Exception"))


def _write(over: dict[Kind, _Count]) -> None:
    for kind, count in over.items():
        if not count.more:
            continue
        template = " ".join(kind.template.split())[:_SHOWN]
        told = " ".join((template, *kind.words))
        message = "… and %d more like it: %s"
        record = logging.LogRecord(kind.logger, kind.level, "", 0, message, (count.more, told), None)
        record.__dict__.update({_MARK: True, FACTS: {"event": "repeated", "more": count.more}})
        logging.getLogger(kind.logger).handle(record)
