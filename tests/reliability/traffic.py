"""Mixed calls of one agent that remembers what it was told, so that the practice can be compared with its memory.

Nobody else writes about the agent's patients. A write whose outcome is not certain is repeated under its own key, and
its patient is left alone until then.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests

from tests.reliability.memory import Case, Pending, When
from tests.reliability.practice import Client, slug

UNAVAILABLE, UNKNOWN, TAKEN = (503, "backend-unavailable"), (504, "outcome-unknown"), (409, "slot-taken")
READ = frozenset({(200, ""), UNAVAILABLE})
WRITE = READ | {UNKNOWN}
ALLOWED: Final = {
    **dict.fromkeys(("find_patient", "list_slots", "list_upcoming"), READ),
    **dict.fromkeys(("confirm", "cancel"), WRITE),
    "hold_slot": WRITE | {TAKEN},
    # A note never fails: it is durable before it is acknowledged.
    "log_note": {(201, ""), (202, "")},
}


@dataclass
class Agent:
    """One thread of an agent service: some patients, and a seed that decides what they want."""

    name: str
    client: Client
    cases: list[Case]
    window: dict[str, Any]
    chance: random.Random
    seen: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slots: list[dict[str, Any]] = field(default_factory=list)
    serial: int = 0

    def call_once(self) -> None:
        """Make one call; repeat one that is pending before anything new about its patient."""
        case = self.chance.choice(self.cases)
        if case.pending is not None:
            self.repeat_pending(case)
            return
        wishes = [self._find, self._list_slots, self._list_upcoming, self._note]
        wishes += [self._hold] * 3 if self.slots else []
        wishes += [self._confirm] * 6 if case.holds else []
        wishes += [self._cancel] if case.appointments else []
        self.chance.choice(wishes)(case)

    def call_each(self, case: Case) -> None:
        """Call every contract once, in the order of a conversation."""
        for call in (self._find, self._list_slots, self._hold, self._confirm, self._list_upcoming, self._note):
            call(case)
        self._cancel(case)

    def repeat_pending(self, case: Case) -> bool:
        """Send a pending write, the same under the same key; say whether its outcome is certain, as a refusal is."""
        if case.pending is None:
            return True
        pending = case.pending
        answer = self._ask(pending.contract, pending.body, pending.key)
        if answer.status_code == requests.codes.ok:
            pending.settle(answer.json())
        if (answer.status_code, slug(answer)) not in {UNAVAILABLE, UNKNOWN}:
            case.pending = None
        return case.pending is None

    def _ask(self, contract: str, body: dict[str, Any], key: str | None = None) -> requests.Response:
        answer = self.client.post(contract, body, key, Prefer="wait=1")
        told = answer.status_code, slug(answer)
        self.seen[contract, *told] += 1
        if told not in ALLOWED[contract]:
            self.wrong.append(f"{contract} was answered with {answer.status_code}: {answer.text}")
        return answer

    def _write(
        self,
        case: Case,
        contract: str,
        body: dict[str, Any],
        settle: Callable[[dict[str, Any]], None],
        moves: tuple[When, When] | None = None,
    ) -> None:
        self.serial += 1
        body = {"patient": case.patient.token, **body}
        case.pending = Pending(contract, body, f"{self.name}-{self.serial}", settle, moves)
        self.repeat_pending(case)

    def _find(self, case: Case) -> None:
        answer = self._ask("find_patient", {"telephone": case.patient.telephone})
        if answer.ok and answer.json()["match"] != "certain":
            self.wrong.append(f"find_patient does not know its patient any more: {answer.text}")

    def _list_slots(self, case: Case) -> None:
        del case
        answer = self._ask("list_slots", {**self.window, "limit": 50})
        if answer.ok:
            self.slots = answer.json()["slots"]

    def _list_upcoming(self, case: Case) -> None:
        answer = self._ask("list_upcoming", {"patient": case.patient.token, "limit": 50})
        if answer.ok:
            told = {_when(row) for row in answer.json()["appointments"]}
            if not told.issuperset(case.appointments.values()):
                self.wrong.append("list_upcoming lacks an appointment that was confirmed")

    def _hold(self, case: Case) -> None:
        slot = self.chance.choice(self.slots)
        conversation = self.chance.choice([f"{self.name} about {case.patient.number}", None])

        def settle(reply: dict[str, Any]) -> None:
            if conversation is not None:
                case.holds.pop(case.talked_over or "", None)
                case.talked_over = reply["hold"]
            case.holds[reply["hold"]] = _when(reply)

        self._write(case, "hold_slot", {"slot": slot["slot"], "conversation": conversation}, settle)

    def _confirm(self, case: Case) -> None:
        hold = self.chance.choice([*case.holds])
        replaced = self.chance.choice([*case.appointments, None])

        def settle(reply: dict[str, Any]) -> None:
            del case.holds[hold]
            case.appointments[reply["appointment"]] = _when(reply)
            if replaced is not None:
                del case.appointments[replaced]

        moves = (case.appointments[replaced], case.holds[hold]) if replaced else None
        self._write(case, "confirm", {"hold": hold, "replaces": replaced}, settle, moves)

    def _cancel(self, case: Case) -> None:
        appointment = self.chance.choice([*case.appointments])

        def settle(_reply: dict[str, Any]) -> None:
            del case.appointments[appointment]

        self._write(case, "cancel", {"appointment": appointment}, settle)

    def _note(self, case: Case) -> None:
        self.serial += 1
        text = f"notitie {self.name}-{self.serial}"
        reported_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=self.chance.randrange(1, 600))
        body = {"patient": case.patient.token, "text": text, "reported_at": reported_at.isoformat()}
        answer = self._ask("log_note", body, f"{self.name}-{self.serial}")
        if answer.ok:
            case.notes[text] = answer.json()["delivery"], reported_at


def _when(reply: dict[str, Any]) -> When:
    return reply["starts_at"], reply["therapist"]
