"""What an agent developer reads of the API beside the models: problems, headers, and which headers are required."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, create_model

from contracts.catalogue import Contract, Effect
from contracts.delivery import Delivery, EndedDeliveries
from contracts.errors import (
    BackendOutcomeUnknown,
    BackendUnavailable,
    BodyTooLarge,
    ContractError,
    DeliveryFailed,
    DryRunRefused,
    Forbidden,
    HoldExpired,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    LeakBlocked,
    LimitReached,
    MalformedRequest,
    NotFound,
    ReportTimeRefused,
    RequestInFlight,
    SlotTaken,
    StateDamaged,
    StateUnavailable,
    SystemReadOnly,
    TooLate,
    TooManyAttempts,
    TooManyRequests,
    Unauthenticated,
)
from contracts.fields import Model
from shim.http.problems import MEDIA_TYPE, TYPE_PREFIX

Responses = dict[int | str, dict[str, Any]]

_ALWAYS: Final[tuple[type[ContractError], ...]] = (
    *(MalformedRequest, Unauthenticated, Forbidden, NotFound, BodyTooLarge, TooManyRequests, StateUnavailable),
)
_OF_EFFECT: Final[dict[Effect, tuple[type[ContractError], ...]]] = {
    Effect.READ: (LeakBlocked, BackendUnavailable),
    Effect.IMMEDIATE: (
        *(IdempotencyKeyMissing, SlotTaken, TooLate, RequestInFlight, HoldExpired, IdempotencyKeyReused),
        *(LeakBlocked, BackendUnavailable, SystemReadOnly, BackendOutcomeUnknown),
    ),
    Effect.DURABLE: (
        *(IdempotencyKeyMissing, ReportTimeRefused, RequestInFlight, DryRunRefused, IdempotencyKeyReused),
        *(StateDamaged, DeliveryFailed, BackendUnavailable, SystemReadOnly),
    ),
    Effect.LOCAL: (LeakBlocked,),
}
_KEY_TOLD: Final = """\
Names this write: a repeat with the same key and the same body never writes twice. Use a new one for each new write, \
and the same one, with the same body, whenever you repeat it: after no answer, 409 request-in-flight, 503 or 504.

- While the first request is worked on, a repeat is answered 409. With another body it is answered 422.
- A write that waits in the outbox is answered with its current state, for as long as it is kept; its key never expires.
- A write that was answered at once is answered the same again, with the status it had, for {days} days after its key \
was first seen. After that a repeat is a new request.
- While it is not certain whether a write was executed, its key does not expire: the next repeat finds out."""
LISTED: Final = """\
Each delivery once, in the order in which they ended: delivered, rejected, parked or discarded. Follow `next` from \
answer to answer and you miss none and see none twice, whatever happens to the service in between; of a place that you \
ask for again you get the same deliveries again. Each is told as it is now: one that an administrator took up again \
after it was rejected or parked ends again, and is listed a second time. The rest of a long text is a delivery of its \
own: see `continues`. After the service was restored from a backup, what ended since that backup was kept is found out \
anew, and may be listed again.

Keep `next` when you have dealt with the answer, not before."""
SINCE: Final = (
    "Cursor out of the `next` of an earlier answer. Without one the list begins with the oldest delivery; with `now` "
    "it is empty, and `next` is where what ends from now on begins."
)

_RETRY_AFTER: Final = {"description": "Seconds to wait before asking again.", "schema": {"type": "integer"}}
_RATE_LIMIT: Final = {
    "RateLimit-Policy": {
        "description": 'The limit that was reached: name, quota and window in seconds, as in `"identity";q=5;w=3600`.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'What is left of it, and in how many seconds there is some again: `"identity";r=0;t=1312`.',
        "schema": {"type": "string"},
    },
}
_LOCATION: Final = {"description": "Where the delivery can be asked for.", "schema": {"type": "string"}}


class ViolationOut(BaseModel):
    """One rule that the request or the composed document breaks."""

    field: str = Field(description="Field of the request, or element of the document.", examples=["reported_at"])
    rule: str = Field(description="The rule, in a sentence.")
    value: str | None = Field(default=None, description="The value, where it may be shown.")


class FoundOut(BaseModel):
    """One thing that may not leave."""

    kind: str = Field(description="What it is.", examples=["bsn"])
    field: str | None = Field(default=None, description="In which field of the reply.", examples=["name"])
    begin: int | None = Field(default=None, description="Its first character in the message, counted from 0.")
    end: int | None = Field(default=None, description="The character behind its last one.")


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Stable name of the kind of problem.", examples=[f"{TYPE_PREFIX}slot-taken"])
    title: str = Field(description="The same sentence for every problem of this type.", examples=["The slot is taken"])
    status: int = Field(description="The HTTP status.", examples=[409])
    detail: str | None = Field(default=None, description="What is wrong with this request.")
    violations: list[ViolationOut] | None = Field(default=None, description="What is broken, one by one.")
    retry_after: int | None = Field(default=None, description="Seconds after which the same request may succeed.")
    policy: str | None = Field(default=None, description="The limit that was reached.", examples=["identity"])
    quota: int | None = Field(default=None, description="How many it allows in its window.", examples=[5])
    window_s: int | None = Field(default=None, description="The limit's window, seconds.", examples=[3600])
    found: list[FoundOut] | None = Field(default=None, description="What may not leave, one by one; never the value.")
    more: int | None = Field(default=None, description="How many more of them were found than are listed.")
    executed: bool | None = Field(default=None, description="Whether the write was executed all the same.")
    server_time: str | None = Field(default=None, description="The server's clock, when a report time is refused.")
    delivery: dict[str, Any] | None = Field(default=None, description="The delivery that has ended without success.")


def key_told(days: int) -> str:
    """Return what the Idempotency-Key is for, and for how many days an answer is kept."""
    return _KEY_TOLD.format(days=days)


def contract_responses(contract: Contract) -> Responses:
    """Return what can come back beside success."""
    limited = (TooManyAttempts,) if contract.identifies else ()
    described = _problems(*_ALWAYS, *_OF_EFFECT[contract.effect], *limited)
    if contract.effect is Effect.DURABLE:
        described[201] = {"description": "Delivered", "headers": {"Location": _LOCATION}}
        described[202] = {
            "description": "Accepted and durable, not delivered yet",
            "model": contract.reply,
            "headers": {"Location": _LOCATION, "Retry-After": _RETRY_AFTER},
        }
    return described


def delivery_responses() -> Responses:
    """Return what can come back when a delivery is asked for."""
    described = _problems(
        *(MalformedRequest, Unauthenticated, Forbidden, NotFound, TooManyRequests, StateDamaged, StateUnavailable)
    )
    return {**described, 200: {"description": "The delivery as it is now", "headers": {"Retry-After": _RETRY_AFTER}}}


def listed(replies: Sequence[type[Model]]) -> type[Model]:
    """Return the model of listed deliveries as it is described: each is the reply of one of these contracts."""
    each: Any = reduce(or_, [*replies, Delivery])
    described = EndedDeliveries.model_fields["deliveries"].description
    return create_model(
        "EndedDeliveries", __base__=EndedDeliveries, deliveries=(list[each], Field(description=described))
    )


def listing_responses() -> Responses:
    """Return what can come back when deliveries are listed."""
    return _problems(MalformedRequest, Unauthenticated, Forbidden, TooManyRequests, StateUnavailable)


def _problems(*kinds: type[ContractError]) -> Responses:
    by_status: dict[int, list[type[ContractError]]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    described: Responses = {}
    for status, of_status in by_status.items():
        told = "; ".join(f"`{TYPE_PREFIX}{kind.slug}`: {kind.title}" for kind in of_status)
        schema = {"$ref": "#/components/schemas/Problem"}
        described[status] = {"description": told, "content": {MEDIA_TYPE: {"schema": schema}}}
        headers = {"Retry-After": _RETRY_AFTER} if status in {409, 429, 503, 504} else {}
        if any(issubclass(kind, LimitReached) for kind in of_status):
            headers |= _RATE_LIMIT
        if headers:
            described[status]["headers"] = headers
    return described


def correct(app: FastAPI) -> None:
    """Make the document say what the service does, where FastAPI's own words differ.

    Malformed requests are 400 here, never FastAPI's 422, and a write without an Idempotency-Key is refused.
    """
    made = app.openapi

    def corrected() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = made()
        schemas = document["components"]["schemas"]
        for model in (Problem, ViolationOut, FoundOut):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for methods in document["paths"].values():
            for operation in methods.values():
                _correct_operation(operation)
        return document

    app.openapi = corrected  # type: ignore[method-assign]  # the way that FastAPI's documentation describes


def _correct_operation(operation: dict[str, Any]) -> None:
    refused = operation["responses"].get("422", {})
    if "HTTPValidationError" in str(refused):
        del operation["responses"]["422"]
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "idempotency-key":
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255, "title": "Idempotency-Key"}
            parameter["example"] = "wamid-7731"
