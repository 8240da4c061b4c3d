"""A receiver that remembers what it has, and a program's voice: what it says has happened, said before it goes on."""

import json
import os
import random
import threading
from collections.abc import Iterable
from typing import Any

from contracts.delivery import (
    Absent,
    Checked,
    Delivered,
    Finding,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Rejected,
    Sending,
    Unknown,
)

_STDOUT = 1


def tell(**what: Any) -> None:
    """Tell the test in one line that no other thread's line is mixed with, at once: no buffer is lost in a cut."""
    os.write(_STDOUT, json.dumps(what).encode() + b"\n")


class Receiver:
    """Loses every fifth answer, refuses some reports and sometimes sends nothing; a report that it has, it has."""

    settle_s = 0.0
    unknown: Unknown = "verify"

    def __init__(self, has: Iterable[str], chance: random.Random) -> None:
        self._has = set(has)
        self._chance = chance
        self._lock = threading.Lock()

    def fingerprint(self, kind: str) -> None:
        """Nothing is validated."""
        del kind

    def send(self, sending: Sending) -> Outcome:
        """Take a report; `sent` is told before anything comes of it, as a power cut can follow at once."""
        with self._lock:
            fate = self._chance.random()
            lands = fate < 0.8
            tell(sent=sending.reference, lands=lands)
            if lands:
                self._has.add(sending.reference)
        if fate < 0.6:
            return Delivered(f"INC-{sending.reference}", {"incident": sending.reference})
        if fate < 0.85:
            return OutcomeUnknown("the answer was lost")
        return NotSent("locked", about_entry=True) if fate < 0.97 else Rejected("refused")

    def find(self, sending: Sending) -> Finding:
        """Say whether it has the report."""
        with self._lock:
            return Delivered(f"INC-{sending.reference}") if sending.reference in self._has else Absent()

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        """Never asked for."""
        raise NotImplementedError
