"""The shorter way to an endpoint: whatever is sent, the answer is FastAPI's own."""

import json
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.practice import ListSlotsRequest
from shim.admission.caller import Caller
from shim.admission.client import Client
from shim.http import problems
from shim.http.straight import Straight
from tests.unit.shim.asgi import Answer, ask

PATH = "/v1/practice/list_slots"
GOOD = {"starts_from": "2031-03-03T00:00:00+01:00", "starts_before": "2031-03-10T00:00:00+01:00"}
JSON = ("content-type", "application/json")


async def by_name(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def application(route: type[APIRoute]) -> ASGIApp:
    """Return one that answers what its endpoint was given, behind somebody who has let the client in."""

    async def endpoint(caller: Annotated[Caller, Depends(by_name)], body: ListSlotsRequest) -> Response:
        return JSONResponse({"client": caller.client.name, "body": repr(body)})

    routes = APIRouter()
    routes.add_api_route(PATH, endpoint, methods=["POST"], route_class_override=route)
    app = FastAPI()
    problems.install(app)
    app.include_router(routes)

    async def let_in(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"caller": Caller(Client("agent", frozenset()), "a" * 32)}
        await app(scope, receive, send)

    return let_in


def told(answer: Answer) -> tuple[int, Any]:
    return answer.status, answer.json()


def body(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


BODIES = {
    "good": body(),
    "number as text": body(limit="7"),
    "twice": body()[:-1] + b', "limit": 1, "limit": 2}',
    "byte order mark": b"\xef\xbb\xbf" + body(),
    "utf-16": body().decode().encode("utf-16"),
    "lone surrogate": body(clinic="x")[:-2] + b'\\ud800"}',
    "another field": body(patient="PT_x"),
    "wrong type": body(limit=[1]),
    "out of range": body(limit=1000),
    "no zone": body(starts_from="2031-03-03T00:00:00"),
    "its own rule": body(starts_before=GOOD["starts_from"]),
    "missing": b"{}",
    "list": b"[]",
    "null": b"null",
    "text": b'"x"',
    "nan": body()[:-1] + b', "limit": NaN}',
    "no json": b"{",
    "latin-1": body(clinic="x")[:-2] + b'\xe9"}',
    "empty": b"",
    "deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "huge number": body()[:-1] + b', "limit": ' + b"9" * 5000 + b"}",
}


UNDERSTOOD = {"good", "twice", "utf-16", "byte order mark"}


@pytest.mark.parametrize("name", BODIES)
def test_every_body_is_answered_alike(name: str) -> None:
    """The endpoint gets the same request, or the client the same refusal."""
    answers = [told(ask(app, "POST", PATH, JSON, body=BODIES[name])) for app in applications()]
    assert answers[0] == answers[1]
    assert (answers[0][0] == 200) is (name in UNDERSTOOD), answers[0]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", "a/b+json", ""])
def test_every_content_type_is_answered_alike(kind: str) -> None:
    """Which of them are JSON is FastAPI's to say."""
    first, second = [told(ask(app, "POST", PATH, ("content-type", kind), body=body())) for app in applications()]
    assert first == second


def test_the_shorter_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is as it should be costs no solving of dependencies."""

    def unexpected(*_: object, **__: object) -> None:
        raise AssertionError("FastAPI was asked")

    app = application(Straight)
    monkeypatch.setattr("fastapi.routing.solve_dependencies", unexpected)
    assert told(ask(app, "POST", PATH, JSON, body=body()))[0] == 200


def applications() -> tuple[ASGIApp, ASGIApp]:
    return application(APIRoute), application(Straight)
