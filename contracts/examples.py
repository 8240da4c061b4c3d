"""Examples of requests and replies, by operation: the OpenAPI document shows them, and a test sends them to a service.

Everybody in them is invented. The telephone numbers are of people of the demo; tokens are what a look-up returned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Example:
    """One request or reply.

    Attributes:
        name: within its operation; words with hyphens.
        summary: when it is sent, or comes back, in a few words.
        value: the JSON.
        status: of a reply.
    """

    name: str
    summary: str
    value: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Examples:
    """Of one operation: what is sent, and every kind of answer."""

    requests: tuple[Example, ...]
    replies: tuple[Example, ...]


_TENANT: Final = "TN_GC0B6gI_L_WFOe9CRuiigM5j"
_PATIENT: Final = "PT_Kq3vYh2mXoW1c7eRuiigM5jl"
_SLOT: Final = "SL_e_KKGt4irjcdkeuVVFU0TGhy"
_HOLD: Final = "HD_9sPbT4irjcdkeuVVFU0TGhyA"
_APPOINTMENT: Final = "AP_Qm9k2wirjcdkeuVVFU0TGhyB"
_DELIVERY: Final = "dl_0f3c2a9b5d714e6f8a1b2c3d4e5f6071"
_NOTE: Final = "dl_7d1e4b6a90c24f3385d6e7f8091a2b3c"
_MESSAGE: Final = "kraan in keuken lekt, water staat al op de vloer"
_WHEN: Final = {
    "starts_at": "2026-11-26T14:30:00+01:00",
    "ends_at": "2026-11-26T15:00:00+01:00",
    "clinic": "MCEN",
    "therapist": "T05",
}
_ON_ITS_WAY: Final = {
    "system": "planon",
    "state": "ready",
    "reported_at": "2026-11-19T22:14:03+01:00",
    "accepted_at": "2026-11-19T21:14:09Z",
    "attempts": 0,
}
_THERE: Final = {**_ON_ITS_WAY, "state": "delivered", "attempts": 1}
_INCIDENT: Final = {
    "incident": "INC-000482",
    "status": "reported",
    "reported_at": "2026-11-19T22:14:03+01:00",
    "priority": 2,
    "sla": {
        "state": "running",
        "started_at": "2026-11-19T22:14:03+01:00",
        "due_at": "2026-11-20T02:14:03+01:00",
    },
}
_CREATE: Final = {
    "tenant": _TENANT,
    "severity": "high",
    "summary": "Kraan in keuken lekt, water op de vloer",
    "message": _MESSAGE,
    "reported_at": "2026-11-19T22:14:03+01:00",
}


def _delivered(contract: str, delivery: str, **more: Any) -> dict[str, Any]:
    return {"delivery": delivery, "contract": contract, **_THERE, **more}


def _queued(contract: str, delivery: str, **more: Any) -> dict[str, Any]:
    return {"delivery": delivery, "contract": contract, **_ON_ITS_WAY, **more}


OF: Final[Mapping[str, Examples]] = {
    "facility_find_tenant": Examples(
        (
            Example("by-telephone", "The number that a message came from", {"telephone": "06-12345678"}),
            Example(
                "with-address",
                "With the address, when ask_for named it",
                {"telephone": "06-12345678", "address": "Wilgenlaan 14, 5017 AB Tilburg"},
            ),
        ),
        (
            Example("certain", "Exactly one tenant", {"match": "certain", "tenant": _TENANT, "ask_for": []}),
            Example(
                "confirm", "More than one: ask for these", {"match": "confirm", "ask_for": ["address", "tenant_code"]}
            ),
            Example("none", "Nobody: hand off", {"match": "none", "ask_for": []}),
        ),
    ),
    "facility_create_incident": Examples(
        (
            Example("leaking-tap", "A tap leaks", _CREATE),
            Example(
                "with-asset",
                "With the asset that seems to be meant, and an image",
                {
                    **_CREATE,
                    "channel": "webchat",
                    "asset": {"code": "CV-0114", "confidence": 0.94},
                    "images": ["IMG_2214.jpg"],
                },
            ),
        ),
        (
            Example(
                "delivered",
                "In the backend, with its number and SLA clock",
                _delivered("create_incident", _DELIVERY, incident="INC-000482", sla=_INCIDENT["sla"]),
                201,
            ),
            Example("queued", "Durable, on its way", _queued("create_incident", _DELIVERY), 202),
        ),
    ),
    "facility_get_incident": Examples(
        (Example("of-tenant", "An incident of this tenant", {"tenant": _TENANT, "incident": "INC-000482"}),),
        (Example("reported", "Reported, its clock running", _INCIDENT),),
    ),
    "facility_list_at_risk": Examples(
        (
            Example("first-ten", "The ten nearest due times", {"limit": 10}),
            Example("all", "As many as are listed without a limit", {}),
        ),
        (
            Example("one", "One incident", {"incidents": [_INCIDENT], "read_at": "2026-11-20T01:30:00+01:00"}),
            Example("empty", "None at risk", {"incidents": [], "read_at": "2026-11-20T01:30:00+01:00"}),
        ),
    ),
    "facility_log_note": Examples(
        (
            Example(
                "by-number",
                "On an incident whose number is known",
                {
                    "tenant": _TENANT,
                    "incident": "INC-000482",
                    "text": "De kraan is dichtgedraaid.",
                    "reported_at": "2026-11-19T22:31:40+01:00",
                },
            ),
            Example(
                "by-delivery",
                "On an incident that is still on its way",
                {
                    "tenant": _TENANT,
                    "delivery": _DELIVERY,
                    "text": "De kraan is dichtgedraaid.",
                    "reported_at": "2026-11-19T22:31:40+01:00",
                },
            ),
        ),
        (
            Example(
                "delivered",
                "In the communication log",
                _delivered("log_note", _NOTE, note="LOG-000913", incident="INC-000482"),
                201,
            ),
            Example("queued", "Durable, behind the incident", _queued("log_note", _NOTE, state="waiting"), 202),
        ),
    ),
    "facility_check_outbound": Examples(
        (
            Example(
                "to-tenant",
                "A message to one tenant",
                {"text": "Uw melding is ontvangen. Er komt vandaag iemand langs.", "tenant": _TENANT},
            ),
            Example("plain", "A message without tokens", {"text": "Uw melding is ontvangen."}),
        ),
        (Example("may-be-sent", "Send this text", {"text": "Uw melding is ontvangen. Er komt vandaag iemand langs."}),),
    ),
    "practice_find_patient": Examples(
        (
            Example("by-telephone", "The number that a message came from", {"telephone": "06-10001001"}),
            Example(
                "with-first-name",
                "With the first name, when ask_for named it",
                {"telephone": "06-10500147", "first_name": "Truus"},
            ),
            Example("shared-number", "A number that two patients share", {"telephone": "06-10500147"}),
        ),
        (
            Example(
                "certain",
                "Exactly one patient",
                {"match": "certain", "patient": _PATIENT, "name": "Jansen", "ask_for": [], "hand_off": []},
            ),
            Example(
                "confirm",
                "More than one: ask for these",
                {"match": "confirm", "ask_for": ["first_name", "birth_year"], "hand_off": []},
            ),
            Example("none", "Nobody: hand off", {"match": "none", "ask_for": [], "hand_off": []}),
            Example(
                "hand-off",
                "Found, and the front desk has to take over",
                {"match": "certain", "patient": _PATIENT, "name": "Jansen", "ask_for": [], "hand_off": ["arrears"]},
            ),
        ),
    ),
    "practice_list_upcoming": Examples(
        (Example("next-three", "The next three appointments", {"patient": _PATIENT, "limit": 3}),),
        (
            Example("one", "One appointment", {"appointments": [{**_WHEN, "appointment": _APPOINTMENT}]}),
            Example("empty", "None", {"appointments": []}),
        ),
    ),
    "practice_list_slots": Examples(
        (
            Example(
                "next-week",
                "The first three of a week",
                {"starts_from": "2026-11-23T08:00:00+01:00", "starts_before": "2026-11-28T00:00:00+01:00"},
            ),
            Example(
                "half-hours",
                "Half an hour with one therapist",
                {
                    "starts_from": "2026-11-23T08:00:00+01:00",
                    "starts_before": "2026-12-23T08:00:00+01:00",
                    "clinic": "MCEN",
                    "therapist": "T05",
                    "minutes": 30,
                    "limit": 5,
                },
            ),
        ),
        (
            Example("one", "One free slot", {"slots": [{**_WHEN, "slot": _SLOT}]}),
            Example("empty", "None in this window", {"slots": []}),
        ),
    ),
    "practice_hold_slot": Examples(
        (
            Example("hold", "For one patient", {"slot": _SLOT, "patient": _PATIENT}),
            Example(
                "in-conversation",
                "Releasing what the conversation held before",
                {"slot": _SLOT, "patient": _PATIENT, "conversation": "wa-7731"},
            ),
        ),
        (Example("held", "Kept until then", {**_WHEN, "hold": _HOLD, "expires_at": "2026-11-23T09:10:00+01:00"}),),
    ),
    "practice_confirm": Examples(
        (
            Example("book", "Book what is held", {"hold": _HOLD, "patient": _PATIENT}),
            Example(
                "move", "And cancel the earlier one", {"hold": _HOLD, "patient": _PATIENT, "replaces": _APPOINTMENT}
            ),
        ),
        (
            Example("booked", "Booked", {**_WHEN, "appointment": _APPOINTMENT, "name": "Jansen"}),
            Example(
                "moved",
                "Booked, and the earlier one cancelled",
                {
                    **_WHEN,
                    "appointment": _APPOINTMENT,
                    "name": "Jansen",
                    "replaced": "AP_Zx8j1vhqibcdjdtUUEUzSFgxA",
                },
            ),
        ),
    ),
    "practice_cancel": Examples(
        (Example("cancel", "Cancel one appointment", {"appointment": _APPOINTMENT, "patient": _PATIENT}),),
        (Example("cancelled", "Cancelled", {"appointment": _APPOINTMENT, "cancelled": True}),),
    ),
    "practice_log_note": Examples(
        (
            Example(
                "note",
                "What the patient wrote",
                {
                    "patient": _PATIENT,
                    "text": "de oefeningen gaan goed, knie is minder dik",
                    "reported_at": "2026-11-19T22:14:03+01:00",
                },
            ),
        ),
        (
            Example(
                "delivered",
                "In the journal",
                _delivered("log_note", _NOTE, system="intramed", note="20719"),
                201,
            ),
            Example("queued", "Durable, on its way", _queued("log_note", _NOTE, system="intramed"), 202),
        ),
    ),
    "practice_check_outbound": Examples(
        (
            Example(
                "with-tokens",
                "Tokens stand for the name and the time",
                {"text": f"Beste {_PATIENT}, uw afspraak is op {_APPOINTMENT}.", "patient": _PATIENT},
            ),
            Example("plain", "A message without tokens", {"text": "Uw afspraak staat. Tot dan!"}),
        ),
        (
            Example(
                "may-be-sent",
                "Send this text",
                {"text": "Beste Jansen, uw afspraak is op donderdag 26 november om 14:30."},
            ),
        ),
    ),
}
"""By operation."""

DELIVERIES: Final = (
    Example(
        "delivered",
        "In the backend",
        _delivered("create_incident", _DELIVERY, incident="INC-000482", sla=_INCIDENT["sla"]),
    ),
    Example("on-its-way", "Not yet: ask again after `Retry-After`", _queued("create_incident", _DELIVERY)),
    Example(
        "rejected",
        "Refused by the backend: an administrator must act",
        _delivered("create_incident", _DELIVERY, state="rejected", reason="the backend refused it"),
    ),
)
"""Of one delivery."""

LISTED: Final = (
    Example(
        "one-ended",
        "One has ended since",
        {
            "deliveries": [_delivered("create_incident", _DELIVERY, incident="INC-000482", sla=_INCIDENT["sla"])],
            "next": "DC_AAAAAAAAACoAAAAAAAAAAB8ny2u4rVE1",
            "more": False,
        },
    ),
    Example(
        "nothing-new",
        "None has: ask again later",
        {"deliveries": [], "next": "DC_AAAAAAAAACoAAAAAAAAAAB8ny2u4rVE1", "more": False},
    ),
)
"""Of deliveries that have ended."""
