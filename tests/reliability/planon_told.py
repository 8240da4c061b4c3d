"""What a client of the campaign was told, and what it had said: the record that Planon's ledger is judged against."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock


@dataclass(frozen=True, slots=True)
class Told:
    """One write that was answered with 201 or 202.

    Attributes:
        name: first words of its text, which no other write has.
        delivery: as the shim named it.
        reported_at: as it was sent; aware.
        text: every character that Planon must have, the summary not included.
        about: name of the incident that a note adds to; None for an incident.
    """

    name: str
    delivery: str
    reported_at: datetime
    text: str
    about: str | None = None


@dataclass
class Record:
    """Everything that the clients, several threads, were told; notes of one incident in the order of their answers."""

    incidents: dict[str, Told] = field(default_factory=dict)
    notes: dict[str, Told] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, told: Told) -> None:
        """Remember an answer; another delivery for the same write is wrong."""
        kind = self.incidents if told.about is None else self.notes
        with self._lock:
            before = kind.setdefault(told.name, told)
            if before.delivery != told.delivery:
                self.wrong.append(f"{told.name} was {before.delivery} and is {told.delivery} now")

    def odd(self, what: str) -> None:
        """Remember an answer that no client should get."""
        with self._lock:
            self.wrong.append(what)
