"""What an agent remembers of its patients between calls: only what it was told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.reliability.practice import Patient

When = tuple[str, str]
"""Start and therapist: which slot it is, in words that the contracts and the practice share."""


@dataclass
class Pending:
    """A write whose outcome is not certain yet; `settle` takes in a success, `moves` is from where to where."""

    contract: str
    body: dict[str, Any]
    key: str
    settle: Callable[[dict[str, Any]], None]
    moves: tuple[When, When] | None = None


@dataclass
class Case:
    """What the agent knows of one patient."""

    patient: Patient
    holds: dict[str, When] = field(default_factory=dict)
    talked_over: str | None = None  # the hold that belongs to the conversation; its next one releases it
    appointments: dict[str, When] = field(default_factory=dict)
    notes: dict[str, tuple[str, datetime]] = field(default_factory=dict)  # by text: delivery, report time
    pending: Pending | None = None
