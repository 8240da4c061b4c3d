"""A line of the export as an AuditEvent of FHIR R4, for a repository that takes no other form."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_PERSON: Final = {"system": _ENTITY_TYPE, "code": "1", "display": "Person"}
_THING: Final = {"system": _ENTITY_TYPE, "code": "2", "display": "System Object"}
_REST: Final = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
_SUCCESS, _MINOR, _SERIOUS = "0", "4", "8"
_SERVER_FAULT: Final = 500
_AGENTS: Final = ("client", "actor", "on_behalf_of")


def audit_event(line: Mapping[str, Any], deployment: str) -> dict[str, Any]:
    """Return the resource of a line as `shim.audit.exporting.exported` yields them; what is None is left out."""
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": line["id"],
        "type": _REST,
        "subtype": [
            {"system": f"urn:legacy-shim:{name}", "code": line[field]}
            for name, field in (("operation", "action"), ("phase", "phase"))
        ],
        "recorded": line["recorded"],
        "outcome": _outcome(line),
        "agent": list(_agents(line)),
        "source": {"observer": {"display": f"legacy-shim {deployment}"}},
        "entity": list(_entities(line)),
    }
    if line["outcome"] is not None:
        event["outcomeDesc"] = line["outcome"]
    if line["purpose"] is not None:
        event["purposeOfEvent"] = [{"text": line["purpose"]}]
    return event


def _outcome(line: Mapping[str, Any]) -> str:
    """Success, the caller's fault, or ours; of an intent nothing has gone wrong yet."""
    if line["outcome"] in {None, "ok"}:
        return _SUCCESS
    return _SERIOUS if (line["status"] or 0) >= _SERVER_FAULT else _MINOR


def _agents(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    named = [name for name in _AGENTS if line[name] is not None]
    for name in named:
        # Exactly one has asked: the client or the administrator, and not whom they did it for.
        yield {"name": name, "who": {"identifier": {"value": line[name]}}, "requestor": name == named[0]}
    if not named:
        yield {"name": "unknown", "requestor": True}


def _entities(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    told = [(name, line[name]) for name in ("status", "detail", "hash") if line[name] is not None]
    access = _entity("access", _THING, line["access"])
    yield {**access, "detail": [{"type": name, "valueString": str(value)} for name, value in told]}
    for name in ("system", "contract", "correlation"):
        if line[name] is not None:
            yield _entity(name, _THING, line[name])
    if line["subject"] is not None:
        person = _entity("subject", _PERSON, line["subject"])
        person["what"]["identifier"]["system"] = line["subject_key"]
        yield person


def _entity(name: str, kind: Mapping[str, str], value: str) -> dict[str, Any]:
    return {"name": name, "type": dict(kind), "what": {"identifier": {"value": value}}}
