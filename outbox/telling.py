"""Tells somebody outside of each alert, again and again until it was taken, in order, and at most for a day.

Several processes may do so at once: who claims an alert has it for a minute. A receiver may get one twice, under the
same id, when the process dies between telling and writing that down.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from contracts.errors import StateUnavailable
from outbox.alerts import SQL, Alert
from outbox.backoff import Backoff
from outbox.database import Database
from outbox.entry import to_ms
from outbox.reasons import log_defect

_LEASE: Final = timedelta(minutes=1)
"""Longer than telling takes."""
_KEEP: Final = timedelta(hours=24)
"""What is older helps nobody any more; it stays in the log and in the table."""
_POLL_S: Final = 1.0
_BACKOFF: Final = Backoff(first_s=4, cap_s=300)

Tell = Callable[[Alert], None]
"""Tells one alert; raises CannotTell when nobody took it."""

_log = logging.getLogger(__name__)


class CannotTell(Exception):
    """Raised when nobody took an alert; the text has no secret."""


class Teller:
    """A thread that tells alerts. May be stopped once."""

    def __init__(self, database: Database, clock: Callable[[], datetime], tell: Tell) -> None:
        """Prepare; start() begins."""
        self._database = database
        self._clock = clock
        self._tell = tell
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-alerts", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """Finish what is being told, begin nothing."""
        self._stopping.set()
        self._thread.join(grace_s)

    def step(self) -> bool:
        """Tell the next alert that is due; return False if there is none."""
        now = self._clock()
        values = {"now": to_ms(now), "lease": to_ms(now + _LEASE), "oldest": to_ms(now - _KEEP)}
        if not self._database.read(SQL["select_due"], now=values["now"], oldest=values["oldest"]):
            return False  # so that an idle thread takes no writer's lock
        row = self._database.write(lambda tx: tx.execute(SQL["claim_alert"], values).fetchone())
        if row is None:
            return False
        alert = Alert(row["id"], row["at"], row["destination"], row["kind"], row["detail"])
        try:
            self._tell(alert)
        except CannotTell as error:
            delay = timedelta(seconds=_BACKOFF.delay_s(row["attempts"]))
            _log.warning("outbox: an alert of %s could not be told: %s", alert.destination, error)
            self._write("to_told_later", id=alert.id, next_attempt_at=to_ms(self._clock() + delay))
        else:
            self._write("to_told", id=alert.id, now=to_ms(self._clock()))
        return True

    def _write(self, statement: str, **values: str | int) -> None:
        self._database.write(lambda tx: tx.execute(SQL[statement], values).rowcount)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.step():
                    continue
            except StateUnavailable as error:
                _log.error("outbox: %s", error)
            except Exception as error:  # noqa: BLE001 - a thread that dies silently would tell nobody any more
                log_defect("the telling of alerts", error)
            self._stopping.wait(_POLL_S)
