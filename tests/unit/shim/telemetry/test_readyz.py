"""Readiness through the whole application: 200 while the state can be written, whatever the systems do."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from contracts.errors import StateUnavailable
from contracts.spans import Phase
from outbox.database import Database
from outbox.endings import Endings
from outbox.hand import Hand
from outbox.store import Outbox
from shim.http import readiness
from shim.http.readiness import ReadyReply
from shim.keys import RestCipher
from shim.stopping import Stopping
from shim.telemetry.observation import Observation
from shim.telemetry.standing import AFTER, LATELY_S, Reach
from tests.unit.outbox.stand_ins import Clock, accept_all, new_entry
from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import SYSTEMS, Standing, standing_in

NOW = datetime(2026, 11, 19, 22, 20, tzinfo=UTC)
QUIET = {"state": "unknown", "paused": False, "read_only": False}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Standing]:
    with standing_in(tmp_path) as made:
        yield made


def told(app: Standing, status: int = 200) -> dict[str, Any]:
    answer = ask(app.app, "GET", "/readyz")
    assert answer.status == status, answer.body
    body: dict[str, Any] = answer.json()
    return body


def full(_job: object) -> None:
    raise StateUnavailable("the disk is full", retry_after_s=5)


def met(
    outcome: str | None, kind: Literal["request", "delivery"] = "request", system: str = "planon", *, asked: bool = True
) -> Observation:
    phases = {Phase.BACKEND: 0.1} if asked else {}
    return Observation(kind, "t", "POST", "a", system, "find_tenant", outcome=outcome, phases=phases, seconds=1)


def test_nothing_is_known_of_what_was_not_asked(app: Standing) -> None:
    """Every configured system is named, nobody's backend was asked, and no host is told."""
    assert told(app) == {"status": "ready", "systems": {"planon": QUIET, "intramed": QUIET}}


def test_what_was_met_is_told(app: Standing) -> None:
    """A system that answered is reachable; one that three calls in a row did not reach is down, since the first."""
    app.watch.reach.note(met(None, system="intramed"))
    for _ in range(AFTER):
        app.watch.reach.note(met("backend-unavailable"))
    body = told(app)
    assert body["systems"]["intramed"]["state"] == "reachable"
    assert body["systems"]["planon"]["state"] == "down"
    since = ReadyReply.model_validate(body).systems["planon"].since
    assert since is not None
    assert abs((datetime.now(UTC) - since).total_seconds()) < 300


def test_an_outage_of_the_outbox_is_told_and_is_not_in_the_way(app: Standing) -> None:
    """Reports are accepted while Planon is down: the instance stays ready."""
    clock = Clock()
    outbox = Outbox(app.database, RestCipher(bytes(32)), clock, lambda: clock.up)
    accept_all(outbox, [new_entry(str(number)) for number in range(3)])
    for _ in range(3):
        claim = outbox.claim("planon", "a", "send")
        assert claim is not None
        outbox.write(outbox.endings.not_sent(claim, "refused", 60))
    Hand(app.database, clock).pause("intramed", "for maintenance")
    body = told(app)
    assert body["systems"]["planon"] == {**QUIET, "state": "down", "since": "2026-11-19T21:15:00Z"}
    assert body["systems"]["intramed"] == {**QUIET, "paused": True}


def test_a_state_that_takes_no_commit_is_a_problem(app: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing that takes an instance out of rotation."""
    monkeypatch.setattr(app.database, "write", full)
    body = told(app, 503)
    assert body["type"].endswith(":state-unavailable")


def test_a_process_that_ends_gets_no_more_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finishes what it has begun, and needs no state to say so."""
    stopping = Stopping()
    with standing_in(tmp_path, stopping=stopping) as app:
        assert told(app)["status"] == "ready"
        stopping.start()
        monkeypatch.setattr(app.database, "write", full)
        monkeypatch.setattr(readiness, "BELIEVED_S", 0.0)
        assert ask(app.app, "GET", "/readyz").headers["retry-after"]
        body = told(app, 503)
        assert (body["status"], set(body["systems"])) == ("stopping", {"planon", "intramed"})


def test_those_who_ask_at_once_share_a_failure() -> None:
    """A locked state makes each proof last ten seconds: ten who ask wait for one or two, not one behind the other."""
    began, goes_on, proofs = threading.Event(), threading.Event(), 0

    class Locked:
        def write(self, _job: object) -> None:
            nonlocal proofs
            proofs += 1
            began.set()
            goes_on.wait(30)
            raise StateUnavailable("another process holds it for too long", retry_after_s=5)

    readiness_, writable, asking = readiness.Readiness(cast("Database", Locked())), list[bool](), []
    first = threading.Thread(target=lambda: writable.append(readiness_.writable()))
    first.start()
    assert began.wait(30)
    arrived = threading.Barrier(10)

    def ask_too() -> None:
        arrived.wait(30)
        writable.append(readiness_.writable())

    asking = [threading.Thread(target=ask_too) for _ in range(9)]
    for each in asking:
        each.start()
    arrived.wait(30)
    time.sleep(0.2)  # whoever comes later than that makes one proof more
    goes_on.set()
    for each in (first, *asking):
        each.join(30)
    assert writable == [False] * 10
    assert proofs <= 4
    before = proofs
    assert not readiness_.writable()
    assert proofs == before + 1  # nobody is told an old failure


@contextmanager
def reaching() -> Iterator[tuple[Reach, list[float]]]:
    now = [0.0]
    yield Reach(SYSTEMS, lambda: now[0], lambda: NOW), now


@pytest.mark.parametrize(
    ("observation", "answers"),
    [
        (met(None), True),
        (met(None, asked=False), None),
        (met("not-found"), None),
        (met("outcome-unknown"), None),
        (met("delivered", "delivery"), True),
        (met("rejected", "delivery"), True),
        (met("absent", "delivery"), True),
        (met("not sent", "delivery"), None),
        (met("parked", "delivery"), None),
        (met("backend-unavailable"), None),
        (met(None, system="no such"), None),
    ],
)
def test_only_an_answer_says_that_a_system_answers(observation: Observation, answers: bool | None) -> None:
    """A single failure says nothing yet, nor does what was refused before anybody was asked."""
    with reaching() as (reach, _):
        reach.note(observation)
        assert reach.answers("planon") is answers


def test_one_answer_ends_an_outage_and_old_news_is_none() -> None:
    """What was met counts for ten minutes."""
    with reaching() as (reach, now):
        for _ in range(AFTER):
            assert reach.down_since("planon") is None
            reach.note(met("backend-unavailable"))
        assert (reach.answers("planon"), reach.down_since("planon")) == (False, NOW)
        reach.note(met(None))
        assert (reach.answers("planon"), reach.down_since("planon")) == (True, None)
        now[0] += LATELY_S + 1
        assert reach.answers("planon") is None
        assert reach.answers("intramed") is None


def test_what_is_met_of_an_attempt_is_a_word_of_its_record() -> None:
    """The words are those of the outbox's endings."""
    assert {"delivered", "not_found", "absent"} <= set(vars(Endings))
