"""Desks that answer at once, or after a while, with what never changes: what is left of a request is the shim's own.

A desk tells how long it took, so that a stopwatch around the request can leave that out.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from contracts import facility, practice
from contracts.catalogue import DeskKind
from contracts.delivery import Checked, Destination, Finding, Outcome, Sending, Unknown
from contracts.desks import Adapter, AnyAdapter, Call, Ports

ReplyT = TypeVar("ReplyT")
_AT: Final = datetime.fromisoformat("2031-03-06T14:30:00+01:00")
_END: Final = datetime.fromisoformat("2031-03-06T15:00:00+01:00")
SLOTS: Final = 3
APPOINTMENTS: Final = 2


class Spent:
    """What a request has spent in its desk, seconds; shared by the threads that work on it."""

    __slots__ = ("desk_s",)

    def __init__(self) -> None:
        self.desk_s = 0.0


SPENT: Final[ContextVar[Spent | None]] = ContextVar("spent", default=None)
"""Of the request that is served."""


@contextmanager
def _asked(answer_s: float) -> Iterator[None]:
    begin = time.perf_counter()
    if answer_s:
        time.sleep(answer_s)
    yield
    spent = SPENT.get()
    if spent is not None:
        spent.desk_s += time.perf_counter() - begin


class Options(BaseModel):
    """How long each answer takes."""

    answer_s: float = 0.0


@dataclass(slots=True)
class NoDestination:
    """Where documents would go: none is composed here, so nothing is ever delivered."""

    settle_s: float = 60.0
    unknown: Unknown = "verify"

    def fingerprint(self, kind: str) -> str | None:
        """Tell nothing."""
        del kind
        return None

    def send(self, sending: Sending) -> Outcome:
        """Refuse."""
        raise NotImplementedError

    def find(self, sending: Sending) -> Finding:
        """Refuse."""
        raise NotImplementedError

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        """Refuse."""
        raise NotImplementedError


class _Standing:
    """What every desk has beside its contracts."""

    def __init__(self, options: Options, _ports: Ports) -> None:
        self._asked = partial(_asked, options.answer_s)
        self.destination: Destination = NoDestination()

    def check(self) -> None:
        """Find nothing wrong."""

    def check_backend(self) -> list[str]:
        """Find no difference."""
        return []

    def close(self) -> None:
        """Hold nothing."""


class PracticeDesk(_Standing):
    """Look-ups of a practice, and one write."""

    def find_patient(self, _request: practice.FindPatientRequest, _call: Call) -> practice.FindPatientReply:
        """Find the same patient."""
        with self._asked():
            return practice.FindPatientReply(match="certain", patient="00000101", name="van der Veen")

    def list_upcoming(self, _request: practice.ListUpcomingRequest, _call: Call) -> practice.ListUpcomingReply:
        """List the same appointments."""
        with self._asked():
            found = [_at(practice.Appointment, appointment=f"{4711 + n}") for n in range(APPOINTMENTS)]
            return practice.ListUpcomingReply(appointments=found)

    def list_slots(self, _request: practice.ListSlotsRequest, _call: Call) -> practice.ListSlotsReply:
        """List the same slots."""
        with self._asked():
            return practice.ListSlotsReply(
                slots=[_at(practice.Slot, slot=f"T07|MCEN|{4711 + n}") for n in range(SLOTS)]
            )

    def hold_slot(self, _request: practice.HoldSlotRequest, call: Call) -> practice.HoldSlotReply:
        """Hold the slot, whoever else holds it."""
        with self._asked():
            return _at(practice.HoldSlotReply, hold=call.reference, expires_at=_END)


class FacilityDesk(_Standing):
    """Look-ups of a facility desk."""

    def find_tenant(self, _request: facility.FindTenantRequest, _call: Call) -> facility.FindTenantReply:
        """Find the same tenant."""
        with self._asked():
            return facility.FindTenantReply(match="certain", tenant="T-0001")

    def get_incident(self, request: facility.GetIncidentRequest, _call: Call) -> facility.Incident:
        """Show the incident that is asked for."""
        with self._asked():
            clock = facility.SlaClock(state="running", started_at=_AT, due_at=_END)
            return facility.Incident(
                incident=request.incident, status="reported", reported_at=_AT, priority=2, sla=clock
            )


def _at(made: Callable[..., ReplyT], **members: Any) -> ReplyT:
    return made(starts_at=_AT, ends_at=_END, clinic="MCEN", therapist="T07", **members)


ADAPTERS: Final[dict[str, AnyAdapter]] = {
    "practice": Adapter(DeskKind.PRACTICE, Options, PracticeDesk, lambda _: []),
    "facility": Adapter(DeskKind.FACILITY, Options, FacilityDesk, lambda _: []),
}
"""By the name in the configuration."""
