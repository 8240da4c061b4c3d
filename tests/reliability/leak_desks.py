"""Both kinds of desk, in memory, whose every answer, refusal and defect holds a planted text."""

import itertools
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, cast

from contracts import facility, practice
from contracts.delivery import (
    Absent,
    Checked,
    Conflicting,
    Delivered,
    Document,
    Finding,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Rejected,
    Sending,
    Source,
    Unknown,
)
from contracts.desks import Call
from tests.reliability.leak_texts import Supply
from tests.reliability.leak_throws import DEFECTS, Throw, contract_errors

T = TypeVar("T")
START: Final = datetime(2026, 11, 26, 13, 30, tzinfo=UTC)


class Turns:
    """Deals every behaviour in turn, in an order that differs from run to run. Thread-safe."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._lock = threading.Lock()
        self._cycles: dict[str, Iterator[Any]] = {}

    def next(self, name: str, behaviours: Sequence[T]) -> T:
        """Return the next one of a list that is known by its name."""
        with self._lock:
            if name not in self._cycles:
                self._cycles[name] = itertools.cycle(self._random.sample(behaviours, len(behaviours)))
            return next(self._cycles[name])  # type: ignore[no-any-return]  # of that list


class Hostile:
    """What both desks share. The supply is replaced from batch to batch."""

    def __init__(self, seed: int) -> None:
        self.supply: Supply
        self.destination = HostileDestination(self)
        self.turns = Turns(seed)
        self._numbers = itertools.count(1)
        throws = [*contract_errors(), *DEFECTS]
        self._failures: list[Throw | None] = [*throws, *[None] * 2 * len(throws)]  # two of three calls are answered

    def text(self) -> str:
        """Return the next planted text."""
        return self.supply.text()

    def number(self) -> str:
        """Return the next record's number, as a backend issues it."""
        return f"INC-{next(self._numbers):06}"

    def fails(self, contract: str) -> None:
        """Raise whatever is next for this contract, or nothing."""
        throw = self.turns.next(contract, self._failures)
        if throw is not None:
            throw(self.text())

    def composed(self, kind: str, subject: str, reported_at: datetime, contract: str) -> Document:
        """Return a document whose every member that may hold a text holds one."""
        self.fails(contract)
        text = self.text()
        sources = (Source("Omschrijving", text, f"as told: {text}", text),)
        order = text if self.turns.next("order", [False, True]) else None
        return Document(kind, text.encode(), subject, reported_at, order_key=order, provenance=sources)

    # --- what every desk has

    def check(self) -> None:
        """Nothing to check."""

    def check_backend(self) -> list[str]:
        """Nothing differs."""
        return []

    def close(self) -> None:
        """Nothing to close."""


class HostileFacility(Hostile):
    """A facility desk."""

    def find_tenant(self, request: facility.FindTenantRequest, _call: Call) -> facility.FindTenantReply:
        """Find one, in a reply of which a text is where it should not be."""
        del request
        self.fails("find_tenant")
        if self.turns.next("odd tenant", [False, True]):
            return facility.FindTenantReply.model_construct(
                match="certain", tenant="T-1", ask_for=[cast("Any", self.text())]
            )
        return facility.FindTenantReply(match="certain", tenant=f"T-{self.number()}")

    def create_incident(self, request: facility.CreateIncidentRequest, _call: Call) -> Document:
        """Compose."""
        return self.composed("incident", request.tenant, request.reported_at, "create_incident")

    def log_note(self, request: facility.FacilityNoteRequest, _call: Call) -> Document:
        """Compose."""
        return self.composed("note", request.tenant, request.reported_at, "facility log_note")

    def get_incident(self, request: facility.GetIncidentRequest, _call: Call) -> facility.Incident:
        """Show one."""
        self.fails("get_incident")
        return self._incident(request.incident)

    def list_at_risk(self, request: facility.ListAtRiskRequest, _call: Call) -> facility.ListAtRiskReply:
        """List two, one of them with a status that no incident has."""
        del request
        self.fails("list_at_risk")
        incident = self._incident(self.number())
        if self.turns.next("odd incident", [False, True]):
            sla = facility.SlaClock.model_construct(state=cast("Any", self.text()))
            incident = incident.model_copy(update={"status": self.text(), "sla": sla})
        return facility.ListAtRiskReply(incidents=[incident], read_at=START)

    def _incident(self, number: str) -> facility.Incident:
        clock = facility.SlaClock(state="running", started_at=START, due_at=START + timedelta(hours=4))
        return facility.Incident(incident=number, status="reported", reported_at=START, priority=2, sla=clock)


class HostilePractice(Hostile):
    """A practice desk."""

    def find_patient(self, request: practice.FindPatientRequest, _call: Call) -> practice.FindPatientReply:
        """Find one, with a name that holds a text."""
        del request
        self.fails("find_patient")
        return practice.FindPatientReply(match="certain", patient=f"P-{self.number()}", name=self.text())

    def list_upcoming(self, request: practice.ListUpcomingRequest, _call: Call) -> practice.ListUpcomingReply:
        """List one."""
        del request
        self.fails("list_upcoming")
        taken = practice.Appointment(appointment=self.number(), **self._when())
        return practice.ListUpcomingReply(appointments=[taken])

    def list_slots(self, request: practice.ListSlotsRequest, _call: Call) -> practice.ListSlotsReply:
        """List one."""
        del request
        self.fails("list_slots")
        return practice.ListSlotsReply(slots=[practice.Slot(slot=self.number(), **self._when())])

    def hold_slot(self, request: practice.HoldSlotRequest, _call: Call) -> practice.HoldSlotReply:
        """Hold it."""
        del request
        self.fails("hold_slot")
        return practice.HoldSlotReply(hold=self.number(), expires_at=START, **self._when())

    def confirm(self, request: practice.ConfirmRequest, _call: Call) -> practice.ConfirmReply:
        """Confirm it, to somebody whose name holds a text, or is a number."""
        del request
        self.fails("confirm")
        planted = self.supply.take()
        name: Any = planted.text
        if planted.kind == "bsn" and self.turns.next("odd name", [False, True]):
            name = self.turns.next("number", [int, str])(planted.value)
        return practice.ConfirmReply.model_construct(appointment=self.number(), name=name, **self._when())

    def cancel(self, request: practice.CancelRequest, _call: Call) -> practice.CancelReply:
        """Cancel it."""
        self.fails("cancel")
        return practice.CancelReply(appointment=request.appointment)

    def log_note(self, request: practice.PracticeNoteRequest, _call: Call) -> Document:
        """Compose."""
        return self.composed("note", request.patient, request.reported_at, "practice log_note")

    def _when(self) -> dict[str, Any]:
        return {"starts_at": START, "ends_at": START + timedelta(minutes=30), "clinic": "MCEN", "therapist": "T07"}


class HostileDestination:
    """Sends, finds and looks; each outcome and each defect holds a text."""

    settle_s = 0.0
    unknown: Unknown = "verify"

    def __init__(self, desk: Hostile) -> None:
        self._desk = desk

    def fingerprint(self, kind: str) -> str | None:
        """Not told."""
        del kind
        return None

    def send(self, sending: Sending) -> Outcome:
        """End an attempt in one of its ways."""
        del sending
        ended: Outcome = self._next("send", [*self._outcomes(), self._delivered, self._delivered])()
        return ended

    def find(self, sending: Sending) -> Finding:
        """Answer the question in one of its ways."""
        del sending
        found: Finding = self._next("find", [lambda: Conflicting(self._text()), Absent, self._delivered])()
        return found

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        """Look again in one of its ways."""
        del sending, backend_id, age_s
        again = self._desk.turns.next("again", [0.0, None, None])
        text = self._text()
        told = (text, "record_differs", None)[self._desk.turns.next("attention", [0, 1, 2])]
        seen: Checked = self._next("check", [lambda: Checked(None, told, text, again)])()
        return seen

    def _next(self, name: str, answers: Sequence[Callable[[], Any]]) -> Callable[[], Any]:
        throws = [*contract_errors(), *DEFECTS]
        choices = [answers[n % len(answers)] for n in range(2 * len(throws))]
        failures = [lambda throw=throw: throw(self._text()) for throw in throws]
        return self._desk.turns.next(name, [*choices, *failures])

    def _outcomes(self) -> list[Callable[[], Outcome]]:
        return [
            lambda: Rejected(self._text()),
            lambda: Rejected(self._text(), not_found=True),
            lambda: NotSent(self._text()),
            lambda: NotSent("x" * 490 + self._text(), 0.01),
            lambda: NotSent(self._text(), about_entry=True),
            lambda: OutcomeUnknown(self._text()),
            lambda: OutcomeUnknown(f"HTTP 500: {self._text()}"),
        ]

    def _delivered(self) -> Delivered:
        number = self._desk.number()
        turn = self._desk.turns.next("delivered", ["good", "odd", "attention", "again"])
        if turn == "odd":  # what no reply has a place for
            return Delivered(number, {"sla": {"state": self._text()}, self._text(): self._text()})
        attention = self._text() if turn == "attention" else None
        return Delivered(number, {}, attention, 0.0 if turn in {"again", "attention"} else None)

    def _text(self) -> str:
        return self._desk.text()
