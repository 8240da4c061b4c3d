"""The OpenAPI document: what an agent developer reads first, and what a language model's tools are made from."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from fastapi import FastAPI

from contracts import examples
from contracts.catalogue import Contract, DeskKind
from contracts.errors import ContractError, StateUnavailable
from shim.http.problem_schema import FoundOut, Problem, ViolationOut
from shim.http.problem_types import PAGES
from shim.http.responses import JSON, add_components, headers_of, service_responses, shown, without_dangling_links
from shim.systems import System

SUMMARY: Final = "Narrow contracts in front of legacy systems that nobody can replace."
DESCRIPTION: Final = """\
An agent reads from and writes to old systems through a few operations. All of them are here; what is not cannot be \
done.

**Begin.** Get a key from an administrator, who runs `shim clients add NAME --scope SYSTEM:read`. Send it with every \
request; `$SHIM` is the address of this page without `/docs`:

    curl -s $SHIM/v1/planon/find_tenant -H "Authorization: Bearer $KEY" \\
         -H 'Content-Type: application/json' -d '{"telephone": "06-12345678"}'

**Operations** are `POST /v1/{system}/{contract}` with a JSON body, reads too. An unknown field is refused, never \
ignored.

**Tokens** such as `TN_…` and `PT_…` stand for people, slots and appointments. They come from a look-up, are yours \
alone, and are valid for at least 24 hours. Pass them on as they are; never make one up.

**Writes** need an `Idempotency-Key`: one of your own for each write, such as the id of the message that it comes \
from. Repeat with the same key and body, and nothing is ever written twice.

**Durable writes** (201, 202) survive an outage of the backend. `Prefer: wait=5` waits that many seconds for it; \
`Prefer: respond-async` does not wait. After 202 ask `get_delivery`, or follow `list_deliveries`.

**Times** are RFC 3339 with an offset, such as `2026-11-19T22:14:03+01:00`; without one they are refused. \
`reported_at` may not lie in the future, nor further back than the deployment accepts.

**Tools** for a language model: the operation's id is the name, its description the description, and the schema of the \
request the parameters; it is whole, with no `$ref` in it. Leave the headers to your own code: the model need not know \
of keys.

**Errors** are `application/problem+json`. Decide by `type`; [each is explained](/problems):

| status | what to do |
|---|---|
| 400, 405, 413, 414, 422, 431 | mend the request, or ask the person; a new key |
| 401, 403 | ask an administrator |
| 404, 409, 410 | look up again, offer something else; `request-in-flight`: repeat |
| 408, 429, 503 | the same request with the same key, after `Retry-After` seconds |
| 504 | it is not known whether it was written: repeat with the same key, and it is found out |
| 500, 502 | a person has to look; hand over |
"""

_DESKS: Final = {
    DeskKind.FACILITY: "A facility desk: tenants report damage and ask how it stands. Begin with `find_tenant`.",
    DeskKind.PRACTICE: "A practice desk: patients find, move and cancel appointments. Begin with `find_patient`.",
}
_TAGS: Final = (
    ("deliveries", "Where this client's durable writes are, and what came of them."),
    ("service", "Whether the service itself is there. No key is needed."),
)
_KEY_TOLD: Final = """\
Names this write: a repeat with the same key and the same body never writes twice. Use a new one for each new write, \
and the same one, with the same body, whenever you repeat it: after no answer, 409 request-in-flight, 503 or 504.

- While the first request is worked on, a repeat is answered 409. With another body it is answered 422.
- A write that waits in the outbox is answered with its current state, for as long as it is kept; its key never expires.
- A write that was answered at once is answered the same again, with the status it had, for {days} days after its key \
was first seen. After that a repeat is a new request.
- While it is not certain whether a write was executed, its key does not expire: the next repeat finds out."""
PREFER: Final = """\
How long to wait for the delivery before 202: `wait=5` waits up to 5 seconds (within the deployment's limit), \
`respond-async` not at all. Without it the deployment's own time."""
LISTED: Final = """\
Use it to learn what came of durable writes, instead of asking for each one. Each delivery comes once, in the order in \
which they ended: delivered, rejected, parked or discarded. Follow `next` from answer to answer and you miss none and \
see none twice, whatever happens to the service in between; of a place that you ask for again you get the same \
deliveries again. Each is told as it is now: one that an administrator took up again after it was rejected or parked \
ends again, and is listed a second time. The rest of a long text is a delivery of its own: see `continues`. After the \
service was restored from a backup, what ended since that backup was kept is found out anew, and may be listed again.

Keep `next` when you have dealt with the answer, not before."""
ONE: Final = """\
Use it after 202 to learn the number, or why it has not arrived. Ask again after `Retry-After` seconds while `state` \
is ready, waiting, in_flight or unknown. Another client's delivery is not found (404)."""
SINCE: Final = (
    "Cursor out of the `next` of an earlier answer. Without one the list begins with the oldest delivery; with `now` "
    "it is empty, and `next` is where what ends from now on begins."
)
_TOLD: Final = {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]([ -~]{0,98}[!-~])?$"}
_PARAMETERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "X-On-Behalf-Of",
        "in": "header",
        "description": "The person or service that you act for, by a name of your own; the audit keeps it. Visible \
ASCII.",
        "schema": _TOLD,
        "example": "planner-7",
    },
    {
        "name": "X-Purpose",
        "in": "header",
        "description": "Why, in your words; the audit keeps it. Visible ASCII.",
        "schema": _TOLD,
        "example": "conversation 7731",
    },
    {
        "name": "traceparent",
        "in": "header",
        "description": "W3C trace context. Its trace id is used in logs, audit and backends, and comes back; a \
malformed "
        "one is ignored.",
        "schema": {"type": "string"},
        "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
)
"""What every request with a key may carry."""


_REPORTED: Final = date(2026, 11, 19)
"""The day on which the examples' people write."""

_TIMES: Final = frozenset({"reported_at", "starts_from", "starts_before"})

_SERVICE: Final[dict[str, tuple[tuple[type[ContractError], ...], dict[str, Any]]]] = {
    "healthz": ((), {"status": "ok"}),
    "readyz": (
        (StateUnavailable,),
        {"status": "ready", "systems": {"planon": {"state": "reachable", "paused": False, "read_only": False}}},
    ),
}
"""What the operations without a key can answer beside what any can, and an example."""


def key_told(days: int) -> str:
    """Return what the Idempotency-Key is for, and for how many days an answer is kept."""
    return _KEY_TOLD.format(days=days)


def told(contract: Contract, system: str) -> str:
    """Return the description of an operation."""
    return f"{contract.guidance}\n\nNeeds the scope `{contract.scope(system)}`."


def sent(contract: Contract) -> dict[str, Any]:
    """Return examples of a contract's requests, as FastAPI adds them to an operation."""
    return {"requestBody": {"content": {JSON: {"examples": shown(examples.OF[contract.operation].requests)}}}}


def correct(app: FastAPI, systems: Mapping[str, System]) -> None:
    """Make the document say what the service does, where FastAPI's own words differ or are missing.

    Malformed requests are 400 here, never FastAPI's 422, and a write without an Idempotency-Key is refused.
    """
    made = app.openapi

    def corrected() -> dict[str, Any]:
        if app.openapi_schema is not None:
            _move_examples(app.openapi_schema, datetime.now(UTC).date())
            return app.openapi_schema
        document = made()
        document["externalDocs"] = {"url": PAGES, "description": "Every kind of problem, and what to do about it."}
        document["tags"] = [
            *({"name": name, "description": _DESKS[system.kind]} for name, system in systems.items()),
            *({"name": name, "description": text} for name, text in _TAGS),
        ]
        add_components(document)
        schemas = document["components"]["schemas"]
        for model in (Problem, ViolationOut, FoundOut):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        schemas["Problem"]["externalDocs"] = document["externalDocs"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for methods in document["paths"].values():
            for operation in methods.values():
                _correct_operation(operation)
        _make_requests_whole(document)
        _move_examples(document, datetime.now(UTC).date())
        without_dangling_links(document)
        return document

    app.openapi = corrected  # type: ignore[method-assign]  # the way that FastAPI's documentation describes


def moved(example: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return a request's example with its times moved by whole days, so that what was reported was so yesterday.

    "Try it out" sends it as it stands, and a service refuses what was reported too long ago.
    """
    by = today - timedelta(days=1) - _REPORTED
    return {
        field: (datetime.fromisoformat(value) + by).isoformat() if field in _TIMES else value
        for field, value in example.items()
    }


def _move_examples(document: dict[str, Any], today: date) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            of = examples.OF.get(operation["operationId"])
            for example in of.requests if of else ():
                sent = operation["requestBody"]["content"][JSON]["examples"]
                sent[example.name]["value"] = moved(example.value, today)


def _make_requests_whole(document: dict[str, Any]) -> None:
    """Put the schemas that a request refers to in their place: a language model's tool knows no other document."""
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            if "requestBody" in operation:
                name = operation["requestBody"]["content"][JSON]["schema"]["$ref"].rpartition("/")[2]
                schemas[name] = _whole(schemas[name], schemas)


def _whole(part: Any, schemas: Mapping[str, Any]) -> Any:
    if isinstance(part, dict) and "$ref" in part:
        return _whole({**schemas[part["$ref"].rpartition("/")[2]], **_without(part, "$ref")}, schemas)
    if isinstance(part, dict):
        return {name: _whole(value, schemas) for name, value in part.items()}
    return [_whole(value, schemas) for value in part] if isinstance(part, list) else part


def _without(part: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in part.items() if each != name}


def _correct_operation(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", {})):
        del responses["422"]
    if "security" in operation:
        _correct_headers(operation.setdefault("parameters", []))
    else:
        _correct_service(operation)
    operation["responses"] = dict(sorted(responses.items()))


def _correct_service(operation: dict[str, Any]) -> None:
    kinds, example = _SERVICE[operation["operationId"]]
    responses = operation["responses"]
    for status, described in service_responses(*kinds).items():
        told = responses.setdefault(str(status), {})
        told["description"] = described["description"]
        _merge(told, described)
    responses["200"] |= {"description": operation["summary"], "headers": headers_of(("traceparent",))}
    responses["200"]["content"][JSON]["example"] = example


def _correct_headers(parameters: list[dict[str, Any]]) -> None:
    for parameter in parameters:
        if parameter["name"] == "idempotency-key":
            parameter |= {
                "name": "Idempotency-Key",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-~]+$"},
                "example": "wamid-7731",
            }
        if parameter["name"] == "prefer":
            parameter |= {"name": "Prefer", "schema": {"type": "string"}, "example": "wait=5"}
        if parameter["name"] == "since":
            parameter["examples"] = {
                "now": {"summary": "From now on", "value": "now"},
                "cursor": {"summary": "Behind an earlier answer", "value": "DC_AAAAAAAAACoAAAAAAAAAAB8ny2u4rVE1"},
            }
        if parameter["name"] == "limit":
            parameter["example"] = 50
    parameters.extend(_PARAMETERS)


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what is not said yet, at every depth."""
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into.setdefault(name, value)
