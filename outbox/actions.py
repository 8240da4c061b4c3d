"""What administrators did, and why: written with what they did in one commit, and never changed."""

import json
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from outbox.database import Database, Transaction
from outbox.entry import dump_json, from_ms
from outbox.statements import Statements

SQL: Final = Statements("outbox", "actions")


@dataclass(frozen=True, slots=True)
class Action:
    """One action on one entry.

    Attributes:
        at: when.
        actor: account of the operating system.
        action: such as `retry` or `discard`.
        detail: what changed.
        reason: in the administrator's own words.
    """

    at: datetime
    actor: str
    action: str
    detail: dict[str, JsonValue]
    reason: str


def account() -> str:
    """Return the account that runs this process."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        return str(os.getuid())


@dataclass(frozen=True, slots=True)
class Audit:
    """Writes down who did what; `now` is in milliseconds since 1970."""

    actor: str
    reason: str
    now: int

    def write(self, tx: Transaction, action: str, entry: str | None, detail: Mapping[str, JsonValue]) -> None:
        """Write one action in the transaction that does it; `entry` is None when it is about none."""
        values = {"at": self.now, "actor": self.actor, "action": action, "entry": entry, "reason": self.reason}
        tx.execute(SQL["insert_action"], {**values, "detail": dump_json(detail).decode()})


def actions_of(database: Database, entry_id: str) -> list[Action]:
    """Return what was done with an entry, in order."""
    return [
        Action(from_ms(row["at"]), row["actor"], row["action"], json.loads(row["detail"]), row["reason"])
        for row in database.read(SQL["list_actions"], id=entry_id)
    ]
