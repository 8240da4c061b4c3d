"""Requests and replies of a practice desk (Intramed): patients, slots, holds, appointments, notes."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.delivery import Delivery
from contracts.fields import (
    CODED,
    NUMBER,
    AppointmentToken,
    HoldToken,
    Instant,
    Match,
    MessageText,
    Model,
    PatientToken,
    ReportedAt,
    SaidBy,
    SlotToken,
    Telephone,
)

DisplayName = Annotated[str, Field(description="Name without padding.", examples=["Jansen", "van der Veen"])]
ClinicCode = Annotated[
    str,
    StringConstraints(min_length=1, max_length=10),
    Field(description="Clinic code as list_slots shows it.", examples=["MCEN"]),
]
TherapistCode = Annotated[
    str,
    StringConstraints(min_length=1, max_length=10),
    Field(description="Therapist code as list_slots shows it.", examples=["T07"]),
]


class FindPatientRequest(Model):
    """Facts about a patient; every given fact must hold."""

    telephone: Telephone
    first_name: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=60),
        Field(description="First name, when ask_for named it.", examples=["Noor"]),
    ] = None
    birth_year: Annotated[int, Field(ge=1900, le=2100), NUMBER] | None = Field(
        default=None,
        description="Year of birth, four digits, when ask_for named it.",
        examples=[1987],
    )

    @property
    def asked_about(self) -> str:
        """The telephone number."""
        return self.telephone

    @property
    def confirms(self) -> bool:
        """Whether facts come with the number."""
        return self.first_name is not None or self.birth_year is not None


class FindPatientReply(Model):
    """Who the patient is, or what to ask; candidates are never listed."""

    match: Match
    patient: Annotated[PatientToken | None, SaidBy("name")] = Field(
        default=None, description="Only when match is certain."
    )
    name: DisplayName | None = Field(default=None, description="Family name; only when match is certain.")
    ask_for: list[Literal["first_name", "birth_year"]] = Field(
        default_factory=list, description="Facts that would decide, when match is confirm."
    )
    hand_off: list[Literal["arrears"]] = Field(
        default_factory=list, description="Reasons to hand the conversation to the front desk."
    )
    link: Annotated[str | None, CODED] = Field(
        default=None,
        description="Where staff open this patient in the backend; only when match is certain and the client has the "
        "system's staff scope.",
        examples=["intramed://patient/00000101"],
    )


class ListSlotsRequest(Model):
    """A window in which to look for free slots."""

    starts_from: Instant = Field(description="Start of the window, RFC 3339 with an offset, inclusive.")
    starts_before: Instant = Field(
        description="End of the window, RFC 3339 with an offset, exclusive; at most 62 days on."
    )
    clinic: ClinicCode | None = Field(default=None, description="Only in this clinic.", examples=["MCEN"])
    therapist: TherapistCode | None = Field(default=None, description="Only with this therapist.", examples=["T07"])
    minutes: Annotated[int, Field(ge=5, le=240), NUMBER] | None = Field(
        default=None, description="Length of the slot in minutes.", examples=[30]
    )
    limit: Annotated[int, Field(ge=1, le=50), NUMBER] = Field(
        default=3, description="At most this many slots, earliest first."
    )

    @model_validator(mode="after")
    def _window(self) -> Self:
        days = (self.starts_before - self.starts_from).total_seconds() / 86_400
        if not 0 < days <= 62:  # noqa: PLR2004 - two months of agenda, as the description says
            raise ValueError("starts_before must be after starts_from, by at most 62 days")
        return self


Conversation = Annotated[
    str | None,
    StringConstraints(min_length=1, max_length=200),
    Field(
        description="The client's own name of the conversation. A new hold in the same conversation releases its "
        "earlier one.",
        examples=["wa-31612345678-7731"],
    ),
]


class AgendaTime(Model):
    """When and where a treatment takes place."""

    starts_at: Instant = Field(description="Start in the practice's zone, RFC 3339 with an offset.")
    ends_at: Instant = Field(description="End in the practice's zone, RFC 3339 with an offset.")
    clinic: Annotated[str, CODED] = Field(description="Clinic code.", examples=["MCEN"])
    therapist: Annotated[str, CODED] = Field(description="Therapist code.", examples=["T07"])


class Slot(AgendaTime):
    """A free place in the agenda."""

    slot: Annotated[SlotToken, SaidBy("starts_at")]


class ListSlotsReply(Model):
    """Free slots, earliest first; held and booked ones are left out."""

    slots: list[Slot] = Field(description="Earliest first; empty when the window has none.")


class HoldSlotRequest(Model):
    """Keep a slot for one patient while the person decides."""

    slot: SlotToken
    patient: PatientToken
    conversation: Conversation = None


class HoldSlotReply(AgendaTime):
    """A hold, by the backend's own clock."""

    hold: Annotated[HoldToken, SaidBy("starts_at")]
    expires_at: Instant = Field(description="When the slot is free for others again, RFC 3339 with an offset.")


class ConfirmRequest(Model):
    """Turn a hold into an appointment; hold and patient must belong together."""

    hold: HoldToken
    patient: PatientToken
    replaces: AppointmentToken | None = Field(
        default=None,
        description="Appointment of the same patient that this one replaces: the new one is booked and the old one "
        "cancelled in one transaction, or neither.",
    )


class Appointment(AgendaTime):
    """An appointment of one patient."""

    appointment: Annotated[AppointmentToken, SaidBy("starts_at")]


class ConfirmReply(Appointment):
    """The appointment that was booked; confirming again returns the same one."""

    name: DisplayName
    replaced: AppointmentToken | None = Field(default=None, description="The appointment that was cancelled for it.")


class ListUpcomingRequest(Model):
    """Whose appointments to list."""

    patient: PatientToken
    limit: Annotated[int, Field(ge=1, le=50), NUMBER] = Field(
        default=10, description="At most this many appointments, earliest first."
    )


class ListUpcomingReply(Model):
    """Future appointments of this patient, earliest first."""

    appointments: list[Appointment] = Field(description="Earliest first.")


class CancelRequest(Model):
    """Cancel an appointment of this patient that has not begun."""

    appointment: AppointmentToken
    patient: PatientToken


class CancelReply(Model):
    """What was cancelled; cancelling again returns the same."""

    appointment: AppointmentToken
    cancelled: Literal[True] = Field(default=True, description="Always true; a refusal is a problem.")


class PracticeNoteRequest(Model):
    """A note in the patient's journal."""

    patient: PatientToken
    text: MessageText
    reported_at: ReportedAt


class PracticeNoteDelivery(Delivery):
    """Where the note is on its way into the patient's journal."""

    note: Annotated[str | None, CODED] = Field(
        default=None, description="The note's key in the backend; only when delivered."
    )
