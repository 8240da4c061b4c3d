"""What an agent developer reads of the API beside the models: problems, headers, and which headers are required."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from contracts.catalogue import Contract, Effect
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
    MalformedRequest,
    NotFound,
    ReportTimeRefused,
    RequestInFlight,
    SlotTaken,
    StateDamaged,
    StateUnavailable,
    TooLate,
    TooManyAttempts,
    Unauthenticated,
)
from shim.problems import MEDIA_TYPE, TYPE_PREFIX

Responses = dict[int | str, dict[str, Any]]

_ALWAYS: Final[tuple[type[ContractError], ...]] = (
    *(MalformedRequest, Unauthenticated, Forbidden, NotFound, BodyTooLarge, StateUnavailable),
)
_OF_EFFECT: Final[dict[Effect, tuple[type[ContractError], ...]]] = {
    Effect.READ: (BackendUnavailable,),
    Effect.IMMEDIATE: (
        *(IdempotencyKeyMissing, SlotTaken, TooLate, RequestInFlight, HoldExpired, IdempotencyKeyReused),
        *(BackendUnavailable, BackendOutcomeUnknown),
    ),
    Effect.DURABLE: (
        *(IdempotencyKeyMissing, ReportTimeRefused, RequestInFlight, DryRunRefused, IdempotencyKeyReused),
        *(StateDamaged, DeliveryFailed, BackendUnavailable),
    ),
}
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
    server_time: str | None = Field(default=None, description="The server's clock, when a report time is refused.")
    delivery: dict[str, Any] | None = Field(default=None, description="The delivery that has ended without success.")


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
    described = _problems(MalformedRequest, Unauthenticated, NotFound, StateDamaged, StateUnavailable)
    return {**described, 200: {"description": "The delivery as it is now", "headers": {"Retry-After": _RETRY_AFTER}}}


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
        if TooManyAttempts in of_status:
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
        for model in (Problem, ViolationOut):
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
