"""The one table of contracts. Routes, OpenAPI operations, scopes and tests are derived from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts import facility, practice
from contracts.fields import Model


class DeskKind(StrEnum):
    """Kinds of legacy system."""

    FACILITY = "facility"
    PRACTICE = "practice"


class Effect(StrEnum):
    """How the shim treats a contract."""

    READ = "read"  # one fresh connection, nothing written
    IMMEDIATE = "immediate"  # needs the backend's answer now; idempotent by key; never queued
    DURABLE = "durable"  # through the outbox; answered even when the backend is down


@dataclass(frozen=True, slots=True)
class Contract:
    """One row: what a client may ask of a desk, and what comes back."""

    desk: DeskKind
    name: str
    effect: Effect
    request: type[Model]
    reply: type[Model]
    summary: str

    @property
    def operation(self) -> str:
        """Operation id in OpenAPI, such as `practice_log_note`."""
        return f"{self.desk}_{self.name}"

    def scope(self, system: str) -> str:
        """Scope that a client needs to call this contract of a system."""
        return f"{system}:{self.name}"


def _facility() -> Iterator[Contract]:
    desk = DeskKind.FACILITY
    yield Contract(
        desk,
        "find_tenant",
        Effect.READ,
        facility.FindTenantRequest,
        facility.FindTenantReply,
        "Find the one tenant for whom every given fact holds, or say what to ask.",
    )
    yield Contract(
        desk,
        "create_incident",
        Effect.DURABLE,
        facility.CreateIncidentRequest,
        facility.IncidentDelivery,
        "Report an incident; the backend's own SLA clock starts at the report time.",
    )
    yield Contract(
        desk,
        "get_incident",
        Effect.READ,
        facility.GetIncidentRequest,
        facility.Incident,
        "Show one incident of a tenant as the backend has it now.",
    )
    yield Contract(
        desk,
        "list_at_risk",
        Effect.READ,
        facility.ListAtRiskRequest,
        facility.ListAtRiskReply,
        "List new incidents with less than a quarter of the backend's SLA window left.",
    )
    yield Contract(
        desk,
        "log_note",
        Effect.DURABLE,
        facility.FacilityNoteRequest,
        facility.FacilityNoteDelivery,
        "Add a note to an incident's communication log.",
    )


def _practice() -> Iterator[Contract]:
    desk = DeskKind.PRACTICE
    yield Contract(
        desk,
        "find_patient",
        Effect.READ,
        practice.FindPatientRequest,
        practice.FindPatientReply,
        "Find the one patient for whom every given fact holds, or say what to ask.",
    )
    yield Contract(
        desk,
        "list_upcoming",
        Effect.READ,
        practice.ListUpcomingRequest,
        practice.ListUpcomingReply,
        "List a patient's future appointments.",
    )
    yield Contract(
        desk,
        "list_slots",
        Effect.READ,
        practice.ListSlotsRequest,
        practice.ListSlotsReply,
        "List free slots in a window.",
    )
    yield Contract(
        desk,
        "hold_slot",
        Effect.IMMEDIATE,
        practice.HoldSlotRequest,
        practice.HoldSlotReply,
        "Keep a slot for one patient for a short while.",
    )
    yield Contract(
        desk,
        "confirm",
        Effect.IMMEDIATE,
        practice.ConfirmRequest,
        practice.ConfirmReply,
        "Turn a hold into an appointment.",
    )
    yield Contract(
        desk,
        "cancel",
        Effect.IMMEDIATE,
        practice.CancelRequest,
        practice.CancelReply,
        "Cancel an appointment of this patient.",
    )
    yield Contract(
        desk,
        "log_note",
        Effect.DURABLE,
        practice.PracticeNoteRequest,
        practice.PracticeNoteDelivery,
        "Add a note to a patient's journal.",
    )


CATALOGUE: Final[tuple[Contract, ...]] = (*_facility(), *_practice())
