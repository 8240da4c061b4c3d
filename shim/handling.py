"""What may be done with an entry by hand, and why not: one rule for the command line and the operations page."""

from typing import Final

from contracts.bsn import has_bsn
from contracts.delivery import DeliveryState
from outbox.entry import Entry
from outbox.selection import FAILING, STUCK
from outbox.stored import StoredEntries

CHANGED: Final = "the entry has changed meanwhile; look at it again"
EMPTY: Final = "is empty; say why"
NUMBER: Final = "the reason has a number that may be a person's; leave it out"
RETRIED_OF_GROUP: Final = FAILING
"""What of a group is taken up again: all of it."""
DISCARDED_OF_GROUP: Final = STUCK
"""What of a group is given up: never what the backend may have."""
_MISMATCH: Final = "another schema or mapping"
"""What the outbox says of what it parks because its document is of another release."""


def is_unfit(reason: str) -> bool:
    """Whether a reason may name a person: it is kept for good."""
    return has_bsn(reason)


def is_mismatch(cause: str) -> bool:
    """Whether to compose anew is the way out of this cause: to retry it is to have it parked again."""
    return _MISMATCH in cause


def cannot_retry(entries: StoredEntries, entry: Entry) -> str | None:
    """Return why an entry cannot be taken up again; None if it can."""
    if entry.owner is not None:
        return "an attempt is under way; look again when it has ended"
    if entry.state is DeliveryState.WAITING:
        head = entries.head(entry)
        return f"it waits behind {head.id}, which is {head.state}" if head else CHANGED
    return None if entry.state in FAILING else f"the entry is {entry.state}"


def would_retry(entry: Entry, *, not_there: bool) -> str:
    """Return what a retry does to it."""
    if entry.unknown_since is not None and not not_there:
        return "the backend would be asked for it first, and it would be sent if it is not there"
    return "it would be sent when its turn comes"


def cannot_discard(entry: Entry, *, may_exist: bool, consent: str) -> str | None:
    """Return why an entry cannot be given up; None if it can. `consent` is how somebody says `may_exist`."""
    if entry.owner is not None:
        return "the entry is on its way; look again when the attempt has ended"
    if entry.state is DeliveryState.UNKNOWN and not may_exist:
        return f"the entry is unknown, so the backend may have it; if you mean it: {consent}"
    return f"the entry is {entry.state}" if entry.state.ended and entry.state not in STUCK else None


def would_discard(entries: StoredEntries, entry: Entry) -> str:
    """Return what giving it up does."""
    head = entries.head(entry)
    behind = entries.behind(entry) if head is not None and head.id == entry.id else 0
    return f"it would be given up, and {behind} behind it would go on" if behind else "it would be given up"


def cannot_resolve(entry: Entry) -> str | None:
    """Return why an entry cannot be recorded as delivered; None if it can."""
    if entry.owner is not None:
        return "an attempt is under way; look again when it has ended"
    if entry.state is DeliveryState.UNKNOWN or entry.state in STUCK:
        return None
    return f"the entry is {entry.state}"
