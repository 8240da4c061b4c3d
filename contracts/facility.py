"""Requests and replies of a facility desk (Planon): tenants, incidents, notes on incidents."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from contracts.address import home_in
from contracts.delivery import Delivery
from contracts.fields import (
    CODED,
    NUMBER,
    DeliveryId,
    Instant,
    Match,
    MessageText,
    Model,
    ReportedAt,
    Share,
    Telephone,
    TenantToken,
)

IncidentNumber = Annotated[
    str,
    CODED,
    StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,40}$"),
    Field(description="The incident's number as the backend issued it.", examples=["INC-000482"]),
]

SEVERITY: Final = r"^[a-z][a-z0-9_]{0,29}$"
"""Pattern of a severity's name."""


class FindTenantRequest(Model):
    """Facts about a tenant; every given fact must hold."""

    telephone: Telephone | None = Field(
        default=None, description="Telephone number in any usual spelling.", examples=["06-12345678"]
    )
    address: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=200),
        Field(description="Address as the person wrote it.", examples=["Wilgenlaan 14, 5017 AB Tilburg"]),
    ] = None
    tenant_code: Annotated[
        str | None,
        StringConstraints(pattern=r"^[0-9]{4}$"),
        Field(description="The four-digit code printed on every invoice.", examples=["4711"]),
    ] = None

    @model_validator(mode="after")
    def _some_fact(self) -> Self:
        if self.telephone is None and self.address is None and self.tenant_code is None:
            raise ValueError("at least one of telephone, address, tenant_code is needed")
        return self

    @property
    def asked_about(self) -> str | None:
        """The telephone, else the home that the address names; None when it names none, or with the code alone."""
        if self.telephone is not None:
            return self.telephone
        return home_in(self.address) if self.address is not None else None

    @property
    def confirms(self) -> bool:
        """Whether it is a guess: a code always is, and so is an address beside a telephone number."""
        return self.tenant_code is not None or (self.telephone is not None and self.address is not None)


class FindTenantReply(Model):
    """Who the tenant is, or what to ask; candidates are never listed."""

    match: Match
    tenant: TenantToken | None = Field(default=None, description="Only when match is certain.")
    ask_for: list[Literal["address", "tenant_code"]] = Field(
        default_factory=list, description="Facts that would decide, when match is confirm."
    )


class AssetHint(Model):
    """An asset that a model recognised in the message; written only when it is sure and the asset exists there."""

    code: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,20}$"),
        Field(description="Asset code.", examples=["CV-0114"]),
    ]
    confidence: Share = Field(description="How sure the caller is, 0 to 1; used above 0.9.", examples=[0.94])


_DECIDED_BY_ROWS: Final = frozenset(
    {
        "category",
        "contract",
        "contract_id",
        "cost_centre",
        "due_at",
        "location",
        "location_id",
        "mandant",
        "mandant_code",
        "order_type",
        "priority",
        "priority_code",
        "property",
        "property_id",
        "report_date",
        "sla",
        "sla_id",
        "status",
    }
)
"""What a caller might want to decide and may not; other unknown fields are refused as well, without this reason."""
_DECIDED: Final = PydanticCustomError("decided_by_rows", "is decided by the backend's own rows, never by the caller")


class CreateIncidentRequest(Model):
    """A tenant's report. Priority, SLA, mandant and location are not in it: the backend's own rows decide them."""

    tenant: TenantToken
    severity: Annotated[
        str,
        StringConstraints(pattern=SEVERITY),
        Field(
            description="Severity by a name in the site's priority matrix, usually low, normal, high or emergency.",
            examples=["high"],
        ),
    ]
    summary: Annotated[
        str,
        StringConstraints(min_length=1, max_length=500),
        Field(
            description="Summary in Dutch, 1 to 500 characters.", examples=["Kraan in keuken lekt, water op de vloer"]
        ),
    ]
    message: MessageText
    reported_at: ReportedAt
    channel: Literal["whatsapp", "sms", "webchat", "telephone", "email"] = Field(
        default="whatsapp", description="How the message came in."
    )
    asset: AssetHint | None = Field(default=None, description="The asset that seems to be meant, if any.")
    images: list[
        Annotated[str, StringConstraints(pattern=r"^[^/\\\x00-\x1f\x7f]{1,120}$"), Field(examples=["IMG_2214.jpg"])]
    ] = Field(default_factory=list, max_length=10, description="File names of images, without a path; at most 10.")

    @model_validator(mode="before")
    @classmethod
    def _nothing_decided(cls, given: object) -> object:
        """Refuse what the backend's rows decide with a reason of its own, whatever else is wrong."""
        decided = [name for name in given if str(name).lower() in _DECIDED_BY_ROWS] if isinstance(given, dict) else []
        if decided:
            # The values stay out: they may be about a person.
            errors = [InitErrorDetails(type=_DECIDED, loc=(name,), input=None) for name in decided]
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return given


class SlaClock(Model):
    """What the backend itself says of the SLA clock; nothing here is computed by the shim."""

    state: Literal["running", "pending", "missing", "unverified"] = Field(
        description="running: the backend reports a due time; pending: it has none yet and is asked again; missing: it "
        "has none, somebody must act; unverified: it could not be read."
    )
    started_at: Instant | None = Field(default=None, description="Start of the clock, RFC 3339 with an offset.")
    due_at: Instant | None = Field(default=None, description="Due time, RFC 3339 with an offset.")


class IncidentDelivery(Delivery):
    """Where the incident is on its way into the backend, and what the backend made of it."""

    incident: IncidentNumber | None = Field(default=None, description="Only when delivered.")
    sla: SlaClock | None = Field(default=None, description="Only when delivered.")


class GetIncidentRequest(Model):
    """An incident of this tenant."""

    tenant: TenantToken
    incident: IncidentNumber


class Incident(Model):
    """An incident as the backend has it now."""

    incident: IncidentNumber
    status: Literal["reported", "in_progress", "completed", "cancelled"] = Field(description="The backend's state.")
    reported_at: Instant = Field(description="Report time in the backend, RFC 3339 with an offset.")
    priority: int = Field(description="The backend's priority code.", examples=[2])
    sla: SlaClock = Field(description="The backend's own SLA clock.")


class ListAtRiskRequest(Model):
    """Which running clocks to look at."""

    limit: Annotated[int, Field(ge=1, le=200), NUMBER] = Field(
        default=50, description="At most this many incidents, nearest due time first."
    )


class ListAtRiskReply(Model):
    """Incidents that are still new with less than a quarter of the backend's own SLA window left."""

    incidents: list[Incident] = Field(description="Nearest due time first.")
    read_at: Instant = Field(description="When the backend was read, RFC 3339 with an offset.")


class FacilityNoteRequest(Model):
    """A note on an incident, named by its number or by the delivery that is still bringing it."""

    tenant: TenantToken
    incident: IncidentNumber | None = Field(default=None, description="The incident's number.", examples=["INC-000482"])
    delivery: DeliveryId | None = Field(
        default=None,
        description="The delivery that is bringing the incident, when its number is not known yet.",
        examples=["dl_0f3c2a9b5d714e6f8a1b2c3d4e5f6071"],
    )
    text: MessageText
    reported_at: ReportedAt

    @model_validator(mode="after")
    def _one_incident(self) -> Self:
        if (self.incident is None) == (self.delivery is None):
            raise ValueError("exactly one of incident, delivery is needed")
        return self


class FacilityNoteDelivery(Delivery):
    """Where the note is on its way into the backend's communication log."""

    note: Annotated[str | None, CODED] = Field(
        default=None, description="The log record's key in the backend; only when delivered."
    )
    incident: IncidentNumber | None = Field(
        default=None, description="The incident it was filed under, when delivered."
    )
