"""The protocols between the shim and an adapter: what an adapter is given, and what it must offer.

A contract of the catalogue is implemented by a method of the same name. A method that is absent is a contract that this
adapter does not offer: its route is not mounted. Read and immediate contracts return their reply; a durable contract
returns the `Document` it composed, and the desk's `Destination` delivers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, JsonValue

from contracts import facility, practice
from contracts.catalogue import DeskKind
from contracts.delivery import Destination, Document


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a contract.

    Attributes:
        reference: external reference of a write, derived from deployment, client, system and Idempotency-Key: at most
            26 characters of A-Z, 2-7 and '-'. Empty for a read.
    """

    reference: str = ""


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A reference row as it was read from the backend, and when."""

    row: Mapping[str, JsonValue]
    read_at: datetime


class ReferenceRows(Protocol):
    """Reference rows kept in shim state, for composing while the backend's replica is down."""

    def keep(self, name: str, row: Mapping[str, JsonValue], read_at: datetime) -> None:
        """Keep a row under a name; a newer one replaces it."""
        ...

    def recall(self, name: str) -> KeptRow | None:
        """Return the row if it is younger than the deployment's `reference_max_age`."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What the shim lends to an adapter."""

    system: str
    clock: Callable[[], datetime]
    reference_rows: ReferenceRows


class Desk(Protocol):
    """What every adapter offers beside its contracts."""

    @property
    def destination(self) -> Destination:
        """Where this desk's documents are delivered."""
        ...

    def check(self) -> None:
        """Verify at start-up that schemas and statements are usable; must not need a running backend.

        Raises:
            AdapterMisconfigured: naming the option and what to do.
        """
        ...

    def close(self) -> None:
        """Release what the desk holds. Idempotent."""
        ...


class AdapterMisconfigured(Exception):
    """Raised when an adapter's options cannot work, in one line that says what to do."""


class FacilityDesk(Desk, Protocol):
    """A facility desk with every contract. An adapter may leave contracts out."""

    def find_tenant(self, request: facility.FindTenantRequest, call: Call) -> facility.FindTenantReply: ...
    def create_incident(self, request: facility.CreateIncidentRequest, call: Call) -> Document: ...
    def get_incident(self, request: facility.GetIncidentRequest, call: Call) -> facility.Incident: ...
    def list_at_risk(self, request: facility.ListAtRiskRequest, call: Call) -> facility.ListAtRiskReply: ...
    def log_note(self, request: facility.FacilityNoteRequest, call: Call) -> Document: ...


class PracticeDesk(Desk, Protocol):
    """A practice desk with every contract. An adapter may leave contracts out."""

    def find_patient(self, request: practice.FindPatientRequest, call: Call) -> practice.FindPatientReply: ...
    def list_upcoming(self, request: practice.ListUpcomingRequest, call: Call) -> practice.ListUpcomingReply: ...
    def list_slots(self, request: practice.ListSlotsRequest, call: Call) -> practice.ListSlotsReply: ...
    def hold_slot(self, request: practice.HoldSlotRequest, call: Call) -> practice.HoldSlotReply: ...
    def confirm(self, request: practice.ConfirmRequest, call: Call) -> practice.ConfirmReply: ...
    def cancel(self, request: practice.CancelRequest, call: Call) -> practice.CancelReply: ...
    def log_note(self, request: practice.PracticeNoteRequest, call: Call) -> Document: ...


OptionsT = TypeVar("OptionsT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Adapter(Generic[OptionsT]):
    """What an entry point of the group `legacy_shim.adapters` names.

    Attributes:
        kind: which protocol its desks follow.
        options: model of its section in the configuration; unknown options are errors.
        build: makes a desk; opens no connection.
    """

    kind: DeskKind
    options: type[OptionsT]
    build: Callable[[OptionsT, Ports], Desk]


AnyAdapter = Adapter[Any]
