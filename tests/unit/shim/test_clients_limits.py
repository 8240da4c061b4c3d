"""How many requests a client may send: exactly, over all processes, and without a write for each refusal."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from contracts.errors import StateUnavailable
from outbox.sqlite.database import SqliteDatabase
from shim.admission.client import Client, ClientLimits
from shim.admission.clients import Clients, KnownClient
from shim.admission.limits import RequestLimits
from tests.unit.outbox.stand_ins import Clock
from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import Standing, standing_in


class Watched:
    """A state that counts what is written to it, and can fail."""

    def __init__(self, state: SqliteDatabase) -> None:
        self._state = state
        self.writes = 0
        self.broken = False

    def write(self, job: Callable[[Any], Any]) -> Any:
        if self.broken:
            raise StateUnavailable("the disk is full")
        self.writes += 1
        return self._state.write(job)


class Now:
    """A process's clock, which a test sets."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watched(state: SqliteDatabase) -> Watched:
    return Watched(state)


@pytest.fixture
def now() -> Now:
    return Now()


def process(watched: Watched, now: Now, default: int = 0) -> RequestLimits:
    return RequestLimits(watched, default, now)  # type: ignore[arg-type]  # all that it needs of a database


def client(quota: int | None, used_ms_ago: int | None = 0, name: str = "agent") -> KnownClient:
    limits = ClientLimits(requests_per_minute=quota)
    return KnownClient(Client(name, frozenset(), limits), "00000000", used_ms_ago)


def passed(limits: RequestLimits, known: KnownClient, requests: int) -> int:
    return sum(limits.count(known) is None for _ in range(requests))


@pytest.fixture
def same_minute(state: SqliteDatabase) -> None:
    """Make all of a test one minute of the database: it may run while the real one ends."""
    with sqlite3.connect(state.path) as connection:
        connection.execute("DROP VIEW clock")
        connection.execute("CREATE VIEW clock AS SELECT 29000000 * 60000 + 15000 AS ms")
    connection.close()


@pytest.mark.usefixtures("same_minute")
def test_a_limit_of_its_own_is_exact_over_processes(watched: Watched) -> None:
    """Two processes and eight threads admit 100 together, and not one more."""
    processes = [process(watched, Now()) for _ in range(2)]
    known = client(100)
    with ThreadPoolExecutor(8) as pool:
        admitted = sum(pool.map(lambda number: passed(processes[number % 2], known, 25), range(8)))
    assert admitted == 100
    assert passed(process(watched, Now()), client(100, name="other"), 100) == 100


@pytest.mark.usefixtures("same_minute")
def test_after_the_first_refusal_nothing_is_written(watched: Watched, now: Now) -> None:
    """Until the minute is over, by the database's clock: 45 s are left of it."""
    limits, known = process(watched, now), client(3)
    assert passed(limits, known, 3) == 3
    refusals = [limits.count(known) for _ in range(1000)]
    assert watched.writes == 4
    assert [refusal.first for refusal in refusals if refusal] == [True, *[False] * 999]
    error = refusals[0].error if refusals[0] else None
    assert error is not None
    assert (error.retry_after_s, error.policy, error.quota, error.window_s) == (45, "requests", 3, 60)
    now.seconds += 44.9
    assert limits.count(known) is not None
    assert watched.writes == 4
    now.seconds += 0.2
    limits.count(known)
    assert watched.writes == 5


@pytest.mark.usefixtures("same_minute")
def test_a_limit_that_was_raised_holds_at_once(watched: Watched, now: Now) -> None:
    """A process that refuses from memory looks again when the administrator has changed the number."""
    limits = process(watched, now)
    assert passed(limits, client(2), 5) == 2
    assert passed(limits, client(10), 10) == 7
    assert passed(limits, client(None), 10) == 10


@pytest.mark.usefixtures("same_minute")
def test_another_minute_is_another_window(watched: Watched, now: Now, state: SqliteDatabase) -> None:
    """What was counted before is not counted again."""
    limits, known = process(watched, now), client(2)
    assert passed(limits, known, 2) == 2
    with sqlite3.connect(state.path) as connection:
        connection.execute("UPDATE client_minute SET minute = minute - 1")
    connection.close()
    assert limits.count(known) is None


def test_the_default_is_counted_in_memory(watched: Watched, now: Now) -> None:
    """Nothing is written; each process counts for itself, and each client has its own number."""
    limits = process(watched, now, default=5)
    assert passed(limits, client(None), 9) == 5
    refused = limits.count(client(None))
    assert refused is not None
    assert (refused.first, refused.error.quota, refused.error.retry_after_s) == (False, 5, 60)
    assert passed(limits, client(None, name="other"), 9) == 5
    assert passed(process(watched, now, default=5), client(None), 9) == 5
    now.seconds += 60
    assert passed(limits, client(None), 9) == 5
    assert watched.writes == 0


def test_without_any_limit_nothing_is_counted(watched: Watched, now: Now) -> None:
    """0 is no limit."""
    assert passed(process(watched, now, default=0), client(None), 2000) == 2000
    assert watched.writes == 0


def test_the_last_use_is_written_once_a_minute(watched: Watched, now: Now, state: SqliteDatabase) -> None:
    """By one process of several, and by one thread of several, within the count where there is one."""
    clients = Clients(state, Clock())
    key = clients.add("agent", [])
    first = clients.authenticate(key)
    limits = process(watched, now)
    assert passed(limits, first, 20) == 20
    assert watched.writes == 1
    used = clients.rows()[0].keys[0].last_used_at
    assert used is not None
    second = clients.authenticate(key)
    assert second.used_ms_ago is not None
    assert second.used_ms_ago < 60_000
    assert passed(process(watched, now), second, 20) == 20
    assert watched.writes == 1
    process(watched, now).count(first)  # another process that has read it before
    assert clients.rows()[0].keys[0].last_used_at == used
    counted = client(1000, used_ms_ago=None)
    before = watched.writes
    assert passed(limits, counted, 3) == 3
    assert watched.writes == before + 3


def test_what_cannot_be_counted_is_not_answered(watched: Watched, now: Now) -> None:
    """Else a full disk would lift every limit; a last use that cannot be written is nobody's loss."""
    watched.broken = True
    with pytest.raises(StateUnavailable):
        process(watched, now).count(client(5))
    limits = process(watched, now)
    assert limits.count(client(None, used_ms_ago=None)) is None
    watched.broken = False
    limits.count(client(None, used_ms_ago=None))
    assert watched.writes == 1


@pytest.fixture
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing_in(tmp_path_factory.mktemp("standing"), default_per_minute=4) as made:
        yield made


def test_a_client_is_told_when_it_may_ask_again(standing: Standing) -> None:
    """429 with the RateLimit headers, before the scope is looked at, and one row in the audit."""
    key = standing.key("shim:metrics")
    answers = [ask(standing.app, "GET", path, key=key) for path in ("/metrics", "/nowhere") * 5]
    assert [answer.status for answer in answers] == [200, 404, 200, 404, *[429] * 6]
    last = answers[-1]
    assert last.problem == "too-many-requests"
    assert last.headers["ratelimit-policy"] == '"requests";q=4;w=60'
    assert last.headers["ratelimit"] == '"requests";r=0;t=60'
    assert (last.headers["retry-after"], last.json()["retry_after"]) == ("60", 60)
    (event,) = standing.audit.events
    assert (event.outcome, event.status, event.client) == ("too-many-requests", 429, "client-1")


@pytest.mark.usefixtures("same_minute")
def test_what_a_client_has_left(watched: Watched, now: Now) -> None:
    """Of its own limit over all processes, with the database's minute; of the default in this process."""
    one, other = process(watched, now), process(watched, now)
    assert one.left("agent") is None
    one.count(client(10))
    other.count(client(10))
    one.count(client(10))
    told = one.left("agent")
    assert told is not None
    assert told.headers() == ('"requests";q=10;w=60', '"requests";r=7;t=45')
    now.seconds += 44.5
    told = one.left("agent")
    assert told is not None
    assert told.headers()[1] == '"requests";r=7;t=1'
    now.seconds += 1
    assert one.left("agent") is None
    in_memory = process(watched, now, default=3)
    for left in (2, 1, 0, 0):
        in_memory.count(client(None))
        told = in_memory.left("agent")
        assert told is not None
        assert (told.quota, told.left) == (3, left)


@pytest.mark.usefixtures("same_minute")
def test_a_limit_of_its_own_that_was_taken_away_is_told_no_longer(watched: Watched, now: Now) -> None:
    """From the next request on it is the default's."""
    limits = process(watched, now, default=600)
    limits.count(client(10))
    limits.count(client(None))
    told = limits.left("agent")
    assert told is not None
    assert told.quota == 600
