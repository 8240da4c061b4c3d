"""Field types that several contracts share, so that a time, a token or a text means the same everywhere."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from contracts.telephone import TelephoneError, normalise_telephone

MESSAGE_MAX: Final = 4096
"""Characters in one WhatsApp message, the longest text a person can send us at once."""

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class Model(BaseModel):
    """Base of every request and reply: immutable, and an unknown field is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenKind(StrEnum):
    """What a token stands for. The value is the token's visible prefix."""

    TENANT = "TN"
    PATIENT = "PT"
    SLOT = "SL"
    HOLD = "HD"
    APPOINTMENT = "AP"


@dataclass(frozen=True, slots=True)
class Token:
    """Marks a field that is an opaque token over HTTP and the backend's own key inside an adapter.

    The shim opens tokens before it calls an adapter and seals keys in what the adapter returns, so an adapter never
    sees a token and a client never sees a key.
    """

    kind: TokenKind


@dataclass(frozen=True, slots=True)
class SaidBy:
    """Marks a token for which another field of its model stands when a person is told of it: a name, or a start."""

    field: str


@dataclass(frozen=True, slots=True)
class Coded:
    """Marks a text that the backend issued, such as a record's number or a link: the guard leaves it as it is.

    Eight or nine digits may pass as a citizen service number by chance, and a number must arrive as it was issued.
    """


CODED: Final = Coded()


def _token_field(kind: TokenKind, what: str) -> object:
    return Field(
        max_length=400,
        description=f"Opaque token of {what}; bound to this client and system; valid for at least 24 hours.",
        examples=[f"{kind}_AbT3kQ"],
        json_schema_extra={"pattern": f"^{kind}_[A-Za-z0-9_-]+$"},
    )


TenantToken = Annotated[str, Token(TokenKind.TENANT), _token_field(TokenKind.TENANT, "a tenant")]
PatientToken = Annotated[str, Token(TokenKind.PATIENT), _token_field(TokenKind.PATIENT, "a patient")]
SlotToken = Annotated[str, Token(TokenKind.SLOT), _token_field(TokenKind.SLOT, "a slot in the agenda")]
HoldToken = Annotated[str, Token(TokenKind.HOLD), _token_field(TokenKind.HOLD, "a hold on a slot")]
AppointmentToken = Annotated[str, Token(TokenKind.APPOINTMENT), _token_field(TokenKind.APPOINTMENT, "an appointment")]


def _only_rfc3339(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with an offset, such as 2026-11-19T22:14:03+01:00")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_only_rfc3339),
    Field(description="RFC 3339 with an offset.", examples=["2026-11-26T14:30:00+01:00"]),
]
"""A point in time, RFC 3339 with an offset. A time without one is refused."""

ReportedAt = Annotated[
    Instant,
    Field(
        description="When the person sent the message: RFC 3339 with an offset. It becomes the backend's report time.",
        examples=["2026-11-19T22:14:03+01:00"],
    ),
]


def _only_number(value: object) -> object:
    # Pydantic reads `true` as 1 and "3" as 3; a caller that sends those has made a mistake.
    if isinstance(value, bool | str):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic makes a violation of it
    return value


NUMBER: Final = BeforeValidator(_only_number)
"""Stands behind a number's bounds, which the JSON schema would not tell otherwise."""

Share = Annotated[float, Field(ge=0, le=1), NUMBER]
"""A number from 0 to 1, and nothing that could be read as one."""


def _telephone(value: str) -> str:
    try:
        return normalise_telephone(value)
    except TelephoneError as error:
        raise ValueError(str(error)) from error


Telephone = Annotated[
    str,
    StringConstraints(max_length=60),
    AfterValidator(_telephone),
    Field(
        description="Telephone number in any usual spelling; a number without a country is Dutch.",
        examples=["06-12345678", "+31612345678"],
    ),
]
"""A telephone number; normalised to E.164 when the request is read."""

MessageText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MESSAGE_MAX),
    Field(
        description=f"What the person wrote, word for word; 1 to {MESSAGE_MAX} characters, line breaks allowed.",
        examples=["kraan in keuken lekt, water staat al op de vloer"],
    ),
]

DeliveryId = Annotated[
    str,
    CODED,
    StringConstraints(pattern=r"^dl_[0-9a-f]{32}$"),
    Field(
        description="Identifier of a delivery, as a durable write returned it.",
        examples=["dl_0f3c2a9b5d714e6f8a1b2c3d4e5f6071"],
    ),
]

Match = Annotated[
    Literal["certain", "confirm", "none"],
    Field(description="certain: exactly one; confirm: ask the person for what ask_for names; none: hand off."),
]
