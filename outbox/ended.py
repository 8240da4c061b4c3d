"""What has ended of a client's entries, in order: each ending once, also when an entry ends twice.

The numbers are given by the database in the commit that ends an entry, so a later one is never seen before an earlier
one, whichever process committed it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.delivery import DeliveryState
from outbox.database import Database
from outbox.entry import Entry, from_ms
from outbox.statements import Statements

SQL: Final = Statements("outbox", "ended")


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where somebody has read.

    Attributes:
        n: number of the last ending, and of all before it; 0 before the first one.
        era: of that ending. After a restored backup the same numbers are given again, in a later era; who has read
            those of a lost state goes on behind what this state has in common with it.
    """

    n: int = 0
    era: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """One ending.

    Attributes:
        place: its own.
        state: what the entry was then, and `at` when that was.
        entry: as it is now.
    """

    place: Place
    state: DeliveryState
    at: datetime
    entry: Entry


def ended_of(database: Database, client: str, after: Place, limit: int) -> list[Ended]:
    """Return a client's endings behind a place, the earliest first.

    Raises:
        StateUnavailable: the database cannot be read.
    """
    rows = database.read(SQL["select_ended"], client=client, n=after.n, era=after.era, limit=limit)
    return [
        Ended(Place(row["n"], row["era"]), DeliveryState(row["ended_as"]), from_ms(row["ended_when"]), Entry.of(row))
        for row in rows
    ]


def last_of(database: Database, client: str) -> Place:
    """Return the place of a client's latest ending; errors as of `ended_of`."""
    for n, era in database.read(SQL["select_last"], client=client):
        return Place(n, era)
    return Place()
