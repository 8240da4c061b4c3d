"""Request and reply of `check_outbound`, on either desk: a message that an agent is about to send to a person."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.fields import MESSAGE_MAX, Model, PatientToken, TenantToken

OutboundText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MESSAGE_MAX),
    Field(
        description=f"The message, 1 to {MESSAGE_MAX} characters; tokens of this client stand for what a reply said "
        "with them: a patient's name, the time of a slot, hold or appointment.",
        examples=["Beste PT_AbT3kQ, uw afspraak is op AP_Qm9k2w."],
    ),
]


class PracticeOutboundRequest(Model):
    """A message to a patient. Nothing is sent: the shim only says whether it may be."""

    text: OutboundText
    patient: PatientToken | None = Field(
        default=None,
        description="Whom it is for; else the first token decides. Another patient's token, or that of another's "
        "appointment, is refused.",
    )


class FacilityOutboundRequest(Model):
    """A message to a tenant. Nothing is sent: the shim only says whether it may be."""

    text: OutboundText
    tenant: TenantToken | None = Field(default=None, description="Whom it is for. Another tenant's token is refused.")


class OutboundReply(Model):
    """A message in which nothing was found that may not leave."""

    text: str = Field(description="The message to send, word for word, with its tokens expanded.")
