"""What a request did: its phases do not overlap, and what is left is the shim's own."""

import asyncio
import contextvars
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from contracts.spans import Phase, observed_by, past, span
from shim.admission.caller import incoming
from shim.admission.policy import Policies, Policy
from shim.telemetry.observation import Observation, current, ended_as
from shim.telemetry.observed import Observed
from shim.telemetry.steps import Steps
from tests.unit.shim.asgi import ask

PATH = "/v1/planon/find_tenant"


def new() -> Observation:
    return Observation("request", "a" * 32, "POST", "find")


def test_a_span_within_a_phase_counts_once() -> None:
    """The outermost phase has the time: an exchange of a log-in belongs to the connection."""
    observation = new()
    with observed_by(Steps(observation)):
        with span("session", Phase.CONNECT):
            with span("exchange", Phase.BACKEND):
                time.sleep(0.01)
            past("connect", 0, 100, Phase.BACKEND)
        assert observation.phases.keys() == {Phase.CONNECT}
        with span("exchange", Phase.BACKEND):
            pass
    assert 0.01 <= observation.phases[Phase.CONNECT] < 50
    assert observation.phases.keys() == {Phase.CONNECT, Phase.BACKEND}


def test_what_is_left_is_our_own_and_never_negative() -> None:
    """Phases of threads that work side by side may be longer than the whole."""
    observation = new()
    observation.spent(Phase.BACKEND, 0.25)
    observation.seconds = 1.0
    assert observation.own_s == 0.75
    observation.seconds = 0.1
    assert observation.own_s == 0


def test_what_ends_after_the_end_counts_no_more() -> None:
    """A call that nobody waits for any more goes on, and adds nothing to what was told."""
    observation = new()
    observation.spent(Phase.QUEUE, 1)
    observation.end()
    observation.spent(Phase.QUEUE, 1)
    assert observation.phases == {Phase.QUEUE: 1}
    assert observation.seconds > 0


def test_what_nobody_waits_for_any_more_is_no_time_of_ours() -> None:
    """A backend that hangs until the deadline has taken that time, and the alert on our own stays silent."""
    observation, hangs, over = new(), threading.Event(), threading.Event()

    def hang() -> None:
        with observed_by(Steps(observation)), span("exchange", Phase.BACKEND):
            hangs.set()
            over.wait(30)

    thread = threading.Thread(target=hang)
    thread.start()
    assert hangs.wait(30)
    time.sleep(0.05)
    observation.end()
    told = dict(observation.phases)
    over.set()
    thread.join()
    assert told[Phase.BACKEND] >= 0.05
    assert observation.phases == told
    assert observation.own_s == pytest.approx(observation.seconds - told[Phase.BACKEND])


def test_threads_may_add_at_once() -> None:
    """Not one of eight times a thousand is lost."""
    observation = new()

    def work() -> None:
        with observed_by(Steps(observation)):
            for _ in range(1000):
                past("read", 0, 1, Phase.BACKEND)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert observation.phases == {Phase.BACKEND: 8000}


def policies() -> Policies:
    routes = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    routes.add_api_route(PATH, lambda: None, methods=["POST"])
    table = Policies()
    table.add(PATH, "POST", Policy("facility_find_tenant", ("planon:find_tenant",), "planon", "find_tenant"))
    table.check(routes)
    return table


def seen(method: str, path: str, app: Any, *headers: tuple[str, str]) -> Observation:
    noted: list[Observation] = []

    def broken(_observation: Observation) -> None:
        raise ValueError("mevrouw 999911120")

    observed = Observed(app, policies(), (broken, noted.append))
    with suppress(ConnectionError):
        ask(observed, method, path, *headers)
    (observation,) = noted
    return observation


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 409 from a thread of its own, in a copy of the context."""
    del scope, receive

    def work() -> None:
        observation = current()
        assert observation is not None
        observation.client = "agent"
        with span("exchange", Phase.BACKEND):
            ended_as("slot-taken")

    await asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, work)
    await send({"type": "http.response.start", "status": 409, "headers": []})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    await send({"type": "http.response.body", "body": b"}"})


async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ConnectionError("the answer broke off")


def test_a_request_is_noted_with_what_became_of_it(caplog: pytest.LogCaptureFixture) -> None:
    """By fixed words, under the caller's trace; a sink's defect keeps nothing from the next one."""
    trace = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    found = seen("POST", PATH, answering, trace)
    assert (found.action, found.system, found.contract) == ("facility_find_tenant", "planon", "find_tenant")
    assert (found.status, found.outcome, found.client, found.method) == (409, "slot-taken", "agent", "POST")
    assert found.correlation == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert 0 < found.phases[Phase.BACKEND] <= found.seconds
    assert current() is None
    assert "ValueError" in caplog.text
    assert "mevrouw" not in caplog.text


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/mevrouw/999911120"), ("MEVROUW", PATH), ("GET", PATH)])
def test_what_the_caller_made_up_is_not_repeated(method: str, path: str) -> None:
    """Neither a path nor a method: both would be a new label each time, and may hold anything."""
    found = seen(method, path, answering)
    assert (found.action, found.method in {"POST", "GET", "_OTHER"}) == ("unmatched", True)
    assert "mevrouw" not in f"{found}".lower()


def test_an_answer_that_breaks_off_is_noted_too() -> None:
    """With the status that it had, and a word of its own."""
    found = seen("POST", PATH, breaking)
    assert (found.status, found.outcome, found.seconds > 0) == (200, "broke-off", True)


def test_a_client_that_reads_slowly_is_not_our_time() -> None:
    """The time ends when the last part is handed to the server."""

    async def slow(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            await asyncio.sleep(0.3)

    async def nothing() -> Message:
        return {"type": "http.request", "body": b""}

    noted: list[Observation] = []
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [], "query_string": b""}
    asyncio.run(Observed(answering, policies(), (noted.append,))(scope, nothing, slow))
    # The sleep alone would be longer than all the rest on any machine that is not stopped meanwhile.
    assert time.monotonic() - noted[0].begun - noted[0].seconds >= 0.29


@pytest.mark.parametrize(
    ("header", "span_id", "sampled"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00f067aa0ba902b7", True),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", "00f067aa0ba902b7", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03", "00f067aa0ba902b7", True),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000999911120-01", None, True),
    ],
)
def test_a_callers_trace_is_read(header: str, span_id: str | None, sampled: bool) -> None:
    """A span that may be somebody's number is left out; its trace goes on all the same."""
    from starlette.datastructures import Headers  # noqa: PLC0415 - only here

    told = incoming(Headers({"traceparent": header}))
    assert (told.trace, told.span, told.sampled) == ("4bf92f3577b34da6a3ce929d0e0e4736", span_id, sampled)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
    ],
)
def test_a_malformed_trace_is_a_new_one(header: str) -> None:
    """As W3C says: the whole header does not count."""
    from starlette.datastructures import Headers  # noqa: PLC0415 - only here

    told = incoming(Headers({"traceparent": header}))
    assert (len(told.trace), told.span, told.sampled) == (32, None, None)
    assert told.trace != "4bf92f3577b34da6a3ce929d0e0e4736"
