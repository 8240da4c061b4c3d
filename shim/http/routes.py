"""Routes made from the catalogue: they translate HTTP and delegate, and hold no rule of their own."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from http import HTTPStatus
from operator import or_
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.security import HTTPBearer

from contracts.catalogue import Contract, Effect
from contracts.delivery import Delivery, DeliveryState
from contracts.errors import (
    BackendOutcomeUnknown,
    ContractError,
    DeliveryFailed,
    NotFound,
    Overloaded,
    StateUnavailable,
    Unauthenticated,
)
from contracts.fields import DeliveryId
from outbox.entry import Entry
from shim import cursors
from shim.admission.caller import Caller
from shim.admission.clients import Client
from shim.admission.gate import Gate
from shim.admission.turns import RETRY_S, Bulkheads, Turns, backend_is_late, state_is_late
from shim.audit.accesses import Accesses
from shim.deliveries import Deliveries
from shim.http.openapi import LISTED, ONE, PREFER, SINCE, key_told, sent, told
from shim.http.problems import stored_response
from shim.http.responses import contract_responses, delivery_responses, listed, listing_responses
from shim.http.straight import Straight
from shim.outbound import Outbound
from shim.settings import Http
from shim.systems import System
from shim.telemetry.observation import current, ended_as
from shim.writing.durable import Durable, seconds_until
from shim.writing.idempotency import Write, fingerprint, read_key
from shim.writing.immediate import Answer, Immediate, to_json

_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]+)(?:$|[,;\s\"])", re.IGNORECASE)
_ASYNC: Final = re.compile(r"(?:^|[,;\s])respond-async(?:$|[,;\s])", re.IGNORECASE)

_bearer = HTTPBearer(auto_error=False, bearerFormat="ls_…", description="An API key, as `shim clients add` printed it.")


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes delegate to."""

    systems: dict[str, System]
    gate: Gate
    immediate: Immediate
    durable: Durable
    outbound: Outbound
    accesses: Accesses
    http: Http
    bulkheads: Bulkheads
    idempotency_days: int = 30


def router(service: Service) -> APIRouter:
    """Return a route for every contract that a configured system implements, and the one for deliveries."""
    # The boundary has authenticated already; the dependency is there for the documentation.
    routes = APIRouter(prefix="/v1", dependencies=[Depends(_bearer)])
    kinds = [system.kind for system in service.systems.values()]
    for system in service.systems.values():
        for contract in system.contracts:
            # A second installation of the same kind needs operation ids of its own.
            only = kinds.count(system.kind) == 1
            operation = contract.operation if only else f"{contract.operation}_{system.name}"
            routes.add_api_route(
                f"/{system.name}/{contract.name}",
                _endpoint(service, system, contract),
                methods=["POST"],
                operation_id=operation,
                route_class_override=Straight if contract.effect in {Effect.READ, Effect.LOCAL} else None,
                summary=contract.summary,
                description=told(contract, system.name),
                tags=[system.name],
                response_model=contract.reply,
                responses=contract_responses(contract, operation),
                openapi_extra=sent(contract),
                status_code=201 if contract.effect is Effect.DURABLE else 200,
            )
    _add_deliveries(routes, service)
    return routes


def _endpoint(service: Service, system: System, contract: Contract) -> Callable[..., Any]:
    make = {Effect.READ: _read, Effect.IMMEDIATE: _immediate, Effect.DURABLE: _durable, Effect.LOCAL: _local}
    return make[contract.effect](service, system, contract)


def _read(service: Service, system: System, contract: Contract) -> Callable[..., Any]:
    return _asking(service.immediate.read, system, contract, service.bulkheads.asking[system.name], backend_is_late)


def _local(service: Service, system: System, contract: Contract) -> Callable[..., Any]:
    # No backend is asked, so it must not wait behind those who ask one, nor say that one has not answered.
    return _asking(service.outbound.check, system, contract, service.bulkheads.accepting[system.name], state_is_late)


def _asking(
    ask: Callable[[Caller, System, Contract, Any], Answer],
    system: System,
    contract: Contract,
    turns: Turns,
    late: Callable[[], ContractError],
) -> Callable[..., Any]:
    async def asking(
        caller: Annotated[Caller, Depends(_caller)],
        body: contract.request,  # type: ignore[name-defined]  # the catalogue's model, known at run time
    ) -> Response:
        call = partial(ask, caller, system, contract, body)
        return _answer(await turns.run(call, late))

    return asking


def _immediate(service: Service, system: System, contract: Contract) -> Callable[..., Any]:
    turns = service.bulkheads.asking[system.name]
    key = key_told(service.idempotency_days)

    async def immediate(
        request: Request,
        caller: Annotated[Caller, Depends(_caller)],
        body: contract.request,  # type: ignore[name-defined]
        idempotency_key: Annotated[str | None, Header(description=key)] = None,
    ) -> Response:
        write = await _write(request, caller.client, system, contract, idempotency_key)
        call = partial(service.immediate.write, caller, system, contract, body, write)
        return _answer(await turns.run(call, _write_is_late))

    return immediate


def _durable(service: Service, system: System, contract: Contract) -> Callable[..., Any]:
    turns, look_ups = service.bulkheads.accepting[system.name], service.bulkheads.look_ups
    key = key_told(service.idempotency_days)

    async def durable(
        request: Request,
        caller: Annotated[Caller, Depends(_caller)],
        body: contract.request,  # type: ignore[name-defined]
        idempotency_key: Annotated[str | None, Header(description=key)] = None,
        prefer: Annotated[str | None, Header(description=PREFER)] = None,
    ) -> Response:
        del prefer  # several Prefer headers are one list, so they are read together
        write = await _write(request, caller.client, system, contract, idempotency_key)
        call = partial(service.durable.accept, caller, system, contract, body, write)
        accepted = await turns.run(call, _write_is_late)
        try:
            preferred = ", ".join(request.headers.getlist("prefer"))
            entry = await service.durable.wait(accepted, wait_seconds(preferred, service.http))
            return await look_ups.run(partial(_delivery_response, service, entry, contract), state_is_late)
        except (StateUnavailable, Overloaded):
            # It is durable, whatever the disk does now: only where it is cannot be read.
            if accepted.supersedes is not None:  # what it was accepted as would have to be read, and in the event loop
                raise _write_is_late() from None
            return _delivery_response(service, accepted, contract)

    return durable


def _add_deliveries(routes: APIRouter, service: Service) -> None:
    async def get_delivery(caller: Annotated[Caller, Depends(_caller)], delivery: DeliveryId) -> Response:
        def look() -> Response:
            with service.accesses.of(caller, "get_delivery", None, None) as access:
                entry = service.durable.of_client(caller.client, delivery)
                contract = _contract_of(service, entry)
                access.concerns(entry.destination, contract.name)
                access.about_person_of(service.durable.outbox, entry, contract)
                return _delivery_response(service, entry, contract, found=True)

        return await service.bulkheads.look_ups.run(look, state_is_late)

    rows = {row.operation: row for system in service.systems.values() for row in system.contracts}
    durable = [row.reply for row in rows.values() if row.effect is Effect.DURABLE]
    routes.add_api_route(
        "/deliveries/{delivery}",
        get_delivery,
        methods=["GET"],
        operation_id="get_delivery",
        summary="Show where a delivery of this client is.",
        description=ONE,
        tags=["deliveries"],
        response_model=reduce(or_, durable) if durable else Delivery,
        responses=delivery_responses(),
    )
    routes.add_api_route(
        "/deliveries",
        _list_deliveries(service),
        methods=["GET"],
        operation_id="list_deliveries",
        summary="List this client's deliveries as they end.",
        description=LISTED,
        tags=["deliveries"],
        response_model=listed(durable),
        responses=listing_responses(),
    )


def _list_deliveries(service: Service) -> Callable[..., Any]:
    durable = service.durable

    async def list_deliveries(
        caller: Annotated[Caller, Depends(_caller)],
        since: Annotated[str | None, Query(description=SINCE, max_length=cursors.LENGTH)] = None,
        limit: Annotated[int, Query(description="Most deliveries of one answer.", ge=1, le=200)] = 50,
    ) -> Response:
        def look() -> Response:
            with service.accesses.of(caller, "list_deliveries", None, None) as access:
                contract_of = partial(_contract_of, service)
                deliveries = Deliveries(durable.outbox, durable.idempotency.blind, contract_of, durable.told)
                page = deliveries.page(caller.client.name, since, limit)
                if page.deliveries:
                    access.end(status=200, deliveries=[told.delivery for told in page.deliveries])
                else:
                    access.end_soon(status=200)  # nothing was told of anybody, however often it is asked
                return Response(to_json(page), 200, None, "application/json")

        return await service.bulkheads.look_ups.run(look, state_is_late)

    return list_deliveries


async def _caller(request: Request) -> Caller:
    """Return who asks: the boundary has let them in by the route's policy, before the body was read."""
    # Asynchronous, or FastAPI would look into this variable in a thread.
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        raise Unauthenticated("send a valid API key as `Authorization: Bearer …`")
    return caller


def _contract_of(service: Service, entry: Entry) -> Contract:
    system = service.systems.get(entry.destination)
    for contract in system.contracts if system else ():
        if contract.name == entry.contract:
            return contract
    raise NotFound("the delivery's system is not configured any more")


def _delivery_response(service: Service, entry: Entry, contract: Contract, *, found: bool = False) -> Response:
    reply = service.durable.reply(entry, contract)
    if (observation := current()) is not None:
        observation.delivery = entry.id
    headers = {}
    status = 200 if found else 201
    if not entry.state.ended:
        status = 200 if found else 202
        headers["Retry-After"] = str(seconds_until(entry.next_attempt_at, service.durable.clock()))
    elif entry.not_found and not found:
        raise NotFound(entry.reason or "not found", delivery=reply.model_dump(mode="json", exclude_none=True))
    elif entry.state is not DeliveryState.DELIVERED and not found:
        raise DeliveryFailed(entry.reason or entry.state, delivery=reply.model_dump(mode="json", exclude_none=True))
    if not found:
        headers["Location"] = f"/v1/deliveries/{entry.id}"
    return Response(to_json(reply), status, headers, "application/json")


async def _write(request: Request, client: Client, system: System, contract: Contract, header: str | None) -> Write:
    # The body as it was sent, not as it was understood: a normalised field must not hide a changed request.
    return Write(client.name, read_key(header), fingerprint(system.name, contract.name, await request.json()))


def _write_is_late() -> ContractError:
    return BackendOutcomeUnknown("it is still under way; repeat with the same key", RETRY_S)


def wait_seconds(prefer: str, http: Http) -> float:
    """Return how long a durable write waits: what `Prefer: wait=n` says, within the deployment's limit."""
    match = _WAIT.search(prefer)
    if match:
        return min(float(match[1]), http.wait_max_s)
    return 0 if _ASYNC.search(prefer) else http.wait_s


def _answer(answer: Answer) -> Response:
    if answer.status >= HTTPStatus.BAD_REQUEST:
        ended_as(answer.outcome)
        return stored_response(answer.status, answer.body)
    return Response(answer.body, answer.status, None, "application/json")
