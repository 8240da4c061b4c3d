import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.firebird.native import NativeSource
from adapters.sql.ahead import Connections
from adapters.sql.child import Child, NoAnswer
from adapters.sql.messages import Job, Rows, Step
from contracts.errors import BackendOutcomeUnknown, BackendUnavailable
from tests.integration.sql.places import Place, await_that, native, soon
from tests.integration.sql.sources import CrashingSource

REPOSITORY = Path(__file__).resolve().parents[3]
WHO = Job((Step("who", {}),), writes=False)
FOREVER = Job((Step("forever", {}),), writes=False)
HOLD = Step("hold", {"id": 1, "holder": "A"})
EACH = pytest.mark.parametrize("place", ["firebird", "postgres"], indirect=True)
_SERVICE = """
import pickle, sys, threading, time
from adapters.sql.ahead import Connections, Keeping
from adapters.sql.messages import Job, Step

def until(holds, connections):
    last = time.monotonic() + 20
    while not holds():
        if time.monotonic() > last: sys.exit("it never came")
        time.sleep(0.01)
        with connections._changed: connections._drop_dead()

def main():
    source, statements = pickle.load(sys.stdin.buffer)
    connections = Connections(source, statements, Keeping())
    job = Job((Step("forever", {}),), writes=False)
    def ask():
        try: print(connections.call(job, time.monotonic() + float(sys.argv[1])), flush=True)
        except Exception as error: print(type(error).__name__, error.sent, flush=True)
    connections.open_ahead()
    until(lambda: sum(child.ready for child in connections._idle) == 2, connections)
    threading.Thread(target=ask, daemon=True).start()
    until(lambda: len(connections._all) > len(connections._idle), connections)
    print(*(child.pid for child in connections._all), flush=True)
    sys.stdin.read() if sys.argv[2] == "stay" else None

if __name__ == "__main__":
    import signal
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    main()
"""


def busy_pid(connections: Connections) -> int:
    """Return the process that serves the only call."""
    await_that(lambda: len(connections._all - set(connections._idle)) == 1)
    with connections._changed:
        (child,) = connections._all - set(connections._idle)
    return int(child.pid)


def gone(pid: int) -> bool:
    """Whether there is no such process any more; one that nobody waited for is gone too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@EACH
def test_a_crash_fails_that_one_call(place: Place) -> None:
    """A worker is killed in the middle of a statement; the calls beside it and after it are answered."""
    connections = place.connections()
    with ThreadPoolExecutor() as pool:
        crashed = pool.submit(connections.call, FOREVER, soon(90))
        await_that(lambda: place.rows(place.running)[0][0] == 1)
        pid = busy_pid(connections)  # only now: a worker that is slow to begin is replaced by another
        beside = pool.submit(connections.call, WHO, soon())
        assert isinstance(beside.result(), Rows)
        os.kill(pid, signal.SIGSEGV)
        error = crashed.exception(timeout=30)
    assert isinstance(error, NoAnswer)
    assert isinstance(connections.call(WHO, soon()), Rows)
    await_that(lambda: place.left() <= 2)


def test_a_driver_that_crashes_leaves_a_write_unknown_and_a_read_unavailable(firebird: Place) -> None:
    """Native code ends the process while a statement is out: nothing is retried behind the caller's back."""
    source = firebird.source
    assert isinstance(source, NativeSource)
    crashing = native(CrashingSource, source.address.dsn, source.user, source.password)
    transport = firebird.transport(crashing)
    with pytest.raises(BackendUnavailable, match="ended in the call"):
        transport.read("crash", {}, soon())
    with pytest.raises(BackendOutcomeUnknown, match="ended in the call"):
        transport.write([HOLD, Step("crash", {})], soon())
    assert transport.read("holder", {"id": 1}, soon()) == ({"holder": None},)


def counted(place: Place) -> tuple[int, int]:
    """Return how many descriptors, beside those of workers, and attachments there are once all is quiet."""
    connections = place.used[-1]

    def quiet() -> bool:
        with connections._changed:
            connections._drop_dead()
            idle = connections._idle
            return sum(child.ready for child in idle) == 2 and all(child.busy_since is None for child in idle)

    await_that(quiet)
    return (
        len(list(Path("/proc/self/fd").iterdir())) - len(connections._all) * 3,
        place.left(),
    )


@pytest.mark.torture
@EACH
def test_nothing_leaks(place: Place, full_length: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Descriptors, processes and attachments are as many after 300 calls (10,000 in full) as after the first ones."""
    count = 10_000 if full_length else 300
    if place.source.codec == "utf-8" and not full_length:
        count = 100  # a connection through this driver takes 20 ms
    connections = place.connections(at_most=4)
    pids: set[int] = set()  # of its own processes; other tests keep some too, and replace them by their age
    shelve = connections._shelve

    def shelve_noted(child: Child) -> None:
        pids.add(child.pid)
        shelve(child)

    monkeypatch.setattr(connections, "_shelve", shelve_noted)
    connections.call(WHO, soon())
    pool = ThreadPoolExecutor(4)
    list(pool.map(lambda _: connections.call(WHO, soon(30)), range(20)))
    descriptors, attachments = counted(place)
    list(pool.map(lambda _: connections.call(WHO, soon(30)), range(count)))
    for number in range(3):
        with pytest.raises(NoAnswer):
            connections.call(FOREVER, soon(0.1))
        assert isinstance(connections.call(WHO, soon()), Rows), number
    await_that(lambda: place.left() <= attachments)  # PostgreSQL looks for dead clients ten times a second
    after, _ = counted(place)
    pool.shutdown()
    assert after <= descriptors  # fewer when what an earlier test left is collected meanwhile
    await_that(lambda: sum(not gone(pid) for pid in pids) == len(connections._all))
    assert 2 <= len(connections._all) <= 4
    assert len(pids) > 4  # those that were killed are among them


@pytest.mark.parametrize("place", ["firebird", "postgres"], indirect=True)
def test_workers_end_with_a_service_that_is_killed(place: Place) -> None:
    """Also one that its driver holds; soon neither process nor attachment is left, though the call lasts a minute."""
    with service(place, "60", "stay") as process:
        pids = pids_of(process)
        assert len(pids) >= 2
        await_that(lambda: place.rows(place.running)[0][0] == 1)
        assert not any(gone(pid) for pid in pids)
        process.kill()
        await_that(lambda: all(gone(pid) for pid in pids))
        await_that(lambda: place.left() == 0)


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_to_the_group_spares_a_call_in_flight(firebird: Place, which: signal.Signals) -> None:
    """The service decides when to end; its workers do not die under it."""
    with service(firebird, "1.5", "stay") as process:
        pids = pids_of(process)
        os.killpg(process.pid, which)
        assert process.stdout is not None
        assert process.stdout.readline() == b"NoAnswer True\n"  # its deadline came, and nothing before that
        await_that(lambda: any(gone(pid) for pid in pids))
        assert sum(gone(pid) for pid in pids) == 1


def test_a_service_that_forgets_to_close_can_end(firebird: Place) -> None:
    """With a call in a daemon thread and connections ahead the interpreter ends by itself, and so do the workers."""
    with service(firebird, "60", "go") as process:
        pids = pids_of(process)
        assert process.wait(timeout=30) == 0
        await_that(lambda: all(gone(pid) for pid in pids))


@contextmanager
def service(place: Place, seconds: str, stay: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a service in its own process group, with one call in flight and two connections ahead."""
    path = Path(os.environ["FIREBIRD"]).parent / "service.py"
    path.write_text(_SERVICE, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(path), seconds, stay],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    assert process.stdin is not None
    process.stdin.write(pickle.dumps((place.source, dict(place.statements))))
    process.stdin.flush()
    with process:
        try:
            yield process
        finally:
            process.kill()


def pids_of(process: "subprocess.Popen[bytes]") -> list[int]:
    """Return the workers that the service names."""
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert pids, "the service did not come up"
    return pids
