"""What the log looks like to a person and to a machine, whatever somebody wrote into it."""

import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextvars import copy_context
from hashlib import sha256
from typing import Any, Literal

import pytest

from contracts.spans import Phase
from shim.guard import mask
from shim.settings import LogSection
from shim.telemetry.logs import log_observation, logging_as
from shim.telemetry.observation import Observation, observing

BSN = "999911120"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HOSTILE = (
    "a\n2026-11-19 21:14:00,000 INFO shim.requests: request status=200",
    'b"}\n{"level": "INFO"}',
    "c\r\nd\x00\x1b[2J\x85e\u2028f\u2029g\x0bh\udce9",
    f"patient\n{BSN}",
    "%s %d {}",
)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What reaches standard error of a process without handlers of its own."""
    stream = io.StringIO()
    root = logging.getLogger()
    level = root.level
    # Without pytest's own handlers: there is one already, which keeps writing where it wrote.
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(stream)])
    for hooks, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(hooks, name, getattr(hooks, name))
    yield stream
    logging.captureWarnings(False)
    root.setLevel(level)


def as_json(lines: io.StringIO) -> list[dict[str, Any]]:
    """Every line must be an object of its own."""
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def logged(form: Literal["console", "json"]) -> AbstractContextManager[None]:
    return logging_as(LogSection(format=form, same_per_minute=1000), ["planon"])


def fail(text: str) -> None:
    raise ValueError(text)


def request(**told: Any) -> Observation:
    known: dict[str, Any] = {"system": "planon", "contract": "find_tenant", "client": "agent", "status": 200}
    observation = Observation("request", TRACE, "POST", "facility_find_tenant", **{**known, **told})
    observation.phases = {Phase.CONNECT: 0.010, Phase.BACKEND: 0.020}
    observation.seconds = 0.0325
    return observation


def test_a_request_is_one_object_with_its_facts(lines: io.StringIO) -> None:
    """Times are milliseconds, and what belongs to no phase is the shim's own."""
    with logged("json"):
        log_observation(request())
    (told,) = as_json(lines)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("ts"))
    assert told == {
        "level": "INFO",
        "logger": "shim.requests",
        "message": "request",
        "correlation": TRACE,
        "event": "request",
        "method": "POST",
        "action": "facility_find_tenant",
        "system": "planon",
        "contract": "find_tenant",
        "client": "agent",
        "status": 200,
        "outcome": "ok",
        "ms": 32.5,
        "connect_ms": 10.0,
        "backend_ms": 20.0,
        "own_ms": 2.5,
    }


def test_a_console_line_tells_the_same(lines: io.StringIO) -> None:
    """For whoever has no collector."""
    with logged("console"):
        log_observation(request(outcome="backend-unavailable", status=503))
    (line,) = lines.getvalue().splitlines()
    assert line.endswith(
        " WARNING shim.requests: request method=POST action=facility_find_tenant system=planon contract=find_tenant"
        " client=agent status=503 outcome=backend-unavailable ms=32.5 connect_ms=10.0 backend_ms=20.0 own_ms=2.5"
        f" correlation={TRACE}"
    )


@pytest.mark.parametrize(
    ("told", "level"),
    [
        (request(status=404, outcome="not-found"), "INFO"),
        (request(status=500, outcome="internal-error"), "WARNING"),
        (request(status=None, outcome="broke-off"), "WARNING"),
        (Observation("request", TRACE, "GET", "readyz", status=503), "WARNING"),
        (Observation("request", TRACE, "GET", "readyz", status=200), None),
        (Observation("request", TRACE, "GET", "healthz", status=200), None),
        (Observation("request", TRACE, "GET", "metrics", status=200), None),
        (Observation("delivery", TRACE, "send", "x", system="planon", outcome="delivered", delivery="dl_1"), "INFO"),
        (Observation("delivery", TRACE, "check", "x", system="planon", outcome="sla_missing"), "WARNING"),
        (Observation("delivery", TRACE, "find", "x", system="planon", outcome="not answered"), "WARNING"),
    ],
)
def test_what_fails_is_a_warning_and_what_machines_ask_is_silent(
    lines: io.StringIO, told: Observation, level: str | None
) -> None:
    """A health check every second would hide everything else."""
    with logged("json"):
        log_observation(told)
    assert [each["level"] for each in as_json(lines)] == ([] if level is None else [level])


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_somebody_wrote_makes_a_line(lines: io.StringIO, text: str) -> None:
    """In a message, an argument, a name, an exception and a fact: one object per record, and no number in it."""
    with logged("json"):
        logging.getLogger("x").warning(text)
        logging.getLogger("x").warning("told: %s", text)
        logging.getLogger(f"y.{text}").warning("z")
        try:
            fail(text)
        except ValueError:
            logging.getLogger("x").exception("failed", stack_info=True)
        log_observation(request(client=text, outcome=text))
    told = as_json(lines)
    assert len(told) == len(lines.getvalue().split("\n")) - 1 == 5
    assert lines.getvalue().isascii()
    assert {each["level"] for each in told} <= {"WARNING", "ERROR", "INFO"}
    assert BSN not in lines.getvalue()
    if BSN in text:
        assert told[1]["message"] == "told: patient\n[BSN]"
    assert (told[3]["error"], told[3]["traceback"].startswith("Traceback (most recent")) == ("ValueError", True)
    assert told[4]["event"] == "request"


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_somebody_wrote_looks_like_a_line_of_the_console(lines: io.StringIO, text: str) -> None:
    """What a record has beyond its first line is indented, and a terminal is told nothing."""
    with logged("console"):
        logging.getLogger("x").warning("told: %s", text)
        try:
            fail(text)
        except ValueError:
            logging.getLogger("x").exception("failed")
    written = lines.getvalue()
    assert len([line for line in written.splitlines() if not line.startswith("    ")]) == 2
    assert not set(written) & set("\r\x00\x1b\x85\u2028\u2029\x0b")
    assert BSN not in written


def test_arguments_that_do_not_fit_are_not_shown(lines: io.StringIO) -> None:
    """The template is, and the object is whole."""
    with logged("json"):
        logging.getLogger("x").error("number %d", f"{BSN}x")
    (told,) = as_json(lines)
    assert told["message"].startswith("'number %d' cannot be rendered")
    assert BSN not in lines.getvalue()


def test_every_line_of_a_request_has_its_id(lines: io.StringIO) -> None:
    """Also from threads that run in a copy of its context; what belongs to no request has none."""
    with logged("json"):
        logging.getLogger("x").warning("before")
        with observing(request()):
            logging.getLogger("x").warning("in it")
            context = copy_context()
            thread = threading.Thread(target=context.run, args=(logging.getLogger("x").warning, "in a thread"))
            thread.start()
            thread.join()
    assert [(told["message"], told.get("correlation")) for told in as_json(lines)] == [
        ("before", None),
        ("in it", TRACE),
        ("in a thread", TRACE),
    ]


def test_after_the_block_everything_is_written_again(lines: io.StringIO) -> None:
    """What was only counted is told by then, and nothing is counted any more."""
    with logging_as(LogSection(format="json", same_per_minute=2), ["planon"]):
        for number in range(5):
            logging.getLogger("x").warning("again %d", number)
    for number in range(5):
        logging.getLogger("x").warning("again %d", number)
    told = as_json(lines)
    assert [each["message"] for each in told[:3]] == ["again 0", "again 1", "… and 3 more like it: again %d"]
    assert (told[2]["event"], told[2]["more"], len(told)) == ("repeated", 3, 8)


def test_an_id_stays_what_it_is(lines: io.StringIO) -> None:
    """One in 500 has somebody's number in it by chance: it is still the id of the answer."""
    ids = (sha256(str(number).encode()).hexdigest()[:32] for number in range(100_000))
    chance = next(each for each in ids if mask(each).text != each)
    forms: tuple[Literal["console", "json"], ...] = ("console", "json")
    for form in forms:
        with logged(form), observing(Observation("request", chance, "POST", "a", "planon")):
            logging.getLogger("x").warning("told\nmore")
    console, more, told = lines.getvalue().splitlines()
    assert console.endswith(f"x: told correlation={chance}")
    assert more == "    more"
    assert json.loads(told)["correlation"] == chance
