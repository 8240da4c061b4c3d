"""What one client of the campaign does: reports, notes on them, repeats; every write until it was answered for good."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests

from tests.reliability.facility import Client
from tests.reliability.planon_told import Record, Told

SEVERITIES: Final = ("low", "normal", "high", "emergency")
PATIENCE_S: Final = 60.0
_UNPRINTABLE: Final = "\x85"
_SHOWN: Final = "[U+0085]"
_LONGEST: Final = 4096
_UNAVAILABLE: Final = requests.codes.service_unavailable
_ACCEPTED: Final = (requests.codes.created, requests.codes.accepted)


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a report is repeated, long, followed by notes, or waited for, so that notes name its number: 0 to 1."""

    repeated: float = 0.1
    overlong: float = 0.01
    noted: float = 0.15
    waited_for: float = 0.05
    waited_for_and_noted: float = 0.5


class Agent:
    """One thread of an agent service; what it does for a report depends on the seed and the report alone."""

    def __init__(self, client: Client, record: Record, tokens: list[str], seed: int, plan: Plan) -> None:
        self._client = client
        self._record = record
        self._tokens = tokens
        self._seed = seed
        self._plan = plan
        self._first = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)

    def report(self, number: int) -> None:
        """Make one report, perhaps repeat it, perhaps add notes to it."""
        chance = random.Random(f"{self._seed}/{number}")  # noqa: S311 - what a person does, no secret
        name, tenant = f"melding {number:05}", self._tokens[number % len(self._tokens)]
        reported_at = self._first + timedelta(seconds=3 * number, milliseconds=chance.randrange(1000))
        text = self._text(chance, "kraan lekt, water staat op de vloer")
        body = {
            "tenant": tenant,
            "severity": chance.choice(SEVERITIES),
            "summary": name,
            "message": text,
            "reported_at": reported_at.isoformat(),
        }
        noted = chance.random() < self._plan.noted
        waits = self._plan.waited_for_and_noted if noted else self._plan.waited_for
        wait_s = 1 if chance.random() < waits else 0
        answer = self._write("create_incident", body, name, wait_s)
        if answer is None:
            return
        self._told(answer, Told(name, answer["delivery"], reported_at, shown(text)))
        if chance.random() < self._plan.repeated:
            again = self._write("create_incident", body, name, 0)
            if again is not None:
                self._told(again, Told(name, again["delivery"], reported_at, shown(text)))
        if noted:
            for note in range(chance.randint(1, 3)):
                self._note(chance, answer, Told(f"{name} notitie {note}", "", reported_at, "", name), tenant)

    def _note(self, chance: random.Random, incident: Mapping[str, Any], note: Told, tenant: str) -> None:
        """Add a note, to the incident's number if that is known, else to the delivery that brings it."""
        text = self._text(chance, f"{note.name}\nhet wordt erger")
        reported_at = note.reported_at + timedelta(minutes=chance.randint(1, 50))
        number = incident.get("incident")
        about = {"incident": number} if number else {"delivery": incident["delivery"]}
        body = {"tenant": tenant, "text": text, "reported_at": reported_at.isoformat(), **about}
        answer = self._write("log_note", body, note.name, 0)
        if answer is not None:
            told = Told(note.name, answer["delivery"], reported_at, shown(text), note.about)
            self._told(answer, told)

    def _text(self, chance: random.Random, text: str) -> str:
        # Each such character takes eight when it is shown: far more than a field of Planon's holds.
        overlong = chance.random() < self._plan.overlong
        return (f"{text} " if overlong else text) + _UNPRINTABLE * (_LONGEST - len(text) - 1 if overlong else 0)

    def _told(self, answer: Mapping[str, Any], told: Told) -> None:
        if datetime.fromisoformat(answer["reported_at"]) != told.reported_at:
            self._record.odd(f"{told.name} was answered with another report time")
        self._record.add(told)

    def _write(self, contract: str, body: dict[str, Any], name: str, wait_s: int) -> dict[str, Any] | None:
        """Write until it is accepted; None for a write that was refused and told so."""
        until = time.monotonic() + PATIENCE_S
        key = name.replace(" ", "-")
        while time.monotonic() < until:
            try:
                answer = self._client.post(contract, body, key, wait_s)
            except requests.RequestException:
                time.sleep(0.05)  # the service was killed; the same key again
                continue
            if answer.status_code in _ACCEPTED:
                return dict(answer.json())
            if answer.status_code != _UNAVAILABLE:
                # Durable, and ended badly before the answer: the problem carries the delivery, and nobody is misled.
                if "delivery" not in answer.json():
                    self._record.odd(f"{contract} of {name} was answered with {answer.status_code}: {answer.text}")
                return None
            time.sleep(0.1)
        return None


def shown(text: str) -> str:
    """Return a text as Planon must have it."""
    return text.replace(_UNPRINTABLE, _SHOWN)
