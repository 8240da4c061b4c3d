"""After a state was put in place nobody knows what was sent since it was kept, so the backend is asked first."""

from collections.abc import Sequence
from dataclasses import dataclass

from outbox.carrying.tables import SQL
from outbox.database import Transaction
from outbox.uptime import Uptime


@dataclass(frozen=True, slots=True)
class Asking:
    """How a state is put in place.

    Attributes:
        now: milliseconds since 1970, and `up` the same moment by the clock that nobody can set.
        reason: what is written at each entry, in one line.
        destinations: those that the configuration knows; what they get from clients again may have been sent before.
        keep_pause: whether a destination that was paused stays so.
        ahead_s: how far the time of a report that the state has forgotten may lie after now, since clients' clocks are
            ahead of ours; None when it has forgotten none.
        left_behind: tables of the host that are emptied, because what was ended since would be good again.
    """

    now: int
    up: Uptime
    reason: str
    destinations: Sequence[str] = ()
    keep_pause: bool = False
    ahead_s: float | None = 300.0
    left_behind: Sequence[str] = ()


def ask_first(tx: Transaction, asking: Asking) -> int:
    """Make every entry that is not final unknown, and return how many those are.

    An attempt that was under way has ended, and each destination is believed to answer until it does not. What a client
    sends again because the state has forgotten it is asked for as well: see `destination.restored_at`.
    """
    moment = {"now": asking.now, "boot": asking.up.boot, "uptime": asking.up.ms}
    tx.execute(SQL["end_attempts"], {"now": asking.now, "reason": asking.reason})
    unknown = tx.execute(SQL["ask_first"], {**moment, "reason": asking.reason}).rowcount
    tx.execute(SQL["ask_before_retry"], moment)
    restored_at = None if asking.ahead_s is None else asking.now + int(asking.ahead_s * 1000)
    stored = {row["name"] for row in tx.execute(SQL["list_destinations"]).fetchall()}
    for name in sorted(stored | set(asking.destinations)):
        values = {"name": name, "now": asking.now, "restored_at": restored_at}
        tx.execute(SQL["reset_destination"], {**values, "keep_pause": asking.keep_pause})
    for table in asking.left_behind:
        tx.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of the host's code
    return unknown
