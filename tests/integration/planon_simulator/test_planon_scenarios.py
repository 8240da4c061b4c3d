import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon_simulator.raw import replicated, until

Post = Callable[..., requests.Response]


def test_down_refuses_connections_and_comes_back_on_the_same_port(
    simulator: PlanonSimulator, control: SimulatorControl, post: Post
) -> None:
    """The service port refuses, the ledger survives, and the address is the same afterwards."""
    address = simulator.url
    post()
    control.apply(down=True)
    for _ in range(20):
        with pytest.raises(requests.ConnectionError) as refused:
            requests.post(f"{address}/appsuite/incident", data=b"", timeout=30)
        assert "refused" in str(refused.value)
    assert len(control.incidents()) == 1
    control.apply(down=False)
    assert simulator.url == address
    assert post().status_code == 200


def test_down_cuts_connections_that_are_open(simulator: PlanonSimulator, control: SimulatorControl) -> None:
    """A kept-alive connection does not outlive the outage."""
    connection = HTTPConnection(urlsplit(simulator.url).netloc, timeout=30)
    with closing(connection):
        connection.request("GET", "/")
        connection.getresponse().read()
        assert connection.sock is not None
        control.apply(down=True)
        assert connection.sock.recv(1) == b""


def test_connections_are_kept_alive(simulator: PlanonSimulator) -> None:
    """Two requests travel over one connection."""
    connection = HTTPConnection(urlsplit(simulator.url).netloc, timeout=30)
    with closing(connection):
        sockets = set()
        for _ in range(2):
            connection.request("GET", "/")
            connection.getresponse().read()
            assert connection.sock is not None
            sockets.add(connection.sock.getsockname())
    assert len(sockets) == 1


def test_a_dropped_incident_has_a_number_and_no_record(post: Post, control: SimulatorControl) -> None:
    """The answer looks the same; the ledger stays empty."""
    control.apply(drop_incidents=True)
    assert b"INC-000001" in post().content
    assert control.incidents() == []


def test_a_lost_reply_is_committed_and_reset(post: Post, control: SimulatorControl) -> None:
    """The client sees a reset connection, once per count; the ledger has every one of them."""
    control.apply(lose_reply=2)
    for _ in range(2):
        with pytest.raises(requests.ConnectionError) as reset:
            post()
        assert "reset" in str(reset.value)
    assert post().status_code == 200
    assert len(control.incidents()) == 3
    assert control.state()["lose_reply"] == 0


def test_a_late_commit_comes_after_the_clients_time_out(post: Post, control: SimulatorControl) -> None:
    """Nothing is stored when the client gives up; the incident appears later without anybody asking."""
    control.apply(commit_late={"times": 1, "after_s": 1.5})
    with pytest.raises(requests.ReadTimeout):
        post(timeout_s=0.2)
    assert control.incidents() == []
    (incident,) = until(control.incidents)
    assert incident["sla_due"]
    assert post().status_code == 200


def test_a_late_commit_survives_an_outage(post: Post, control: SimulatorControl) -> None:
    """The request that was accepted before the outage commits during it."""
    control.apply(commit_late={"times": 1, "after_s": 1.0})
    with pytest.raises(requests.ReadTimeout):
        post(timeout_s=0.1)
    control.apply(down=True)
    assert until(control.incidents)


def test_a_stall_executes_nothing(post: Post, control: SimulatorControl) -> None:
    """Stalled requests are never executed, not even when the stall ends."""
    control.apply(stall=True)
    with pytest.raises(requests.ReadTimeout):
        post(timeout_s=0.2)
    control.apply(stall=False)
    assert post().status_code == 200
    assert len(control.incidents()) == 1


def test_a_proxys_502_executes_nothing(post: Post, control: SimulatorControl) -> None:
    """HTML instead of XML, counted, and nothing stored."""
    control.apply(html_502=1)
    answer = post()
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert control.incidents() == []
    assert post().status_code == 200


def test_faults_strike_the_operations_they_are_told(
    soap: Any, session: str, post: Post, control: SimulatorControl
) -> None:
    """A fault on find leaves writes alone."""
    control.apply(html_502=1, on=["find"])
    assert post().status_code == 200
    with pytest.raises(Exception, match=r"502|Unknown fault"):
        soap.Incident.find(session, soap.filter(EXTERNAL_REF="A"))
    assert not soap.Incident.find(session, soap.filter(EXTERNAL_REF="A"))


def test_the_replica_lags(simulator: PlanonSimulator, post: Post, control: SimulatorControl) -> None:
    """An incident is in the ledger at once and in the replica only after the lag, with its SLA clock."""
    path = simulator.replica.path
    control.apply(lag_s=600)
    post()
    time.sleep(0.2)  # four rounds of the copying thread, which must not copy
    assert replicated(path) == []
    control.apply(lag_s=0.1)
    assert until(lambda: replicated(path)) == [("INC-000001", "2026-11-20T06:14:03+01:00")]


def test_a_replica_that_is_down_catches_up(simulator: PlanonSimulator, post: Post, control: SimulatorControl) -> None:
    """The file is gone, then back, and has what was committed meanwhile, once."""
    path = simulator.replica.path
    post()
    until(lambda: replicated(path))
    control.apply(replica_down=True)
    with pytest.raises(sqlite3.OperationalError):
        replicated(path)
    post()
    control.apply(replica_down=False)
    assert until(lambda: [row for row in replicated(path) if row[0] == "INC-000002"])
    assert len(replicated(path)) == 2
