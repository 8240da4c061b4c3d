"""What can come back of each operation: replies with examples, and every problem with its page."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final

from pydantic import Field, create_model

from contracts import errors, examples
from contracts.catalogue import Contract, Effect
from contracts.delivery import Delivery, EndedDeliveries
from contracts.errors import ContractError, LimitReached, RepeatLater, Unauthenticated
from contracts.examples import Example
from contracts.fields import Model
from shim.http import links
from shim.http.problem_types import BY_SLUG, INTERNAL_ERROR, ProblemType
from shim.http.problems import MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]
JSON: Final = "application/json"

_OF_ANY: Final = (
    *(errors.RequestTooSlow, errors.BodyTooLarge, errors.UrlTooLong, errors.HeadersTooLarge, errors.Overloaded),
)
_OF_CLIENT: Final = (
    *(errors.MalformedRequest, errors.Unauthenticated, errors.Forbidden, errors.NotFound, errors.TooManyRequests),
    *(errors.StateUnavailable, errors.StateDamaged, *_OF_ANY),
)
_OF_WRITE: Final = (
    *(errors.IdempotencyKeyMissing, errors.RequestInFlight, errors.IdempotencyKeyReused),
    *(errors.BackendUnavailable, errors.SystemReadOnly),
)
_OF_EFFECT: Final[dict[Effect, tuple[type[ContractError], ...]]] = {
    Effect.READ: (errors.LeakBlocked, errors.BackendUnavailable),
    Effect.IMMEDIATE: (*_OF_WRITE, errors.LeakBlocked, errors.BackendOutcomeUnknown),
    Effect.DURABLE: (
        *(*_OF_WRITE, errors.BackendOutcomeUnknown),  # a commit that has not come back by the deadline
        *(errors.ReportTimeRefused, errors.DryRunRefused, errors.DeliveryFailed),
    ),
    Effect.LOCAL: (errors.LeakBlocked,),
}
_TOLD: Final = {201: "Delivered: the backend has it.", 202: "Accepted and durable, not delivered yet."}

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "traceparent": {
        "description": "The request's trace id, the caller's own or a new one: its log lines and audit rows carry it.",
        "required": True,
        "schema": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
        "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
    },
    "Link": {
        "description": "Where the problem is explained.",
        "required": True,
        "schema": {"type": "string"},
        "example": '</problems/slot-taken>; rel="help"',
    },
    "Retry-After": {
        "description": "Seconds to wait before asking again.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 5,
    },
    "RateLimit-Policy": {
        "description": "The limit that was reached: name, quota, and window in seconds.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"identity";q=5;w=3600',
    },
    "RateLimit": {
        "description": "What is left of it, and in how many seconds there is some again.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"identity";r=0;t=1312',
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": True,
        "schema": {"type": "string"},
        "example": "Bearer",
    },
    "Location": {
        "description": "Where the delivery can be asked for: the path of `get_delivery`.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/deliveries/dl_0f3c2a9b5d714e6f8a1b2c3d4e5f6071",
    },
}
"""Of answers, by name."""


def contract_responses(contract: Contract, operation: str) -> Responses:
    """Return what can come back of a contract, mounted under an operation id."""
    limited = (errors.TooManyAttempts,) if contract.identifies else ()
    kinds = (*_OF_CLIENT, *_OF_EFFECT[contract.effect], *contract.refusals, *limited)
    replies = examples.OF[contract.operation].replies
    if contract.effect is not Effect.DURABLE:
        return _problems(kinds) | {
            200: _reply("The answer.", replies, "traceparent", linked=links.of(operation, contract))
        }
    described = _problems(kinds)
    for status, told in _TOLD.items():
        headers = ("traceparent", "Location", *(("Retry-After",) if status == 202 else ()))  # noqa: PLR2004
        shown = [reply for reply in replies if reply.status == status]
        described[status] = _reply(told, shown, *headers, linked=links.to_delivery(operation, contract))
        described[status]["model"] = contract.reply
    return described


def delivery_responses() -> Responses:
    """Return what can come back when a delivery is asked for."""
    reply = _reply("The delivery as it is now.", examples.DELIVERIES, "traceparent", "Retry-After")
    return _problems(_OF_CLIENT) | {200: reply}


def listing_responses() -> Responses:
    """Return what can come back when deliveries are listed."""
    kinds = [kind for kind in _OF_CLIENT if kind is not errors.NotFound]
    return _problems(kinds) | {200: _reply("What has ended since.", examples.LISTED, "traceparent")}


def service_responses(*kinds: type[ContractError]) -> Responses:
    """Return what can come back of an operation that needs no key, beside its own answer."""
    return _problems((*kinds, *_OF_ANY))


def listed(replies: Sequence[type[Model]]) -> type[Model]:
    """Return the model of listed deliveries as it is described: each is the reply of one of these contracts."""
    each: Any = reduce(or_, [*replies, Delivery])
    described = EndedDeliveries.model_fields["deliveries"].description
    return create_model(
        "EndedDeliveries", __base__=EndedDeliveries, deliveries=(list[each], Field(description=described))
    )


def shown(each: Iterable[Example]) -> dict[str, Any]:
    """Return examples as OpenAPI names them."""
    return {example.name: {"summary": example.summary, "value": dict(example.value)} for example in each}


def _reply(
    told: str, replies: Iterable[Example], *headers: str, linked: dict[str, Any] | None = None
) -> dict[str, Any]:
    described = {"description": told, "headers": headers_of(headers), "content": {JSON: {"examples": shown(replies)}}}
    return {**described, "links": linked} if linked else described


def headers_of(names: Iterable[str]) -> dict[str, Any]:
    """Return headers of an answer, by the names under which the document describes them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problems(kinds: Iterable[type[ContractError]]) -> Responses:
    by_status: dict[int, list[type[ContractError]]] = {500: []}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _problem(status, by_status[status]) for status in sorted(by_status)}


def _problem(status: int, kinds: Sequence[type[ContractError]]) -> dict[str, Any]:
    """Describe all problems of one status; a defect of the service is always one of them."""
    types = [BY_SLUG[kind.slug] for kind in kinds] + ([BY_SLUG[INTERNAL_ERROR]] if status == 500 else [])  # noqa: PLR2004
    headers = ["traceparent", "Link"]
    headers += ["Retry-After"] if any(issubclass(kind, RepeatLater) for kind in kinds) else []
    headers += ["RateLimit-Policy", "RateLimit"] if any(issubclass(kind, LimitReached) for kind in kinds) else []
    headers += ["WWW-Authenticate"] if Unauthenticated in kinds else []
    return {
        "description": "\n".join(f"- [`{kind.slug}`]({kind.page}): {kind.title}" for kind in types),
        "headers": headers_of(headers),
        "content": {MEDIA_TYPE: {"schema": _schema(status, types), "examples": _examples(types)}},
    }


def _schema(status: int, types: Sequence[ProblemType]) -> dict[str, Any]:
    only = {"type": {"enum": [kind.urn for kind in types]}, "status": {"const": status}}
    return {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": only}]}


def _examples(types: Sequence[ProblemType]) -> dict[str, Any]:
    return {kind.slug: {"$ref": f"#/components/examples/{kind.slug}"} for kind in types}


def without_dangling_links(document: dict[str, Any]) -> None:
    """Take out the links to operations that no configured system has."""
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    known = {operation["operationId"] for operation in operations}
    for operation in operations:
        for response in operation["responses"].values():
            kept = {name: link for name, link in response.pop("links", {}).items() if link["operationId"] in known}
            if kept:
                response["links"] = kept


def add_components(document: dict[str, Any]) -> None:
    """Add what the responses refer to."""
    components = document["components"]
    components["headers"] = HEADERS
    components["examples"] = {kind.slug: {"summary": kind.title, "value": kind.example} for kind in BY_SLUG.values()}
