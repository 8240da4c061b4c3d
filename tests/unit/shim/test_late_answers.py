"""What is answered when a call has not come back in time: what is true of its kind, and described."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts import examples
from contracts.catalogue import Contract, Effect
from shim.admission.caller import Caller
from shim.admission.client import Client
from shim.admission.turns import Bulkheads
from shim.http import problems
from shim.http.responses import contract_responses
from shim.http.routes import Service, router
from shim.settings import Http
from tests.unit.shim.asgi import Answer, ask
from tests.unit.shim.standing import SYSTEMS

LATE = {
    Effect.READ: (503, "backend-unavailable"),
    Effect.IMMEDIATE: (504, "outcome-unknown"),
    Effect.DURABLE: (504, "outcome-unknown"),
    Effect.LOCAL: (503, "state-unavailable"),  # it asks no system, so none has failed to answer
}
CONTRACTS = [(system.name, contract) for system in SYSTEMS.values() for contract in system.contracts]


class Hanging:
    """Whatever is asked of it does not come back before the test has ended."""

    def __init__(self, until: threading.Event) -> None:
        self._until = until

    def __getattr__(self, name: str) -> Callable[..., object]:
        return lambda *_: self._until.wait(30)


@pytest.fixture
def app() -> Iterator[ASGIApp]:
    over = threading.Event()
    try:
        yield behind_the_door(over)
    finally:
        over.set()


def behind_the_door(over: threading.Event) -> ASGIApp:
    parts: dict[str, Any] = dict.fromkeys(part.name for part in fields(Service))
    parts |= dict.fromkeys(("immediate", "durable", "outbound"), Hanging(over))
    http = Http.model_construct(**{**Http().model_dump(), "deadline_s": 0.02})
    parts |= {"systems": SYSTEMS, "http": http, "bulkheads": Bulkheads(SYSTEMS, http), "idempotency_days": 30}
    inside = FastAPI()
    problems.install(inside)
    inside.include_router(router(Service(**parts)))

    async def let_in(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"caller": Caller(Client("agent", frozenset()), "a" * 32)}
        await inside(scope, receive, send)

    return let_in


def sent(app: ASGIApp, system: str, contract: Contract) -> Answer:
    request = examples.OF[contract.operation].requests[0].value
    headers = (("content-type", "application/json"), ("idempotency-key", "a-key-of-this-test"))
    return ask(app, "POST", f"/v1/{system}/{contract.name}", *headers, body=json.dumps(request).encode())


@pytest.mark.parametrize(
    ("system", "contract"), CONTRACTS, ids=[f"{system}-{contract.name}" for system, contract in CONTRACTS]
)
def test_a_late_answer_is_true_of_its_kind(app: ASGIApp, system: str, contract: Contract) -> None:
    """No write that may have happened is told to be none, and no system to be down that nobody has asked."""
    answer = sent(app, system, contract)
    assert (answer.status, answer.problem) == LATE[contract.effect]
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("effect", Effect)
def test_it_is_described(effect: Effect) -> None:
    """Every contract says in its description what a late answer is."""
    status, slug = LATE[effect]
    contracts = [contract for _, contract in CONTRACTS if contract.effect is effect]
    for contract in contracts:
        described = contract_responses(contract, contract.operation)[status]["description"]
        assert f"`{slug}`" in described, contract.operation
    assert contracts
