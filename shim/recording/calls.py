"""Calls one contract of a desk, and says what came of it in words that are the same at every run."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from contracts.catalogue import Contract
from contracts.delivery import (
    Absent,
    Conflicting,
    Delivered,
    Document,
    Finding,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Rejected,
    Sending,
)
from contracts.desks import Call, Desk
from contracts.errors import ContractError
from contracts.fields import Model


def asked(desk: Desk, contract: Contract, request: Model) -> dict[str, JsonValue]:
    """Call a contract that reads, for a client without limits, and return its reply or its problem."""
    try:
        reply = getattr(desk, contract.name)(request, Call())
    except ContractError as error:
        return _problem(error)
    answered: dict[str, JsonValue] = {"reply": json.loads(reply.model_dump_json(exclude_none=True))}
    return answered


def sending_of(document: Document, reference: str) -> Sending:
    """Return one attempt's view of a document that follows no other."""
    return Sending(document.kind, document.body, document.subject, document.reported_at, reference)


def sent(desk: Desk, sending: Sending) -> dict[str, JsonValue]:
    """Send a document once, then ask the backend whether it landed, as after a lost answer."""
    outcome: dict[str, JsonValue] = {"sent": _outcome(desk.destination.send(sending))}
    try:
        outcome["found"] = _outcome(desk.destination.find(sending))
    except ContractError as error:
        outcome["found"] = _problem(error)
    return outcome


def as_json(sending: Sending) -> dict[str, JsonValue]:
    """Return what is sent, as a recording keeps it."""
    return {
        "document": sending.kind,
        "body": sending.body.decode(),
        "subject": sending.subject,
        "reported_at": sending.reported_at.isoformat(),
        "reference": sending.reference,
    }


def from_json(request: Mapping[str, Any]) -> Sending:
    """Return what as_json() made."""
    return Sending(
        kind=str(request["document"]),
        body=str(request["body"]).encode(),
        subject=str(request["subject"]),
        reported_at=datetime.fromisoformat(request["reported_at"]),
        reference=str(request["reference"]),
    )


def _problem(error: ContractError) -> dict[str, JsonValue]:
    """Return a problem without its sentence, which may hold a time that was measured."""
    return {"problem": error.slug, "status": error.status}


def _outcome(outcome: Outcome | Finding) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {"outcome": type(outcome).__name__.lower()}
    match outcome:
        case Delivered():
            members |= json.loads(json.dumps(asdict(outcome)))
        case Absent() | Conflicting():
            pass
        case Rejected(reason, not_found):
            members |= {"reason": _kind(reason), "not_found": not_found}
        case NotSent(reason) | OutcomeUnknown(reason):
            members["reason"] = _kind(reason)
    return members


def _kind(reason: str) -> str:
    """Return the first part of a reason: what follows quotes or measures."""
    return reason.partition(":")[0]
