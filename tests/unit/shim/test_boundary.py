"""The outermost layer: who comes in, what goes out with every answer, and an application behind it that fails."""

import asyncio
import logging
import re
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.errors import StateUnavailable, Unauthenticated
from shim.admission.boundary import Boundary
from shim.admission.caller import Caller
from shim.admission.client import Client
from shim.admission.gate import Asked, key_of
from shim.admission.limits import Quota
from shim.admission.policy import Policies, Policy
from shim.stopping import Stopping
from shim.telemetry.observed import Observed
from tests.unit.shim.asgi import Answer, ask

SECRET = "mevrouw Jansen, 999911120"
PATH = "/v1/planon/find_tenant"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class OneKey:
    """A gate that knows one key."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure
        self.asked: list[Asked] = []
        self.quota: Quota | None = None

    def admit(self, asked: Asked) -> Caller:
        self.asked.append(asked)
        if self._failure:
            raise self._failure
        if key_of(asked.headers.getlist("authorization")) != "right":
            raise Unauthenticated("send a valid API key")
        return Caller(Client("agent", frozenset()), asked.correlation)

    def admit_now(self, asked: Asked) -> Caller | None:
        """Leave everything to `admit`."""
        del asked
        return None

    def quota_of(self, caller: Caller) -> Quota | None:
        del caller
        return self.quota


def nothing() -> None:
    """Stand where a route is looked up; the application behind the boundary is another one."""


def guarded(app: ASGIApp, gate: OneKey | None = None, *, demo: bool = False, stopping: Stopping | None = None) -> Any:
    routes = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    routes.add_api_route(PATH, nothing, methods=["POST"])
    routes.add_api_route("/healthz", nothing, methods=["GET"])
    policies = Policies()
    policies.add(PATH, "POST", Policy("find", ("planon:find_tenant",)))
    policies.add("/healthz", "GET", Policy("healthz", public=True))
    policies.check(routes)
    known: Any = gate or OneKey()  # all that it needs of a gate
    boundary = Boundary(app, policies, known, stopping=stopping, demo=demo)
    return Observed(boundary, policies)


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send
    raise RuntimeError(SECRET)


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, and answer with the name of whoever asks."""
    await receive()
    caller = scope.get("state", {}).get("caller")
    name = caller.client.name if isinstance(caller, Caller) else "nobody"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": name.encode()})


def test_a_defect_is_a_problem_and_its_message_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    """The client learns nothing, the log learns where, and nobody learns what a person wrote."""
    with caplog.at_level(logging.DEBUG):
        answer = ask(guarded(failing, demo=True), "POST", PATH, key="right")
    assert (answer.status, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["shim-mode"] == "demo"
    assert "RuntimeError" in caplog.text
    assert "failing" in caplog.text
    assert SECRET not in caplog.text + answer.body.decode()


def test_a_state_that_cannot_be_read_is_a_503() -> None:
    """Also while the client is being looked up."""
    gate = OneKey(StateUnavailable("disk", retry_after_s=5))
    answer = ask(guarded(failing, gate), "POST", PATH, key="right")
    assert (answer.status, answer.headers["retry-after"], answer.json()["retry_after"]) == (503, "5", 5)


def test_a_client_is_known_behind_the_boundary_and_nobody_on_a_public_path() -> None:
    """A public path asks for no key, and ignores one."""
    gate = OneKey()
    assert ask(guarded(reading, gate), "POST", PATH, key="right").body == b"agent"
    assert gate.asked[0].address == "127.0.0.1"
    assert ask(guarded(reading, gate), "GET", "/healthz", key="wrong").body == b"nobody"
    assert len(gate.asked) == 1


@pytest.mark.parametrize("path", [PATH, "/v1/no/such/route", "/nowhere", "/", "/v1/planon/find_tenant/"])
def test_without_a_key_the_application_is_not_reached(path: str) -> None:
    """Not even by a path that has no route, and nothing of the body is read."""
    answer = ask(guarded(reading), "POST", path, key="wrong", body=b"x" * 1000)
    assert (answer.status, answer.problem, answer.read) == (401, "unauthenticated", 0)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_what_is_not_listed_is_denied_with_a_key_too() -> None:
    """404 for a path, 405 for a method, and neither reaches the application."""
    nowhere = ask(guarded(failing), "POST", "/v1/planon/close_incident", key="right")
    assert (nowhere.status, nowhere.problem) == (404, "not-found")
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "post", "TRACE"):
        refused = ask(guarded(failing), method, PATH, key="right")
        assert (refused.status, refused.headers["allow"]) == (405, "POST"), method
        assert ask(guarded(failing), method, PATH).status == 401


def test_a_public_path_tells_its_methods_to_anybody() -> None:
    """There is nothing to hide about it."""
    refused = ask(guarded(failing), "OPTIONS", "/healthz")
    assert (refused.status, refused.headers["allow"], refused.problem) == (405, "GET", "method-not-allowed")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", True),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", False),
        ("nonsense", False),
        (None, False),
    ],
)
def test_every_answer_is_part_of_a_trace(sent: str | None, kept: bool) -> None:
    """The caller's trace and a span of our own, on refusals and defects as well; else a trace of our own."""
    headers = () if sent is None else (("traceparent", sent),)
    answers: list[Answer] = [
        ask(guarded(reading), "POST", PATH, *headers, key="right"),
        ask(guarded(failing), "POST", PATH, *headers, key="right"),
        ask(guarded(reading), "POST", PATH, *headers, key="wrong"),
    ]
    parts = [re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-00", answer.headers["traceparent"]) for answer in answers]
    told = [part.groups() for part in parts if part]
    assert len(told) == len(answers)
    assert {trace == TRACE for trace, _ in told} == {kept}
    assert len({span for _, span in told} | {"00f067aa0ba902b7"}) == len(answers) + 1


def test_nothing_is_kept_by_a_cache_or_guessed_by_a_browser() -> None:
    """An answer may be about a person."""
    for key in ("right", "wrong"):
        answer = ask(guarded(reading), "POST", PATH, key=key)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "cache-control" not in ask(guarded(reading), "GET", "/healthz").headers


def test_a_body_that_is_too_long_is_not_read() -> None:
    """By what it says of itself, or by counting; a public path is no way around."""
    said = ask(guarded(reading), "POST", PATH, ("content-length", "200000"), key="right", body=b"x")
    assert (said.status, said.problem, said.read) == (413, "body-too-large", 0)
    endless = ask(guarded(reading), "POST", PATH, ("content-length", "9" * 5000), key="right", body=b"x")
    assert (endless.status, endless.read) == (413, 0)
    counted = ask(guarded(reading), "POST", PATH, key="right", body=b"x" * 200_000)
    assert (counted.status, counted.problem) == (413, "body-too-large")
    assert ask(guarded(reading), "GET", "/healthz", ("content-length", "200000")).status == 413


def test_a_websocket_is_closed() -> None:
    """It would be a way in without a policy."""
    told: list[Any] = []

    async def call() -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            told.append(message)

        await guarded(failing)({"type": "websocket", "path": PATH, "headers": []}, receive, send)

    asyncio.run(call())
    assert told == [{"type": "websocket.close", "code": 1008}]


def test_a_client_is_told_what_it_has_left() -> None:
    """With an answer and with a defect; nobody on a public path, and a 429 tells its own."""
    gate = OneKey()
    gate.quota = Quota(10, 3, 12.5)
    for app in (reading, failing):
        answer = ask(guarded(app, gate), "POST", PATH, key="right")
        assert answer.headers["ratelimit-policy"] == '"requests";q=10;w=60'
        assert answer.headers["ratelimit"] == '"requests";r=3;t=13'
    assert "ratelimit" not in ask(guarded(reading, gate), "GET", "/healthz", key="right").headers
    gate.quota = None
    assert "ratelimit" not in ask(guarded(reading, gate), "POST", PATH, key="right").headers


def test_every_answer_of_a_process_that_ends_closes_its_connection() -> None:
    """Before it, only what is answered before its body has been read."""
    stopping = Stopping()
    app = guarded(reading, stopping=stopping)
    assert "connection" not in ask(app, "POST", PATH, key="right").headers
    assert ask(app, "POST", PATH, key="right", body=b"x" * 200_000).headers["connection"] == "close"
    stopping.start()
    assert ask(app, "POST", PATH, key="right").headers["connection"] == "close"
    assert ask(app, "GET", "/healthz").headers["connection"] == "close"
