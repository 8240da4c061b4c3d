"""Routes made from the catalogue: they translate HTTP and delegate, and hold no rule of their own."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from contracts.catalogue import Contract, Effect
from contracts.delivery import DeliveryState
from contracts.errors import ContractError, DeliveryFailed, NotFound, Unauthenticated
from contracts.fields import DeliveryId
from outbox.entry import Entry
from shim.clients import Client, Clients
from shim.durable import Durable, seconds_until
from shim.idempotency import Write, fingerprint, read_key
from shim.immediate import Answer, Immediate, to_json
from shim.problems import MEDIA_TYPE, defect_response, problem_response
from shim.settings import Http
from shim.systems import System

_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*([0-9]{1,4})(?:$|[,;\s])")

_bearer = HTTPBearer(auto_error=False, description="An API key, as `shim clients add` printed it.")


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="Stable name of the kind of problem.", examples=["urn:problem-type:legacy-shim:slot-taken"]
    )
    title: str = Field(description="The same sentence for every problem of this type.")
    status: int = Field(description="The HTTP status.")
    detail: str | None = Field(default=None, description="What is wrong with this request.")


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes delegate to."""

    systems: dict[str, System]
    clients: Clients
    immediate: Immediate
    durable: Durable
    http: Http


def router(service: Service) -> APIRouter:
    """Return a route for every contract that a configured system implements, and the one for deliveries."""
    routes = APIRouter(prefix="/v1")
    kinds = [system.kind for system in service.systems.values()]
    for system in service.systems.values():
        for contract in system.contracts:
            # A second installation of the same kind needs operation ids of its own.
            only = kinds.count(system.kind) == 1
            routes.add_api_route(
                f"/{system.name}/{contract.name}",
                _endpoint(service, system, contract),
                methods=["POST"],
                operation_id=contract.operation if only else f"{contract.operation}_{system.name}",
                summary=contract.summary,
                description=(contract.request.__doc__ or "") + f"\n\nNeeds the scope `{contract.scope(system.name)}`.",
                tags=[system.name],
                response_model=contract.reply,
                responses=_responses(contract),
                status_code=201 if contract.effect is Effect.DURABLE else 200,
            )
    _add_deliveries(routes, service)
    return routes


def _responses(contract: Contract) -> dict[int | str, dict[str, Any]]:
    problem: dict[str, Any] = {"content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}}
    statuses = {400: "Malformed", 401: "No valid API key", 403: "Scope missing", 404: "Unknown token"}
    if contract.effect is Effect.DURABLE:
        statuses |= {409: "First request in flight", 422: "Dry run refused, or key reused"}
        statuses |= {502: "Ended without success; kept", 503: "Not accepted; repeat"}
    elif contract.effect is Effect.IMMEDIATE:
        statuses |= {409: "Taken, or first request in flight", 410: "Hold expired", 422: "Key reused"}
        statuses |= {503: "Backend unavailable", 504: "Outcome unknown; repeat with the same key"}
    else:
        statuses |= {503: "Backend unavailable"}
    described: dict[int | str, dict[str, Any]] = {
        code: {"description": text, **problem} for code, text in statuses.items()
    }
    if contract.effect is Effect.DURABLE:
        described[202] = {"description": "Accepted and durable, not delivered yet", "model": contract.reply}
    return described


def _authenticated(service: Service) -> Callable[..., Client]:
    def authenticate(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Client:
        if credentials is None:
            raise Unauthenticated("send a valid API key as `Authorization: Bearer …`")
        return service.clients.authenticate(credentials.credentials)

    return authenticate


def _endpoint(service: Service, system: System, contract: Contract) -> Callable[..., Awaitable[Response]]:
    scope = contract.scope(system.name)
    authenticate = _authenticated(service)

    def authorise(client: Annotated[Client, Depends(authenticate)]) -> Client:
        client.require(scope)
        return client

    async def read(
        client: Annotated[Client, Depends(authorise)],
        body: contract.request,  # type: ignore[name-defined]  # the catalogue's model, known at run time
    ) -> Response:
        return await _answer(lambda: service.immediate.read(client, system, contract, body))

    async def immediate(
        request: Request,
        client: Annotated[Client, Depends(authorise)],
        body: contract.request,  # type: ignore[name-defined]
        idempotency_key: Annotated[str | None, Header(description="Names this write for good; required.")] = None,
    ) -> Response:
        async def call() -> Answer:
            write = await _write(request, client, system, contract, idempotency_key)
            return await run_in_threadpool(service.immediate.write, client, system, contract, body, write)

        return await _answer_async(call)

    async def durable(
        request: Request,
        client: Annotated[Client, Depends(authorise)],
        body: contract.request,  # type: ignore[name-defined]
        idempotency_key: Annotated[str | None, Header(description="Names this write for good; required.")] = None,
        prefer: Annotated[str | None, Header(description="`wait=n`: wait n seconds for the delivery.")] = None,
    ) -> Response:
        async def call() -> Response:
            write = await _write(request, client, system, contract, idempotency_key)
            entry = await run_in_threadpool(service.durable.accept, client, system, contract, body, write)
            entry = await service.durable.wait(entry, wait_seconds(prefer, service.http))
            return await run_in_threadpool(_delivery_response, service, entry, contract)

        return await _guarded(call)

    endpoints: dict[Effect, Callable[..., Awaitable[Response]]] = {
        Effect.READ: read,
        Effect.IMMEDIATE: immediate,
        Effect.DURABLE: durable,
    }
    return endpoints[contract.effect]


def _add_deliveries(routes: APIRouter, service: Service) -> None:
    authenticate = _authenticated(service)

    async def get_delivery(delivery: DeliveryId, client: Annotated[Client, Depends(authenticate)]) -> Response:
        def look() -> Response:
            entry = service.durable.of_client(client, delivery)
            return _delivery_response(service, entry, _contract_of(service, entry), found=True)

        return await _guarded(lambda: run_in_threadpool(look))

    replies = {
        row.reply for system in service.systems.values() for row in system.contracts if row.effect is Effect.DURABLE
    }
    routes.add_api_route(
        "/deliveries/{delivery}",
        get_delivery,
        methods=["GET"],
        operation_id="get_delivery",
        summary="Show where a delivery of this client is.",
        tags=["deliveries"],
        responses={200: {"description": f"One of: {', '.join(sorted(reply.__name__ for reply in replies))}"}},
    )


def _contract_of(service: Service, entry: Entry) -> Contract:
    system = service.systems.get(entry.destination)
    for contract in system.contracts if system else ():
        if contract.name == entry.contract:
            return contract
    raise NotFound("the delivery's system is not configured any more")


def _delivery_response(service: Service, entry: Entry, contract: Contract, *, found: bool = False) -> Response:
    reply = service.durable.reply(entry, contract)
    headers = {}
    status = 200 if found else 201
    if not entry.state.ended:
        status = 200 if found else 202
        headers["Retry-After"] = str(seconds_until(entry.next_attempt_at, service.durable.clock()))
    elif entry.state is not DeliveryState.DELIVERED and not found:
        raise DeliveryFailed(entry.reason or entry.state, delivery=reply.model_dump(mode="json", exclude_none=True))
    if not found:
        headers["Location"] = f"/v1/deliveries/{entry.id}"
    return Response(to_json(reply), status, headers, "application/json")


async def _write(request: Request, client: Client, system: System, contract: Contract, header: str | None) -> Write:
    # The body as it was sent, not as it was understood: a normalised field must not hide a changed request.
    return Write(client.name, read_key(header), fingerprint(system.name, contract.name, await request.json()))


def wait_seconds(prefer: str | None, http: Http) -> float:
    """Return how long a durable write waits: what `Prefer: wait=n` says, within the deployment's limit."""
    match = _WAIT.search(prefer or "")
    return min(float(match[1]), http.wait_max_s) if match else http.wait_s


async def _answer(call: Callable[[], Answer]) -> Response:
    return await _answer_async(lambda: run_in_threadpool(call))


async def _answer_async(call: Callable[[], Awaitable[Answer]]) -> Response:
    async def respond() -> Response:
        answer = await call()
        return Response(answer.body, answer.status, None, "application/json" if answer.status < 400 else MEDIA_TYPE)  # noqa: PLR2004

    return await _guarded(respond)


async def _guarded(call: Callable[[], Awaitable[Response]]) -> Response:
    """Answer every failure here: what passes on is logged by the server with its message, which may quote a person."""
    try:
        return await call()
    except ContractError as error:
        return problem_response(error)
    except Exception as error:  # noqa: BLE001 - the boundary: a defect becomes a 500 without its message
        return defect_response(error)
