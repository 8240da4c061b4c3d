"""Taking the next due entry: the intent is committed before the first byte leaves, if its destination lets it go."""

from dataclasses import dataclass
from typing import Final, Literal

from outbox.database import NewerSchemaError, Transaction
from outbox.destinations import Breaker, read_gate, take_probe
from outbox.entry import Entry
from outbox.statements import Statement
from outbox.stored import SQL
from outbox.uptime import Uptime

Action = Literal["send", "find"]
_CLAIM: Final[dict[Action, Statement]] = {"find": SQL["claim_unknown"], "send": SQL["claim_ready"]}
_INSERT_ATTEMPT: Final = SQL["insert_attempt"]
_FIND_FIRST: Final[tuple[Action, Action]] = ("find", "send")
_SEND_FIRST: Final[tuple[Action, Action]] = ("send", "find")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one entry until its outcome is written.

    Attributes:
        entry: as it was claimed.
        action: whether it is to be sent, or the backend to be asked for it.
        at: when, by the clock that nobody can set; before the commit, so that no pause of the process is overlooked.
        outage_ms: how long its destination was out of reach until now, all outages together.
        probe_at: when the next probe may be made, if this is the single one of a destination out of reach.
    """

    entry: Entry
    action: Action
    at: Uptime
    outage_ms: int = 0
    probe_at: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a worker asks for.

    Attributes:
        destination: whose entries.
        owner: who takes it.
        first: what is taken if both are due.
        limit: attempts at a time of this destination, over all workers; None for any number.
    """

    destination: str
    owner: str
    first: Action = "find"
    limit: int | None = None


def take(tx: Transaction, wanted: Wanted, now: int, up: Uptime, breaker: Breaker, release: int) -> Claim | None:
    """Take the next due entry; None if there is none, or none may go.

    Whoever claims for a destination waits for who did so before, so that each sees what the others have under way.

    Args:
        tx: the transaction.
        wanted: what to take.
        now: milliseconds since 1970.
        up: the same moment by the clock that nobody can set.
        breaker: when a destination counts as out of reach, and how it is found again.
        release: number of the newest schema that this release knows.

    Raises:
        NewerSchemaError: a newer release has changed the tables meanwhile.
    """
    tx.lock("claim", wanted.destination)
    gate = read_gate(tx, wanted.destination)
    if gate.newest > release:
        raise NewerSchemaError(f"the state was upgraded to schema {gate.newest}; this release knows {release}")
    if not gate.lets_go(now, wanted.limit, breaker):
        return None
    values = {"destination": wanted.destination, "owner": wanted.owner, "now": now}
    # While it is out of reach the backend is asked first, but by turns: one question must not be in every send's way.
    find_first = wanted.first == "find" if gate.open_since is None else gate.probes % 2 == 0
    for action in _FIND_FIRST if find_first else _SEND_FIRST:
        row = tx.execute(_CLAIM[action], values).fetchone()
        if row is not None:
            attempt = {
                "entry_seq": row["seq"],
                "step": row["step"],
                "owner": wanted.owner,
                "action": action,
                "now": now,
            }
            tx.execute(_INSERT_ATTEMPT, attempt)
            probe_at = None if gate.open_since is None else take_probe(tx, wanted.destination, now, breaker)
            return Claim(Entry.of(row), action, up, gate.outage_until(now), probe_at)
    return None
