"""What somebody must be told once: that a destination is out of reach, and that it answers again.

An alert is a row of the transaction that it tells of, so there is exactly one, whoever found out and however often that
process dies. Telling it to somebody outside is `outbox/telling.py`.
"""

import logging
import secrets
from dataclasses import dataclass
from typing import Final, Literal

from outbox.database import Transaction
from outbox.statements import Statements

SQL: Final = Statements("outbox", "alerts")
Kind = Literal["opened", "closed"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Alert:
    """One row. `at` is milliseconds since 1970."""

    id: str
    at: int
    destination: str
    kind: Kind
    detail: str

    def log(self) -> None:
        """Write it to the log, once, by the process that found out."""
        if self.kind == "opened":
            _log.warning("%s is out of reach: %s", self.destination, self.detail)
        else:
            _log.info("%s is back: %s", self.destination, self.detail)


def insert_alert(tx: Transaction, destination: str, kind: Kind, detail: str, now: int) -> Alert:
    """Store an alert with what it tells of."""
    alert = Alert(f"al_{secrets.token_hex(16)}", now, destination, kind, detail)
    values = {"id": alert.id, "destination": destination, "kind": kind, "detail": detail, "now": now}
    tx.execute(SQL["insert_alert"], values)
    return alert
