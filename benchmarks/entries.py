"""What the benchmark of the outbox puts into it: frozen documents of 3 kB, and the outbox itself as a contender."""

import secrets
from datetime import UTC, datetime
from threading import Barrier, Thread
from typing import Final

from benchmarks.measure import median_us, timed
from contracts.delivery import Delivered, Document
from outbox.claims import Claim
from outbox.database import Database
from outbox.entry import NewEntry
from outbox.store import Outbox
from shim.keys import RestCipher

PACKAGES: Final = ("outbox",)
DESTINATION: Final = "planon"
BODY_BYTES: Final = 3000
US: Final = 1e6
PRODUCERS: Final = 16
OWNER: Final = "bench"
AT_A_TIME: Final = 2
"""Attempts at a time, as a destination has them by default."""
ANSWER: Final = Delivered("INC-000001")
EVIDENCE: Final = "answered"
_LINE: Final = b"<Description>kraan in keuken lekt, water staat al op de vloer</Description>\n"


def new_entries(count: int, order_key: str | None = None) -> list[NewEntry]:
    """Make entries, each with a key of its own unless they share one."""
    body = b"<Incident>\n" + _LINE * (BODY_BYTES // len(_LINE)) + b"</Incident>\n"
    names = [secrets.token_hex(16) for _ in range(count)]
    now = datetime.now(UTC)
    return [
        NewEntry(
            f"dl_{name}",
            DESTINATION,
            "create_incident",
            "bench",
            f"LS-{name}",
            Document("incident", body, "T-0001", now, order_key=order_key),
        )
        for name in names
    ]


def open_outbox(database: Database) -> Outbox:
    """Return an outbox that seals what it stores, as the shim's does."""
    return Outbox(database, RestCipher(bytes(32)), lambda: datetime.now(UTC))


class Ours:
    """This outbox, by the calls that the shim and its worker make.

    What is done to `count` entries one after another returns microseconds of the median entry.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def enqueue(self, count: int) -> float:
        """Store entries, one commit each; each is sealed within its own time."""
        return median_us(self.store, new_entries(count))

    def enqueue_together(self, count: int) -> float:
        """Store entries from 16 threads at once; return microseconds until all are durable, divided by their number."""
        entries = new_entries(count)
        ready = Barrier(PRODUCERS + 1)

        def produce(mine: list[NewEntry]) -> None:
            ready.wait()
            for entry in mine:
                self.store(entry)

        threads = [Thread(target=produce, args=(entries[number::PRODUCERS],)) for number in range(PRODUCERS)]
        for thread in threads:
            thread.start()

        def finish() -> None:
            ready.wait()
            for thread in threads:
                thread.join()

        return timed(finish, US) / count

    def take(self, count: int) -> float:
        """Claim each entry, read what is sent, and acknowledge it: two commits each."""
        return median_us(lambda _: self.deliver(), range(count))

    def drain(self, count: int) -> float:
        """Deliver, with the acknowledgement of one entry and the claim of the next in one commit."""
        claimed = [self.claim()]

        def go_on(_number: int) -> None:
            self.read(claimed[0])
            claimed[0] = self.acknowledge_and_claim(claimed[0])

        us = median_us(go_on, range(count - 1))
        self.read(claimed[0])
        self.acknowledge(claimed[0])
        return us

    def store(self, entry: NewEntry) -> None:
        """Store one entry, in a commit that it may share."""
        sealed = self.outbox.seal(entry)
        self.outbox.database.write(lambda tx: self.outbox.enqueue(tx, sealed))

    def deliver(self) -> None:
        """Claim, read and acknowledge the next entry."""
        claim = self.claim()
        self.read(claim)
        self.acknowledge(claim)

    def claim(self) -> Claim:
        """Claim the next entry; it must be there."""
        return _there(self.outbox.claim(DESTINATION, OWNER, "send", AT_A_TIME))

    def read(self, claim: Claim) -> None:
        """Read what would be sent."""
        self.outbox.sending(claim.entry)

    def acknowledge(self, claim: Claim) -> None:
        """Write down that it was delivered."""
        self.outbox.write(self.outbox.endings.delivered(claim, ANSWER, EVIDENCE))

    def acknowledge_and_claim(self, claim: Claim) -> Claim:
        """Write down that it was delivered, and claim the next one in the same commit."""
        ending = self.outbox.endings.delivered(claim, ANSWER, EVIDENCE)
        return _there(self.outbox.write_and_claim(ending, DESTINATION, OWNER, "send", AT_A_TIME))


def _there(claim: Claim | None) -> Claim:
    if claim is None:
        raise LookupError("nothing was due")
    return claim
