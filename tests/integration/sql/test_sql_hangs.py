import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from firebird.driver import DatabaseError

from adapters.firebird.native import NativeSource
from adapters.sql.ahead import Keeping
from adapters.sql.messages import Step
from adapters.sql.source import Source
from adapters.sql.transport import Transport
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable
from simulators.intramed.server import FirebirdServer
from tests.integration.sql.faulty import deaf_proxy_to, proxy_to
from tests.integration.sql.places import SQLITE, Place, await_that, native, soon
from tests.integration.sql.sources import WaitingSource, sqlite

DEADLINE_S = 0.6
SLACK_S = (
    4.0  # for a busy machine, and less than the 5 s after which a driver gives a connect up; what it takes is printed
)
AT_MOST = 4
EACH = pytest.mark.parametrize("place", ["firebird", "postgres"], indirect=True)
Failing = type[BackendUnavailable] | type[BackendOutcomeUnknown]


@dataclass
class Hang:
    """What one test found: how long the call took, and how long until everything worked again."""

    place: Place
    record: Callable[[str, object], None]
    kind: str

    def fails(self, call: Callable[[float], object], error: Failing, deadline_s: float = DEADLINE_S) -> None:
        """The call ends with this problem, not before its deadline and not long after."""
        begun = time.monotonic()
        with pytest.raises(error):
            call(begun + deadline_s)
        self.took, self.deadline_s = time.monotonic() - begun, deadline_s
        assert deadline_s - 0.1 < self.took < deadline_s + SLACK_S

    def recovers(self, transport: Transport) -> None:
        """As many calls as there may be connections succeed side by side; then no connection is left behind."""
        begun = time.monotonic()
        with ThreadPoolExecutor(AT_MOST) as pool:
            for each in [pool.submit(transport.read, "who", {}, soon()) for _ in range(AT_MOST)]:
                assert len(each.result()) == 1
        again = time.monotonic() - begun
        rest = await_that(lambda: self.place.left() <= Keeping().ahead)
        transport.close()
        rest += await_that(lambda: self.place.left() == 0)
        transport_name = "native" if self.place.source.codec == "cp1252" else "odbc"
        self.record(
            "hang",
            f"{transport_name:<8}{self.kind:<40}problem after {self.took:5.2f} s (deadline {self.deadline_s} s), "
            f"{AT_MOST} calls at once after {again:5.2f} s, no connection left after {rest:5.2f} s",
        )


@pytest.fixture
def hang(place: Place, record_property: Callable[[str, object], None], request: pytest.FixtureRequest) -> Hang:
    kind = request.node.originalname.removeprefix("test_").replace("_", " ")
    return Hang(place, record_property, kind)


def ready(place: Place, source: Source | None = None) -> Transport:
    """Return a transport whose connections stand open."""
    transport = place.transport(source, at_most=AT_MOST)
    transport.open_ahead()
    await_that(lambda: sum(child.ready for child in read_idle(place)) == Keeping().ahead)
    return transport


def read_idle(place: Place) -> list[Any]:
    connections = place.used[-1]
    with connections._changed:
        connections._drop_dead()
        return list(connections._idle)


@EACH
def test_a_statement_that_runs_for_ever(place: Place, hang: Hang) -> None:
    """The driver waits for an answer that does not come, in a read."""
    transport = ready(place)
    hang.fails(lambda until: transport.read("forever", {}, until), BackendUnavailable)
    hang.recovers(transport)


@EACH
def test_a_blocked_lock(place: Place, hang: Hang) -> None:
    """A write waits for a row that another transaction holds: its outcome is unknown, and in truth it is undone."""
    source = place.source
    if isinstance(source, NativeSource):
        source = native(WaitingSource, source.address.dsn, source.user, source.password)
    transport = ready(place, source)
    with place.owner() as cursor:
        cursor.execute("update SLOT set HOLDER = 'reception' where ID = 1")
        step = Step("hold", {"id": 1, "holder": "A"})
        # Time enough to send the statement: what was not sent is not unknown.
        hang.fails(lambda until: transport.write([step], until), BackendOutcomeUnknown, deadline_s=2.0)
    hang.recovers(transport)
    assert place.rows("select HOLDER from SLOT where ID = 1")[0][0] is None


@EACH
def test_a_server_that_accepts_and_says_nothing(place: Place, hang: Hang) -> None:
    """Nobody answers the log-in; nothing was sent, so a write is not unknown."""
    with proxy_to("127.0.0.1", place.port) as proxy:
        proxy.silent = True
        transport = place.transport(place.through(proxy.port), at_most=AT_MOST)
        hang.fails(lambda until: transport.write([Step("hold", {"id": 1, "holder": "A"})], until), BackendUnavailable)
        proxy.silent = False
        hang.recovers(transport)


@EACH
def test_packets_that_are_dropped(place: Place, hang: Hang) -> None:
    """The queue of the listener is full, so that the knock itself gets no answer."""
    with deaf_proxy_to("127.0.0.1", place.port) as (proxy, heard):
        transport = place.transport(place.through(proxy.port), at_most=AT_MOST)
        hang.fails(lambda until: transport.write([Step("hold", {"id": 1, "holder": "A"})], until), BackendUnavailable)
        heard.set()
        hang.recovers(transport)


@EACH
def test_a_server_that_stops_in_an_answer(place: Place, hang: Hang) -> None:
    """Some bytes of the answer arrive, and never the rest."""
    with proxy_to("127.0.0.1", place.port) as proxy:
        transport = ready(place, place.through(proxy.port))
        proxy.forget(after=9000)
        hang.fails(lambda until: transport.read("many", {}, until), BackendUnavailable)
        hang.recovers(transport)


@EACH
def test_connections_that_were_forgotten(place: Place) -> None:
    """Those opened ahead are behind a firewall that forgot them: the call gets a fresh one in time, even a write."""
    with proxy_to("127.0.0.1", place.port) as proxy:
        transport = ready(place, place.through(proxy.port))
        proxy.forget()
        assert transport.write([Step("hold", {"id": 1, "holder": "A"})], soon()) == (({"outcome": "HELD"},),)
        assert transport.read("holder", {"id": 1}, soon()) == ({"holder": "A"},)


@EACH
def test_a_server_that_is_stopped(place: Place, hang: Hang) -> None:
    """Its processes do not run any more, and nothing closes their sockets."""
    transport = ready(place)
    with stopped(place.pids()):
        hang.fails(lambda until: transport.write([Step("hold", {"id": 1, "holder": "A"})], until), BackendUnavailable)
    hang.recovers(transport)


def test_a_server_that_dies_during_a_write_leaves_it_unknown(firebird: Place, firebird_server: FirebirdServer) -> None:
    """The write waits for a lock when the server is killed: no answer, long before the deadline, proves nothing."""
    source = firebird.source
    assert isinstance(source, NativeSource)
    transport = ready(firebird, native(WaitingSource, source.address.dsn, source.user, source.password))
    with ThreadPoolExecutor() as pool, suppress(DatabaseError), firebird.owner() as cursor:
        cursor.execute("update SLOT set HOLDER = 'reception' where ID = 1")
        call = pool.submit(transport.write, [Step("hold", {"id": 1, "holder": "A"})], soon(90))
        await_that(lambda: firebird.rows(firebird.running)[0][0] == 1)
        firebird_server.kill()
        error = call.exception(timeout=30)
        firebird_server.restart()
    assert isinstance(error, BackendOutcomeUnknown)
    assert transport.read("holder", {"id": 1}, soon()) == ({"holder": None},)


def test_a_locked_file_through_the_driver_of_sqlite(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Another connection has the file for itself, and the driver's own time-out is a minute."""
    path = tmp_path / "file.db"
    with ExitStack() as stack:
        other = sqlite3.connect(path, isolation_level=None)
        stack.callback(other.close)
        other.execute("create table slot (id integer)")
        place = Place(sqlite(str(path)), SQLITE, lambda: None, "", "", list, lambda _: sqlite(str(path)), 0)
        transport = place.transport(at_most=AT_MOST)
        stack.callback(transport.close)
        other.execute("begin exclusive")
        begun = time.monotonic()
        with pytest.raises(BackendUnavailable):
            transport.read("who", {}, begun + DEADLINE_S)
        took = time.monotonic() - begun
        assert DEADLINE_S - 0.1 < took < DEADLINE_S + SLACK_S
        other.execute("commit")
        begun = time.monotonic()
        with ThreadPoolExecutor(AT_MOST) as pool:
            for each in [pool.submit(transport.read, "who", {}, soon()) for _ in range(AT_MOST)]:
                assert each.result() == ({"n": 0},)
        again = time.monotonic() - begun
    record_property(
        "hang",
        f"{'odbc':<8}{'a locked file of sqlite':<40}problem after {took:5.2f} s (deadline {DEADLINE_S} s), {AT_MOST}"
        f" calls at once after {again:5.2f} s",
    )


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
