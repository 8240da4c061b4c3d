"""Lets go of what is remembered longer than it is needed: people's words, answers kept for a repeat, counted requests.

It runs beside a worker, by itself, because nobody remembers to do it. Every commit is a small one, so that no writer
waits long, and whatever one run leaves the next one finds. Several processes may run it at once: each row goes once.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from outbox.actions import Audit
from outbox.carrying.prune import Pruned, Pruning, prune
from outbox.database import Database
from outbox.entry import Cipher, to_ms
from outbox.statements import Statements
from shim.admin import sessions
from shim.admission.identity import SQL as IDENTITY
from shim.keeping.regular import Pause, Regular
from shim.writing.idempotency import Idempotency

SQL: Final = Statements("shim", "retention")
ACTOR: Final = "shim"
_FIRST_S: Final = 300.0
"""After a start there is better to do."""
_EVERY_S: Final = 4 * 3600.0
_LIMIT: Final = 500
"""Rows of one commit."""
_PAUSE_S: Final = 0.05
_MINUTES: Final = 60
_HOUR_MS: Final = 3_600_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long what is kept.

    Attributes:
        text_days: payloads and requests, after the entry was delivered or discarded.
        idempotency_days: answers of immediate writes, after they were first asked for.
        identity_window_s: failed attempts to identify somebody.
    """

    text_days: int
    idempotency_days: int
    identity_window_s: int


@dataclass(frozen=True, slots=True)
class LetGo:
    """What one run let go: entries' texts, answers, and minutes; and the entries whose payload does not open."""

    texts: int
    answers: int
    minutes: int
    damaged: tuple[str, ...] = ()


class Retention:
    """Lets go of what is older than it is kept. Thread-safe."""

    def __init__(self, database: Database, cipher: Cipher, clock: Callable[[], datetime], keeping: Keeping) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._keeping = keeping

    def run(self, pause: Pause = time.sleep) -> LetGo:
        """Let go of all that is old enough now.

        Raises:
            StateUnavailable: the state cannot be read or written; what was done is done.
        """
        pruned = self._texts(pause)
        answers = self._answers(pause)
        minutes = self._minutes(pause)
        self._identities()
        sessions.forget(self._database)
        return LetGo(pruned.entries, answers, minutes, pruned.damaged)

    def _texts(self, pause: Pause) -> Pruned:
        days = self._keeping.text_days
        pruning = Pruning("payloads", self._before(days), to_ms(self._clock()))
        audit = Audit(ACTOR, f"kept for {days} days: keep_text_days", pruning.now)
        return prune(self._database, self._cipher, pruning, audit, pause=pause)

    def _answers(self, pause: Pause) -> int:
        before = self._before(self._keeping.idempotency_days)
        return _all(lambda: Idempotency.forget(self._database, before, _LIMIT), pause)

    def _minutes(self, pause: Pause) -> int:
        values = {"minutes": _MINUTES, "limit": _LIMIT}
        return _all(lambda: self._database.write(lambda tx: tx.execute(SQL["forget_minutes"], values).rowcount), pause)

    def _identities(self) -> None:
        """Every question does the same for itself, so there are never many: those of clients that ask no more."""
        attempts = {"window_ms": self._keeping.identity_window_s * 1000}
        self._database.write(lambda tx: tx.execute(IDENTITY["forget_attempts"], attempts))
        self._database.write(lambda tx: tx.execute(IDENTITY["forget_people"], {"window_ms": _HOUR_MS}))

    def _before(self, days: int) -> int:
        return to_ms(self._clock() - timedelta(days=days))


def _all(batch: Callable[[], int], pause: Pause) -> int:
    done = 0
    while found := batch():
        done += found
        if found < _LIMIT:
            break
        pause(_PAUSE_S)
    return done


class RetentionThread(Regular):
    """Runs it a while after the start, and every few hours."""

    def __init__(self, retention: Retention, first_s: float = _FIRST_S, every_s: float = _EVERY_S) -> None:
        def run(pause: Pause) -> None:
            done = retention.run(pause)
            told = "let go: the texts of %d entries, %d answers, %d minutes of requests"
            _log.info(told, done.texts, done.answers, done.minutes)
            for entry in done.damaged:
                _log.warning("%s: what belongs to the payload does not open, so it is kept", entry)

        super().__init__("retention", run, "old texts and answers stay until the next time", first_s, every_s)
