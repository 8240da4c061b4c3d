"""Faults that spoil the reply after the work was done: the ledger has it, the client cannot know."""

import time
from datetime import datetime
from typing import Any

import pytest
import requests
import zeep.exceptions
from lxml import etree

from simulators.planon.control import SimulatorControl
from simulators.planon.faults import OPERATIONS
from tests.integration.planon_simulator.raw import Caller, until

WRITES = ("incident", "note")
RECORD = [
    *("syscode", "incidentNumber", "externalReference", "tenantId", "mandant", "status", "priority"),
    *("reportedOn", "description", "slaStart", "slaDue"),
]


def committed(control: SimulatorControl) -> tuple[int, int]:
    tally = control.tally()
    return tally["incidents"], tally["notes"]


def after(operation: str) -> tuple[int, int]:
    """What is committed when that operation was executed behind the fixture's incident."""
    return {"incident": (2, 0), "note": (1, 1)}.get(operation, (1, 0))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_lost_reply(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """Executed, and the connection breaks before the first byte."""
    control.apply(lose_reply={"times": 1, "on": [operation]})
    with pytest.raises(requests.ConnectionError, match="reset"):
        caller.call(operation)
    assert committed(control) == after(operation)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_truncated_reply(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """Executed; half of the reply arrives, then the end."""
    control.apply(truncate_reply={"times": 1, "on": [operation]})
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=r"IncompleteRead\([1-9]"):
        caller.call(operation)
    assert committed(control) == after(operation)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_reply_that_stalls(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """Executed; the head and half of the body arrive, then silence."""
    control.apply(stall_reply={"times": 1, "on": [operation]})
    with pytest.raises(requests.ConnectionError, match="Read timed out"):
        caller.call(operation, timeout_s=0.6)
    assert committed(control) == after(operation)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_error_with_the_status_of_a_success(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """Executed; the body is AppSuite's Fault or a SOAP fault."""
    control.apply(error_200={"times": 1, "on": [operation]})
    answer = caller.call(operation)
    root = etree.fromstring(answer.content)
    assert answer.status_code == 200
    if operation == "incident":
        assert root.tag == "{urn:appsuite:reply:1}Fault"
    else:
        assert root.findtext("{*}Body/{*}Fault/faultstring") == "Save failed"
    assert committed(control) == after(operation)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_element_that_no_schema_knows(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """The reply is otherwise the same."""
    usual = caller.call(operation) if operation not in {*WRITES, "logout"} else None
    before = committed(control)
    control.apply(unknown_element={"times": 1, "on": [operation]})
    answer = caller.call(operation)
    (unknown,) = etree.fromstring(answer.content).iterfind(".//{*}releaseInfo")
    parent = unknown.getparent()
    assert parent is not None
    parent.remove(unknown)
    if usual is not None and operation != "login":
        assert etree.tostring(parent) == etree.tostring(etree.fromstring(usual.content).findall(f".//{parent.tag}")[-1])
    assert (answer.status_code, committed(control) != before) == (200, operation in WRITES)


def test_zeep_does_not_take_an_unknown_element(soap: Any, caller: Caller, control: SimulatorControl) -> None:
    """The reason for this fault."""
    control.apply(unknown_element={"times": 1, "on": ["read"]})
    with pytest.raises(zeep.exceptions.XMLParseError):
        soap.Incident.read(caller.session, 1001)


def names(answer: requests.Response) -> list[str]:
    (record,) = etree.fromstring(answer.content).iterfind(".//{*}return")
    return [etree.QName(element).localname for element in record]


def test_elements_in_another_order(caller: Caller, control: SimulatorControl) -> None:
    """Reads only, unless told: every other reply has one element at most. Nothing is lost."""
    assert names(caller.call("read")) == RECORD
    control.apply(reorder=1)
    assert caller.call("incident").status_code == 200
    assert names(caller.call("read")) == RECORD[::-1]
    assert names(caller.call("read")) == RECORD


def test_dates_that_are_none(soap: Any, caller: Caller, control: SimulatorControl) -> None:
    """Every date of a record becomes a text, which zeep reads as None; the rest stays."""
    caller.call("note")
    control.apply(bad_date=3)
    dates = [element.text for element in etree.fromstring(caller.call("read").content).iter("{*}slaDue", "{*}slaStart")]
    assert dates == ["niet bekend"] * 2
    record = soap.Incident.read(caller.session, 1001)
    assert (record.reportedOn, record.slaDue, record.incidentNumber) == (None, None, "INC-000001")
    assert soap.CommunicationLog.read(caller.session, 500_001).reportedAt is None
    assert soap.Incident.read(caller.session, 1001).slaDue == datetime.fromisoformat("2026-11-20T06:14:03+01:00")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_slow_answer(caller: Caller, control: SimulatorControl, operation: str) -> None:
    """The work is done before the wait, the answer is whole and late; a client may have given up by then."""
    control.apply(slow={"times": 1, "after_s": 0.4, "on": [operation]})
    began = time.monotonic()
    assert caller.call(operation).status_code == 200
    assert time.monotonic() - began >= 0.4
    assert committed(control) == after(operation)
    control.apply(calm=True, slow={"after_s": 60, "on": [operation]})
    with pytest.raises(requests.ReadTimeout):
        caller.call(operation, timeout_s=0.3)
    assert until(lambda: sum(committed(control)) == sum(after(operation)) + (operation in WRITES))


def test_the_plain_latency_follows_the_key_on(caller: Caller, control: SimulatorControl) -> None:
    """Every request of those operations, beside any fault; it is no fault itself."""
    control.apply(answer_after_s=0.1, on=["note", "read"], html_502={"times": 1, "on": ["read"]})
    for operation in ("note", "read", "note", "read"):
        began = time.monotonic()
        caller.call(operation)
        assert time.monotonic() - began >= 0.1
    control.apply(answer_after_s=60)
    assert caller.call("incident").status_code == 200
    assert [row["faults"] for row in control.notes()] == [[], []]


def test_a_refusal_is_not_spoiled(caller: Caller, control: SimulatorControl) -> None:
    """An answer that is no success already is left as it is."""
    control.apply(error_200=1, unknown_element=1)
    answer = caller.call("incident", BO_PRIORITY="9")
    assert (answer.status_code, etree.fromstring(answer.content).findtext("{*}Code")) == (400, "SCHEMA_VIOLATION")
