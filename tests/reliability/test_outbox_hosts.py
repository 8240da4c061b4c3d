"""Several shims and workers on several hosts share one PostgreSQL, and nothing is sent twice or too fast."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

from simulators.process import Program, state_of
from tests.integration.shim.site import until
from tests.reliability.fleet import LIMIT, Fleet, running_fleet

LEASE_S: Final = 2.5
HOSTS: Final = ("oak", "elm")
PROBE_S: Final = 0.8
PROBES: Final = 3
OUTBOX: Final = {"breaker_after": 3, "probe_s": PROBE_S, "ramp_s": 0.2}
_ABANDONED: Final = """SELECT count(*) FROM attempt_outcome WHERE evidence LIKE 'the process ended%'"""


class Workers:
    """One worker process on each of some hosts."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        with ThreadPoolExecutor() as pool:
            self.on: dict[str, Program] = dict(zip(HOSTS, pool.map(self._start, HOSTS), strict=True))

    def _start(self, host: str) -> Program:
        program = ("tests.reliability.elsewhere", host, str(LEASE_S))
        return self._fleet.start(host, "outbox", "work", program=program)

    def holding(self) -> str:
        """Return a host whose worker has an attempt under way."""
        processes = self._fleet.column("SELECT process FROM owner WHERE name IN (SELECT owner FROM entry)")
        return str(processes[0]).split()[0]

    def replace(self, host: str) -> None:
        """Start another one where one was killed."""
        self.on[host] = self._start(host)

    @contextmanager
    def paused(self, host: str) -> Iterator[None]:
        """Stop a worker as a host stops that is suspended, until the block ends."""
        pid = self.on[host].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda: state_of(pid), lambda state: state == "T")
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


def test_hosts_share_one_outbox(tmp_path: Path, create_database: Callable[[], str]) -> None:
    """A worker is killed, a host paused, Planon out of reach: all arrives once, and never too many at a time."""
    with running_fleet(tmp_path, create_database(), **OUTBOX) as fleet:
        with ThreadPoolExecutor() as pool:
            services = list(pool.map(fleet.serve, ("service-1", "service-2")))
        workers = Workers(fleet)
        fleet.planon.apply(answer_after_s=0.1)

        _report_through_both(fleet, services, "rustig", 12)
        fleet.await_delivered()
        assert fleet.column(_ABANDONED) == [0]  # a process of another host lives for as long as its lease

        _kill_one(fleet, services, workers)
        _pause_one(fleet, services, workers)
        assert fleet.gauge.most == LIMIT
        _probe_together(fleet, services)

        counted, reported = fleet.records()
        assert counted == dict.fromkeys(fleet.reported, 1)
        assert reported == fleet.reported
        assert fleet.gauge.most == LIMIT
        assert fleet.defects() == []


def _report_through_both(fleet: Fleet, services: list[str], name: str, count: int) -> None:
    """Report incidents of which half go to both services at once, under one Idempotency-Key."""
    both = [(service, f"{name}-beide-{number:02}") for number in range(count // 2) for service in services]
    one = [(services[number % 2], f"{name}-een-{number:02}") for number in range(count - count // 2)]
    for _, summary in both + one:
        fleet.reported_at(summary)
    with ThreadPoolExecutor(8) as pool:
        deliveries = list(pool.map(lambda asked: fleet.report(*asked), both + one))
    asked_twice = deliveries[: len(both)]
    assert asked_twice[::2] == asked_twice[1::2]
    assert len(set(deliveries)) == count


def _kill_one(fleet: Fleet, services: list[str], workers: Workers) -> None:
    """A worker dies while Planon works for it; the other host finds out by its lease, and asks Planon."""
    with fleet.gauge.holding():
        _report_through_both(fleet, services, "gedood", 6)
        fleet.await_held()
        host = workers.holding()
        abandoned = _held_by(fleet, host)
        workers.on[host].kill()
    workers.replace(host)
    fleet.await_delivered()
    assert fleet.column(_ABANDONED) == [len(abandoned)]
    assert _found(fleet, abandoned)


def _pause_one(fleet: Fleet, services: list[str], workers: Workers) -> None:
    """A host is suspended for longer than its lease; what it writes afterwards is fenced."""
    before = fleet.column(_ABANDONED)[0]
    with fleet.gauge.holding():
        _report_through_both(fleet, services, "gepauzeerd", 6)
        fleet.await_held()
        host = workers.holding()
        with workers.paused(host):
            abandoned = _held_by(fleet, host)
            fleet.gauge.release()
            fleet.await_delivered()
            assert fleet.column(_ABANDONED) == [before + len(abandoned)]
            assert _found(fleet, abandoned)
    until(lambda: fleet.told(host, "came too late"), lambda lines: lines == len(abandoned))


def _held_by(fleet: Fleet, host: str) -> list[str]:
    held = "SELECT id FROM entry JOIN owner ON owner.name = entry.owner WHERE owner.process LIKE :host"
    return [str(entry) for entry in fleet.column(held, host=f"{host} %")]


def _found(fleet: Fleet, entries: list[str]) -> bool:
    """Whether Planon was asked for each of them, and had it."""
    found = "SELECT id FROM entry JOIN attempt_outcome ON entry_seq = seq WHERE evidence = 'found by its reference'"
    return set(entries) <= set(fleet.column(found))


def _probe_together(fleet: Fleet, services: list[str]) -> None:
    """Planon is out of reach: all workers together make one attempt per interval, and tell of it once."""
    fleet.gauge.refusing = True
    _report_through_both(fleet, services, "storing", 8)
    until(lambda: fleet.column("SELECT count(*) FROM alert"), lambda alerts: alerts == [1])
    opened, began = len(fleet.gauge.refused), time.monotonic()
    until(lambda: len(fleet.gauge.refused), lambda refused: refused >= opened + PROBES)
    open_s = time.monotonic() - began
    probes = len(fleet.gauge.refused) - opened
    assert probes <= open_s / PROBE_S + LIMIT  # as many may have been on their way when it opened
    fleet.gauge.refusing = False
    fleet.await_delivered()
    assert fleet.column("SELECT kind FROM alert ORDER BY at") == ["opened", "closed"]
    starts = fleet.column(
        "SELECT started_at FROM attempt, alert WHERE kind = 'opened' AND started_at > at ORDER BY started_at"
    )
    assert min(later - earlier for earlier, later in pairwise(starts[:PROBES])) >= PROBE_S * 1000 - 1
