"""A campaign's load: many connections, thousands of records, and no thread that outlives its client."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import perf_counter

import pytest
import requests

from simulators.planon.control import SimulatorControl
from simulators.planon.ledger import Ledger
from simulators.planon.reference import reference
from simulators.planon.simulator import PlanonSimulator
from simulators.planon.sla import SlaEngine
from tests.integration.planon_simulator.raw import NOTE, Caller, until


def handlers() -> int:
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


def test_sixteen_clients_at_once(caller: Caller, control: SimulatorControl) -> None:
    """Every answer is a commit, every number and every place in the order is given once."""

    def report(number: int) -> int:
        return caller.call("incident", BO_EXTERNAL_REF=f"DEMO-{number}").status_code

    with ThreadPoolExecutor(16) as pool:
        assert Counter(pool.map(report, range(320))) == {200: 320}
    rows = control.incidents()
    assert [row["commit"] for row in rows] == list(range(1, 322))
    assert len({row["external_ref"] for row in rows}) == len({row["incident_number"] for row in rows}) == 321


def test_a_burst_is_not_refused(simulator: PlanonSimulator) -> None:
    """Two hundred connections in the same moment."""
    with ThreadPoolExecutor(200) as pool:
        calls = pool.map(lambda _: requests.get(simulator.url, timeout=60).status_code, range(400))
        assert Counter(calls) == {404: 400}


@pytest.mark.parametrize("fault", ["stall", "stall_reply"])
def test_a_stall_ends_with_its_client(caller: Caller, control: SimulatorControl, fault: str) -> None:
    """A client that gives up leaves no thread behind, although the fault goes on."""
    until(lambda: handlers() == 0)
    control.apply(**{fault: True})

    def give_up(_: int) -> None:
        with pytest.raises((requests.ReadTimeout, requests.ConnectionError)):
            caller.call("incident", timeout_s=0.1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(give_up, range(40)))
    assert until(lambda: handlers() == 0)


def test_a_late_commit_needs_no_thread_of_its_own(caller: Caller, control: SimulatorControl) -> None:
    """The connection is gone, the work is still to come."""
    until(lambda: handlers() == 0)
    control.apply(commit_late={"times": 20, "after_s": 600})
    for _ in range(20):
        with pytest.raises(requests.ReadTimeout):
            caller.call("incident", timeout_s=0.05)
    assert until(lambda: handlers() == 0)


def test_looking_up_does_not_slow_down_with_the_ledger() -> None:
    """The quickest of ten rounds among 20,000 records against that among 200: by index, not by scan."""
    seconds = []
    for size in (200, 20_000):
        ledger = Ledger(SlaEngine(reference()), lambda: datetime.now(UTC))
        for number in range(size):
            ledger.commit_incident({"BO_EXTERNAL_REF": f"R-{number}"})
        seconds.append(min(look_up_and_note(ledger, size) for _ in range(10)))
    assert seconds[1] < 20 * seconds[0]  # a scan takes a hundred times as long


def look_up_and_note(ledger: Ledger, size: int) -> float:
    began = perf_counter()
    for number in range(0, size, size // 100):
        assert ledger.find_incidents({"EXTERNAL_REF": f"R-{number}"}) == [1001 + number]
        assert ledger.incident(1001 + number)
        assert ledger.commit_note(NOTE | {"INCIDENT_NUMBER": f"INC-{number + 1:06}"})
    return perf_counter() - began
