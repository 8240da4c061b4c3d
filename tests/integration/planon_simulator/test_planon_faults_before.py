"""Faults that answer, or keep silent, instead of working: nothing is stored."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from lxml import etree

from simulators.planon.control import SimulatorControl
from simulators.planon.faults import NATURES, OPERATIONS, Fault, Stage
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon_simulator.raw import Caller

WRITES = ("incident", "note")
SILENT = {Fault.STALL, Fault.RESET}
ANSWERED = [fault for fault in Fault if NATURES[fault].stage is Stage.BEFORE and fault not in SILENT]

ENVELOPE_11 = "{http://schemas.xmlsoap.org/soap/envelope/}"
ENVELOPE_12 = "{http://www.w3.org/2003/05/soap-envelope}"


def fault_11(answer: requests.Response) -> str | None:
    root = etree.fromstring(answer.content)
    assert root.tag == f"{ENVELOPE_11}Envelope"
    assert answer.headers["Content-Type"].startswith("text/xml")
    return root.findtext(f"{ENVELOPE_11}Body/{ENVELOPE_11}Fault/faultstring")


def fault_12(answer: requests.Response) -> str | None:
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    found = etree.fromstring(answer.content).find(f"{ENVELOPE_12}Body/{ENVELOPE_12}Fault/{ENVELOPE_12}Code")
    return None if found is None else found.findtext(f"{ENVELOPE_12}Value")


def page(answer: requests.Response) -> str | None:
    assert answer.headers["Content-Type"] == "text/html"
    return etree.fromstring(answer.content).findtext("head/title")  # well-formed, so a parser of XML takes it


def retry_after(answer: requests.Response) -> str | None:
    return answer.headers["Retry-After"]


SHOWN: dict[Fault, tuple[int, Callable[[requests.Response], str | None], str]] = {
    Fault.THROTTLE: (429, retry_after, "1"),
    Fault.HTML_401: (401, page, "401 Unauthorized"),
    Fault.HTML_502: (502, page, "502 Bad Gateway"),
    Fault.EXPIRED: (500, fault_11, "Session is not valid"),
    Fault.UNKNOWN_FAULT: (500, fault_11, "unknown"),
    Fault.SOAP12_FAULT: (500, fault_12, "env:Receiver"),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", ANSWERED)
def test_it_answers_instead_of_working(caller: Caller, control: SimulatorControl, fault: Fault, operation: str) -> None:
    """Once, on the operation that it was given, with nothing stored; the next request is served again."""
    if operation not in NATURES[fault].operations:
        with pytest.raises(requests.HTTPError):
            control.apply(**{fault: {"times": 1, "on": [operation]}})
        return
    control.apply(**{fault: {"times": 1, "on": [operation]}})
    status, seen, text = SHOWN[fault]
    answer = caller.call(operation)
    assert (answer.status_code, seen(answer)) == (status, text)
    assert (len(control.incidents()), control.notes()) == (1, [])
    caller.log_in()
    assert caller.call(operation).status_code == 200
    assert control.tally()["struck"] == {fault: {operation: 1}}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_reset_executes_nothing(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """The connection breaks after the request was read, and the ledger stays as it was."""
    control.apply(reset={"times": 1, "on": [operation]})
    with pytest.raises(requests.ConnectionError, match="reset"):
        caller.call(operation)
    assert (len(control.incidents()), control.notes()) == (1, [])
    assert caller.call(operation).status_code == 200


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_stall_can_be_given_to_one_operation(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """Silence there, answers everywhere else."""
    control.apply(stall={"on": [operation]})
    with pytest.raises(requests.ReadTimeout):
        caller.call(operation, timeout_s=0.2)
    other = "read" if operation != "read" else "find"
    assert caller.call(other).status_code == 200


def test_a_stall_strikes_everything_unless_told(caller: Caller, control: SimulatorControl) -> None:
    """Reads and log-ins too, whatever the key `on` says."""
    control.apply(stall=2)
    for operation in ("login", "find"):
        with pytest.raises(requests.ReadTimeout):
            caller.call(operation, timeout_s=0.2)
    assert caller.call("find").status_code == 200


@pytest.mark.parametrize(("told", "header"), [(7, "7"), (0.2, "1")])
def test_throttling_says_how_long(caller: Caller, control: SimulatorControl, told: float, header: str) -> None:
    """Retry-After has whole seconds, rounded up."""
    control.apply(throttle={"times": 1, "retry_after_s": told})
    assert caller.call("incident").headers["Retry-After"] == header


def test_an_expired_session_stays_expired(caller: Caller, control: SimulatorControl) -> None:
    """The fault is struck once; the session that it met is gone for good, a new one works."""
    control.apply(expired={"times": 1, "on": ["find"]})
    for _ in range(2):
        assert fault_11(caller.call("find")) == "Session is not valid"
    caller.log_in()
    assert caller.call("find").status_code == 200
    assert control.tally()["struck"] == {"expired": {"find": 1}}


def test_down_can_only_be_switched(simulator: PlanonSimulator) -> None:
    """A port that refuses has no requests to count."""
    for value in (1, {"probability": 0.5}, {"on": ["find"]}):
        changes: dict[str, Any] = {"down": value}
        with pytest.raises(ValueError, match="down cannot be"):
            simulator.apply(changes)
