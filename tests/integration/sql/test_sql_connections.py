import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from adapters.firebird.native import NativeSource
from adapters.sql.ahead import Connections
from adapters.sql.child import NoAnswer
from adapters.sql.faults import Fault
from adapters.sql.messages import Failed, Job, Rows, Step
from simulators.intramed.server import FirebirdServer
from tests.integration.sql.places import Place, await_that, native, soon, statement
from tests.integration.sql.sources import BrokenSource, WitnessSource

WHO = Job((Step("who", {}),), writes=False)
EACH = pytest.mark.parametrize("place", ["firebird", "postgres"], indirect=True)


def who(connections: Connections, seconds: float = 20.0) -> int:
    """Return the number that the server gave the connection which answered."""
    reply = connections.call(WHO, soon(seconds))
    assert isinstance(reply, Rows), reply
    return int(reply.steps[0][0]["n"])


def ready(connections: Connections) -> int:
    """Return how many connections stand open ahead."""
    with connections._changed:
        connections._drop_dead()
        return sum(child.ready for child in connections._idle)


def end_all(connections: Connections) -> None:
    """End every worker by force, so that no test waits for the deadline of a call that never ends."""
    with connections._changed:
        for child in connections._all:
            child.kill()


@EACH
def test_as_many_are_opened_ahead_as_configured(place: Place) -> None:
    """No more, and before anybody has asked; the server counts the same."""
    connections = place.connections(ahead=3)
    connections.open_ahead()
    await_that(lambda: ready(connections) == 3)
    assert place.left() == 3
    connections.close()
    await_that(lambda: place.left() == 0)


@pytest.mark.parametrize("ahead", [0, 2])
@EACH
def test_no_connection_is_used_twice(place: Place, ahead: int) -> None:
    """Every one of forty calls, four at a time, sees an attachment that no other saw; opened ahead or on demand."""
    connections = place.connections(ahead=ahead)
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: who(connections), range(40)))
    assert len(set(seen)) == 40


@EACH
def test_a_call_takes_what_was_opened_ahead(place: Place) -> None:
    """The attachment that answers existed before the call, although a process without one was free as well."""
    connections = place.connections(ahead=1)
    with ThreadPoolExecutor(8) as pool:

        def several_were_needed() -> bool:
            list(pool.map(lambda _: who(connections), range(16)))
            return len(connections._all) > 1

        await_that(several_were_needed, 20)
    await_that(lambda: ready(connections) == 1 and len(connections._idle) > 1)
    await_that(lambda: place.left() == 1)
    column = "mon$attachment_id from mon$attachments where mon$user = 'SHIM_WRITE'"
    if place.source.codec == "utf-8":
        column = "pid from pg_stat_activity where usename = 'shim_test'"
    standing = place.rows(f"select {column}")
    assert [(who(connections),)] == [tuple(row) for row in standing]


def test_one_that_is_too_old_is_opened_anew(firebird: Place) -> None:
    """Nobody asks for two seconds; the attachment that then answers is not the one that stood first."""
    connections = firebird.connections(ahead=1, max_age_s=1.5)
    connections.open_ahead()
    await_that(lambda: ready(connections) == 1)
    query = "select mon$attachment_id from mon$attachments where mon$user = 'SHIM_WRITE'"
    first = firebird.rows(query)
    await_that(lambda: firebird.rows(query) not in ([], first))
    assert ready(connections) <= 1


def test_an_old_one_is_not_used_although_nobody_replaced_it(firebird: Place) -> None:
    """The keeper looks only once a second; a connection that came of age since is opened anew in the call."""
    connections = firebird.connections(ahead=1, max_age_s=60)
    connections.open_ahead()
    await_that(lambda: ready(connections) == 1)
    first = firebird.rows("select mon$attachment_id from mon$attachments where mon$user = 'SHIM_WRITE'")
    with connections._changed:
        connections._idle[0].asked_at = time.monotonic() - 61
        connections._tend = lambda: None  # type: ignore[method-assign] # the keeper is busy elsewhere
    assert [(who(connections),)] != first


def test_a_dead_one_is_replaced_before_anything_is_sent(firebird: Place, firebird_server: FirebirdServer) -> None:
    """The server was restarted since: neither a read nor a write notices, and both are executed once."""
    connections = firebird.connections()
    connections.open_ahead()
    await_that(lambda: ready(connections) == 2)
    firebird_server.kill()
    firebird_server.restart()
    assert isinstance(connections.call(Job((Step("hold", {"id": 1, "holder": "A"}),), writes=True), soon()), Rows)
    assert who(connections)
    assert firebird.rows("select HOLDER from SLOT where ID = 1") == [("A",)]


def test_a_worker_that_died_is_replaced_before_anything_is_sent(firebird: Place) -> None:
    """The processes of all connections opened ahead were killed: the next call does not notice."""
    connections = firebird.connections()
    connections.open_ahead()
    await_that(lambda: ready(connections) == 2)
    with connections._changed:
        for child in connections._idle:
            child._process.kill()
    assert who(connections)
    await_that(lambda: ready(connections) == 2)


def test_calls_beyond_the_limit_wait_and_are_served(firebird: Place) -> None:
    """Sixteen calls on two connections: all are served, and the server never saw more than the two, and none ahead."""
    connections = firebird.connections(ahead=0, at_most=2)
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(who, connections) for _ in range(16)]
        assert firebird.left() <= 2
        assert len({call.result() for call in calls}) == 16
    assert len(connections._all) <= 2


def test_a_call_beyond_the_limit_waits_no_longer_than_its_deadline(firebird: Place) -> None:
    """Both connections are busy for ever; the third call is told in time that nothing was sent."""
    connections = firebird.connections(at_most=2)
    with ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(connections.call, Job((Step("forever", {}),), writes=False), soon(90)) for _ in range(2)]
        await_that(lambda: firebird.rows(firebird.running)[0][0] == 2)
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match="no connection was free") as refused:
            connections.call(WHO, begun + 0.3)
        assert time.monotonic() - begun < 30
        assert not refused.value.sent
        assert not any(call.done() for call in busy)
        end_all(connections)
        for call in busy:
            assert isinstance(call.exception(timeout=30), NoAnswer)
    assert who(connections)


def test_a_closed_desk_refuses_and_leaves_nothing(firebird: Place) -> None:
    """A call in flight goes on; one that waits and one that comes later are refused; no process is left."""
    connections = firebird.connections(at_most=1, ahead=0)
    with ThreadPoolExecutor(2) as pool:
        busy = pool.submit(connections.call, Job((Step("forever", {}),), writes=False), soon(90))
        await_that(lambda: firebird.rows(firebird.running)[0][0] == 1)
        waiting = pool.submit(connections.call, WHO, soon(90))
        await_that(lambda: connections._waiting == 1)
        connections.close()
        assert isinstance(waiting.exception(timeout=30), NoAnswer)
        assert not busy.done()
        end_all(connections)
        assert isinstance(busy.exception(timeout=30), NoAnswer)
    with pytest.raises(NoAnswer, match="closed"):
        connections.call(WHO, soon())
    connections.close()
    assert not connections._all


def test_what_fails_before_it_is_sent_says_so(firebird: Place) -> None:
    """A driver that is missing fails each call with the kind of error and without its text; the worker lives on."""
    source = firebird.source
    assert isinstance(source, NativeSource)
    broken = native(BrokenSource, source.address.dsn, source.user, "")
    reply = firebird.connections(broken).call(Job((Step("hold", {"id": 1, "holder": "A"}),), writes=True), soon())
    assert isinstance(reply, Failed)
    assert (reply.fault, reply.sent) == (Fault.OTHER, False)
    assert "ModuleNotFoundError" in reply.reason
    assert "Jansen" not in reply.reason


def test_a_worker_has_the_environment_of_now(firebird: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fork server was started before; a client library reads where its files are when it is loaded."""
    who(firebird.connections())
    monkeypatch.setenv("SHIM_WITNESS", "yes")
    source = firebird.source
    assert isinstance(source, NativeSource)
    assert who(firebird.connections(native(WitnessSource, source.address.dsn, source.user, source.password)))


def test_a_keeper_that_stumbles_goes_on(firebird: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else starts processes: without it every later call would only wait for its deadline."""
    connections = firebird.connections()
    tend, stumbled = connections._tend, [False]

    def stumble() -> None:
        if not stumbled[0]:
            stumbled[0] = True
            raise ValueError("something nobody thought of")
        tend()

    monkeypatch.setattr(connections, "_tend", stumble)
    who(connections)
    assert stumbled[0]


def test_too_many_rows_are_refused(firebird: Place) -> None:
    """A statement that forgot its condition does not fill the service's memory."""
    reply = firebird.connections().call(Job((Step("many", {}),), writes=False), soon(10))
    assert isinstance(reply, Failed)
    assert (reply.fault, reply.reason) == (Fault.FORBIDDEN, "it gives more than 10000 rows")


def test_a_write_that_says_nothing_is_undone(firebird: Place) -> None:
    """A procedure without a suspend in one branch: what it did is rolled back and told as not executed."""
    with firebird.owner(commit=True) as cursor:
        cursor.execute(
            "create procedure SILENT (ID integer) returns (OUTCOME varchar(10)) as begin "
            "update SLOT set HOLDER = 'SILENT' where ID = :ID; if (1 = 0) then suspend; end"
        )
    with firebird.owner(commit=True) as cursor:
        cursor.execute("grant execute on procedure SILENT to public")
        cursor.execute("grant update, select on SLOT to procedure SILENT")
    silent = statement("silent", "select OUTCOME from SILENT(:id)", "id", outcome="text")
    place = replace(firebird, statements={**firebird.statements, "silent": silent})
    reply = place.connections().call(Job((Step("silent", {"id": 1}),), writes=True), soon())
    assert isinstance(reply, Failed)
    assert reply.fault is Fault.FORBIDDEN
    assert firebird.rows("select count(*) from SLOT where HOLDER = 'SILENT'")[0][0] == 0
