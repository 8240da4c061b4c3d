"""The outermost layer, with an application behind it that fails."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.errors import StateUnavailable, Unauthenticated
from shim.boundary import Boundary
from shim.clients import Client

SECRET = "mevrouw Jansen, 999911120"


class OneClient:
    """Knows one key."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure

    def authenticate(self, key: str) -> Client:
        if self._failure:
            raise self._failure
        if key != "right":
            raise Unauthenticated("send a valid API key")
        return Client("agent", frozenset())


def ask(app: ASGIApp, path: str, clients: OneClient, *, demo: bool = False, key: str = "right") -> httpx.Response:
    guarded: Any = Boundary(app, clients, demo)  # type: ignore[arg-type]  # all that it needs of Clients

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(guarded)
        async with httpx.AsyncClient(transport=transport, base_url="http://shim") as http:
            return await http.post(path, content=b"{}", headers={"Authorization": f"Bearer {key}"})

    return asyncio.run(call())


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send
    raise RuntimeError(SECRET)


def test_a_defect_is_a_problem_and_its_message_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    """The client learns nothing, the log learns where, and nobody learns what a person wrote."""
    with caplog.at_level(logging.DEBUG):
        answer = ask(failing, "/v1/planon/find_tenant", OneClient(), demo=True)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["shim-mode"] == "demo"
    assert "RuntimeError" in caplog.text
    assert "failing" in caplog.text
    assert SECRET not in caplog.text + answer.text


def test_a_state_that_cannot_be_read_is_a_503() -> None:
    """Also while the client is being looked up."""
    answer = ask(failing, "/v1/planon/find_tenant", OneClient(StateUnavailable("disk", retry_after_s=5)))
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["retry_after"]) == (503, "5", 5)


def test_without_a_key_the_application_is_not_reached() -> None:
    """Not even by a path that has no route."""
    assert ask(failing, "/v1/no/such/route", OneClient(), key="wrong").status_code == 401
