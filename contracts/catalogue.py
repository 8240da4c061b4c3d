"""The one table of contracts. Routes, OpenAPI operations, scopes and tests are derived from it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts import facility, guidance, outbound, practice
from contracts.errors import ContractError, HoldExpired, RuleMissing, SlotTaken, TooLate
from contracts.fields import Model

STAFF: Final = "staff"


class DeskKind(StrEnum):
    """Kinds of legacy system."""

    FACILITY = "facility"
    PRACTICE = "practice"


class Effect(StrEnum):
    """How the shim treats a contract."""

    READ = "read"  # one fresh connection, nothing written
    IMMEDIATE = "immediate"  # needs the backend's answer now; idempotent by key; never queued
    DURABLE = "durable"  # through the outbox; answered even when the backend is down
    LOCAL = "local"  # the shim's own answer; no backend is asked, and no adapter has a method for it


@dataclass(frozen=True, slots=True)
class Contract:
    """One row: what a client may ask of a desk, and what comes back."""

    desk: DeskKind
    name: str
    effect: Effect
    request: type[Model]
    reply: type[Model]
    summary: str
    refusals: tuple[type[ContractError], ...] = ()
    """What it can refuse beside what every contract of its effect can."""
    rank: int = 1
    """Of a durable one: 0 is sent before 1. A report of damage goes before a note about one."""

    @property
    def operation(self) -> str:
        """Operation id in OpenAPI, such as `practice_log_note`."""
        return f"{self.desk}_{self.name}"

    @property
    def guidance(self) -> str:
        """When an agent calls it, what it must not do, and what comes back, as a language model's tool is described."""
        return guidance.OF[self.operation]

    @property
    def identifies(self) -> bool:
        """Whether it tells who a person is: its request is an `IdentityRequest`, and who asks too often is refused."""
        return "match" in self.reply.model_fields

    def scope(self, system: str) -> str:
        """Scope that a client needs to call this contract of a system."""
        return f"{system}:{self.name}"


def staff_scope(system: str) -> str:
    """Scope of a client that staff use: it may see links into this system. No contract has this name."""
    return f"{system}:{STAFF}"


FACILITY, PRACTICE = DeskKind
READ, IMMEDIATE, DURABLE, LOCAL = Effect

CATALOGUE: Final = (
    Contract(
        FACILITY,
        "find_tenant",
        READ,
        facility.FindTenantRequest,
        facility.FindTenantReply,
        "Find the one tenant for whom every given fact holds, or say what to ask.",
    ),
    Contract(
        FACILITY,
        "create_incident",
        DURABLE,
        facility.CreateIncidentRequest,
        facility.IncidentDelivery,
        "Report an incident; the backend's own SLA clock starts at the report time.",
        (RuleMissing,),
        rank=0,
    ),
    Contract(
        FACILITY,
        "get_incident",
        READ,
        facility.GetIncidentRequest,
        facility.Incident,
        "Show one incident of a tenant as the backend has it now.",
    ),
    Contract(
        FACILITY,
        "list_at_risk",
        READ,
        facility.ListAtRiskRequest,
        facility.ListAtRiskReply,
        "List new incidents with less than a quarter of the backend's SLA window left.",
    ),
    Contract(
        FACILITY,
        "log_note",
        DURABLE,
        facility.FacilityNoteRequest,
        facility.FacilityNoteDelivery,
        "Add a note to an incident's communication log.",
        (RuleMissing,),
    ),
    Contract(
        FACILITY,
        "check_outbound",
        LOCAL,
        outbound.FacilityOutboundRequest,
        outbound.OutboundReply,
        "Say whether a message may be sent to a person, with its tokens expanded.",
    ),
    Contract(
        PRACTICE,
        "find_patient",
        READ,
        practice.FindPatientRequest,
        practice.FindPatientReply,
        "Find the one patient for whom every given fact holds, or say what to ask.",
    ),
    Contract(
        PRACTICE,
        "list_upcoming",
        READ,
        practice.ListUpcomingRequest,
        practice.ListUpcomingReply,
        "List a patient's future appointments.",
    ),
    Contract(
        PRACTICE,
        "list_slots",
        READ,
        practice.ListSlotsRequest,
        practice.ListSlotsReply,
        "List free slots in a window.",
    ),
    Contract(
        PRACTICE,
        "hold_slot",
        IMMEDIATE,
        practice.HoldSlotRequest,
        practice.HoldSlotReply,
        "Keep a slot for one patient for a short while.",
        (SlotTaken, TooLate),
    ),
    Contract(
        PRACTICE,
        "confirm",
        IMMEDIATE,
        practice.ConfirmRequest,
        practice.ConfirmReply,
        "Turn a hold into an appointment.",
        (SlotTaken, TooLate, HoldExpired),
    ),
    Contract(
        PRACTICE,
        "cancel",
        IMMEDIATE,
        practice.CancelRequest,
        practice.CancelReply,
        "Cancel an appointment of this patient.",
        (TooLate,),
    ),
    Contract(
        PRACTICE,
        "log_note",
        DURABLE,
        practice.PracticeNoteRequest,
        practice.PracticeNoteDelivery,
        "Add a note to a patient's journal.",
    ),
    Contract(
        PRACTICE,
        "check_outbound",
        LOCAL,
        outbound.PracticeOutboundRequest,
        outbound.OutboundReply,
        "Say whether a message may be sent to a person, with its tokens expanded.",
    ),
)
