"""What the conformance suite of a practice desk needs of its surroundings; whoever has an adapter implements it.

The suite and this module import `contracts` and nothing else of this project.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from contracts.desks import PracticeDesk


@dataclass(frozen=True, slots=True)
class Features:
    """What differs between backends, declared: a rule that a backend cannot keep is named here and nowhere else.

    Attributes:
        hold_s: seconds that a hold lasts.
        holds_survive_restart: another desk of the same installation confirms what this one holds.
        conversations: a new hold in a conversation releases its earlier one.
        replaces: confirm can replace an appointment.
        overlapping_places: one therapist's places in the agenda may overlap.
        staff_link: a client with the staff scope gets a link into the backend.
        notes: `once`: a note sent twice is one note; `found`: it is found again by its reference; `parked`: neither.
        repeated_hour: a note tells which of the two hours of an October night it was reported in.
    """

    hold_s: int = 90
    holds_survive_restart: bool = True
    conversations: bool = True
    replaces: bool = True
    overlapping_places: bool = True
    staff_link: bool = True
    notes: Literal["once", "found", "parked"] = "once"
    repeated_hour: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """A patient of the sandbox: the backend's key and what the person can tell."""

    patient: str
    name: str
    telephone: str
    first_name: str
    birth_year: int


@dataclass(frozen=True, slots=True)
class People:
    """The patients that the suite knows.

    Attributes:
        alone: nobody else has the number.
        shared: one number; first name and birth year tell them apart, and two have the same first name.
        twins: one number, one first name, one birth year.
        debtor: alone with the number; owes money.
        unused_telephone: nobody's number.
        secrets: what stands in the records of these people and must be in no reply.
    """

    alone: Person
    shared: tuple[Person, ...]
    twins: tuple[Person, Person]
    debtor: Person
    unused_telephone: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Therapist:
    """Who treats, and where."""

    code: str
    clinic: str


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the agenda; `starts_at` and `ends_at` in the practice's zone."""

    slot: str
    starts_at: datetime
    ends_at: datetime
    minutes: int
    therapist: Therapist

    def overlaps(self, other: "Place") -> bool:
        """Whether one therapist cannot do both."""
        shared = self.starts_at < other.ends_at and other.starts_at < self.ends_at
        return shared and self.therapist == other.therapist


@dataclass(frozen=True, slots=True)
class Booked:
    """A live appointment, as it stands in the backend."""

    appointment: str
    slot: str
    patient: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A note in a patient's journal, as it stands in the backend; `reported_at` is aware, whole seconds."""

    note: str
    text: str
    reported_at: datetime


class PracticeStage(Protocol):
    """One installation in a sandbox of its own: a desk, and the truth beside it.

    What is read beside the desk is read from the backend's own rows, never through the adapter. Tests share a stage,
    so each takes a day of its own. Called from one thread; the desks are called from several.
    """

    features: Features
    people: People
    therapists: tuple[Therapist, Therapist]
    """Two of different clinics."""
    zone: ZoneInfo
    now: datetime
    """What the desks' clock says, aware; tests set it. It does not move by itself."""

    @property
    def desk(self) -> PracticeDesk:
        """The desk under test, built once."""
        ...

    def another_desk(self) -> PracticeDesk:
        """A second desk of the same installation, as another process would have it."""
        ...

    def unreachable_desk(self) -> PracticeDesk:
        """A desk like the one under test whose backend is down."""
        ...

    def empty_day(self) -> date:
        """A day after `now` on which the agenda has no place, another one at each call; no clock changes on it."""
        ...

    def offer(self, starts_at: datetime, minutes: int = 30, therapist: int = 0) -> Place:
        """Add a free place to the agenda; `starts_at` is local time without an offset, `therapist` an index."""
        ...

    def booked(self, *places: Place) -> list[Booked]:
        """Return the live appointments in these places."""
        ...

    def front_desk_books(self, place: Place, patient: str) -> Booked:
        """Book a place by the practice's own program, whoever holds it by telephone or chat."""
        ...

    def front_desk_cancels(self, booked: Booked) -> None:
        """Cancel an appointment by the practice's own program, and free its place."""
        ...

    def run_out(self, *places: Place) -> None:
        """End the time of every hold on these places, as waiting for it would."""
        ...

    def notes(self, patient: str) -> list[Noted]:
        """Return the notes in a patient's journal, oldest first."""
        ...
