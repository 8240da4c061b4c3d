"""What the campaign enqueues: a document is a function of its lane and number, so that nobody has to remember it."""

import hashlib
import random
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from contracts.delivery import Document
from outbox.entry import NewEntry
from tests.reliability.outbox_history import Accepted

KEYS_PER_LANE: Final = 4
_FIRST: Final = datetime(2026, 11, 19, 21, 14, 3, 217_000, UTC)
_APART: Final = timedelta(seconds=1, milliseconds=13)


@dataclass(frozen=True, slots=True)
class Paper:
    """One document of a lane. A lane is enqueued by one thread, in the order of the numbers, so keys have an order."""

    lane: str
    number: int

    @property
    def reference(self) -> str:
        return f"{self.lane}-{self.number:05}"

    @property
    def key(self) -> str:
        return f"{self.lane}-key-{self.number % KEYS_PER_LANE}"

    @property
    def reported_at(self) -> datetime:
        """A moment that no other document has, in one of three zones."""
        moment = _FIRST + timedelta(seconds=zlib.crc32(self.lane.encode()) % 10**7) + self.number * _APART
        return moment.astimezone(timezone(timedelta(hours=self.number % 3)))

    @property
    def body(self) -> bytes:
        """200 to 3,000 bytes that no other document has."""
        chance = random.Random(self.reference)  # noqa: S311 - filler, no secret
        return f"<Note ref='{self.reference}'>{chance.randbytes(chance.randrange(100, 1500)).hex()}</Note>".encode()

    def entry(self, destination: str) -> NewEntry:
        """Return what the outbox is asked to deliver; the receiver is told the key as the subject."""
        document = Document(
            kind="note", body=self.body, subject=self.key, reported_at=self.reported_at, order_key=self.key
        )
        return NewEntry(f"dl_{self.reference}", destination, "log_note", "agent", self.reference, document)

    def acknowledged(self) -> dict[str, Any]:
        """Return the line of the history that says that it was accepted."""
        return {"lane": self.lane, "number": self.number}


def accepted(line: dict[str, Any]) -> Accepted:
    """Read a line of the history."""
    paper = Paper(line["lane"], line["number"])
    digest = hashlib.sha256(paper.body).hexdigest()
    return Accepted(paper.reference, paper.key, paper.number, digest, paper.reported_at)
