"""The protocols between the shim and an adapter: what an adapter is given, and what it must offer.

A contract of the catalogue is implemented by a method of the same name. A method that is absent is a contract that this
adapter does not offer: its route is not mounted. Read and immediate contracts return their reply; a durable contract
returns the `Document` it composed, and the desk's `Destination` delivers it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, JsonValue

from contracts import facility, practice
from contracts.catalogue import DeskKind
from contracts.delivery import Destination, Document
from contracts.examination import Diagnosis, Examination, Step
from contracts.wire import Wire


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a contract.

    Attributes:
        reference: external reference of a write, derived from deployment, client, system and Idempotency-Key: at most
            26 characters of A-Z, 2-7 and '-'. Empty for a read.
        repeated: whether an earlier attempt under this reference may have been executed.
        client: name of the client that calls; a hold and a conversation belong to it.
        staff: whether the client may see what only staff may, such as links into the backend.
        within: mandants of a facility desk, clinics of a practice desk, that the client is limited to; None for all.
            What is of another one is to the client as if it did not exist.
    """

    reference: str = ""
    client: str = ""
    staff: bool = False
    repeated: bool = False
    within: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A reference row as it was read from the backend, and when."""

    row: Mapping[str, JsonValue]
    read_at: datetime


class ReferenceRows(Protocol):
    """Reference rows kept in shim state, for composing while the backend's replica is down."""

    @property
    def max_age(self) -> timedelta:
        """How old a row may be that is recalled: the deployment's `reference_max_age`."""
        ...

    def keep(self, name: str, row: Mapping[str, JsonValue], read_at: datetime) -> None:
        """Keep a row under a name; a newer one replaces it."""
        ...

    def recall(self, name: str) -> KeptRow | None:
        """Return the row if it is not older than `max_age`."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that the shim keeps for a backend that has none of its own.

    Attributes:
        slot: the backend's key of the slot.
        resource: who or what cannot be in two places, such as the therapist's code.
        starts_at, ends_at: the time that it takes of the resource; aware.
        holder: external reference of the call that holds.
        patient: the backend's key of the patient.
        client: name of the client that holds.
        conversation: the client's conversation, or empty.
    """

    slot: str
    resource: str
    starts_at: datetime
    ends_at: datetime
    holder: str
    patient: str
    client: str
    conversation: str = ""


class Holds(Protocol):
    """Holds in shim state, for a backend without holds. Time is the state database's clock. Safe between processes."""

    def hold(self, wanted: Hold, seconds: float) -> float | None:
        """Hold, in one atomic step, unless another live hold takes the resource at an overlapping time.

        The same holder, client and patient get their live hold again, with what is left of its time. An earlier hold
        of the same client and conversation is released, only when the new one succeeds.

        Returns:
            Seconds until it ends, or None when it is taken.
        """
        ...

    def claim(self, slot: str, holder: str, patient: str, client: str, seconds: float) -> bool:
        """Keep a live hold of exactly these four for at least `seconds` more, so that it can be booked.

        Only the first claim prolongs it, and a claimed hold is not released by another of its conversation. Holder,
        patient, client and expiry are checked in the statement that prolongs it. False when there is none.
        """
        ...

    def unclaim(self, slot: str, holder: str) -> None:
        """Give a claim back, after a refusal that booked nothing: the hold ends when it would have. Idempotent."""
        ...

    def known(self, slot: str, holder: str, patient: str, client: str) -> bool:
        """Return whether these four had a hold that has run out; it is forgotten after a day."""
        ...

    def release(self, slot: str, holder: str) -> None:
        """Forget a hold. Idempotent."""
        ...

    def held(self, starts_from: datetime, starts_before: datetime) -> list[Hold]:
        """Return the live holds that take time between the two, earliest first; patient and client come back empty.

        The store knows people by blinded names only: slot, resource, times and holder are what a list of free slots
        needs.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What the shim lends to an adapter.

    Attributes:
        system: its name in the configuration.
        clock: aware time, now.
        reference_rows: rows kept for when the backend's replica is down.
        holds: for a backend that has none of its own.
        wire: what sees the exchanges over HTTP, or takes their place; None, as in the service, for neither.
    """

    system: str
    clock: Callable[[], datetime]
    reference_rows: ReferenceRows
    holds: Holds
    wire: Wire | None = None


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

    def check_backend(self) -> list[str]:
        """Compare what the adapter expects with the running backend; return one line for each difference.

        Called at start-up after `check`, and by whoever looks for what is wrong with a connection. Changes nothing.

        Raises:
            BackendUnavailable: it cannot be asked now.
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
        build: makes a desk; opens no connection. It may import what it needs then: a command that only looks at what
            waits builds none.
        exposures: one line for each thing that these options leave open on the wire, such as plain HTTP to another
            machine: the option, what can be read, and the remedy, without any secret. The service does not start with
            one, unless its section names the reason. Told from the options alone: nothing is asked or opened.
        examine: looks for what is wrong with one system, step by step, for `shim doctor`; None when it cannot.
        diagnoses: everything that `examine` can find, for the docs.
        descriptions: fingerprint of each file or document that says how the backend is spoken to, by its name, such as
            `wsdl planon.wsdl`; one that changes makes the system read-only until an administrator accepts it.
        served: fingerprint of each description that the backend serves itself now, by its name, such as `served wsdl
            Incident`; asked by the monotonic time that it is given. None of one that it does not serve, or not in time.
        databases: the databases of one system, as a technology of snapshots reads them: `host/port:path`, a path, or a
            URL; without passwords.
        personal: TOML file that says of every column, and of every element of a recorded exchange, what it is.
        questions: names of the options that `shim init` asks for; others keep their defaults.
    """

    kind: DeskKind
    options: type[OptionsT]
    build: Callable[[OptionsT, Ports], Desk]
    exposures: Callable[[OptionsT], list[str]]
    examine: Callable[[OptionsT, Examination], Iterator[Step]] | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    descriptions: Callable[[OptionsT], Mapping[str, str]] | None = None
    served: Callable[[OptionsT, float], Mapping[str, str]] | None = None
    databases: Callable[[OptionsT], tuple[str, ...]] | None = None
    personal: Path | None = None
    questions: tuple[str, ...] = ()


AnyAdapter = Adapter[Any]
