"""The replica vanishes, or is locked so that every query waits; both catch up."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon_simulator.raw import Caller, replicated, until


def test_a_stalled_replica_makes_every_reader_wait(
    simulator: PlanonSimulator, caller: Caller, control: SimulatorControl
) -> None:
    """A short time-out ends in an error; a patient reader gets its rows when the stall ends."""
    path = simulator.replica.path
    until(lambda: replicated(path))
    control.apply(replica_stalled=True)
    began = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        replicated(path, timeout_s=0.3)
    assert time.monotonic() - began >= 0.25
    found: list[int] = []
    patient = Thread(target=lambda: found.append(len(replicated(path, timeout_s=30))))
    patient.start()
    caller.call("incident")
    control.apply(replica_stalled=False)
    patient.join(timeout=30)
    assert found
    assert until(lambda: len(replicated(path)) == 2)


def test_a_stalled_replica_is_locked_for_other_processes(tmp_path: Path) -> None:
    """The lock is the file's, not the process's: a reader outside waits as well."""
    path = tmp_path / "replica.db"
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0.2).execute('select * from tenant')"
    command = [sys.executable, "-c", program, str(path)]
    with PlanonSimulator(path) as simulator:
        simulator.apply({"replica_stalled": True})
        assert b"locked" in subprocess.run(command, capture_output=True, check=False).stderr
        simulator.apply({"replica_stalled": False})
        subprocess.run(command, capture_output=True, check=True)


def test_down_and_stalled_can_come_together(
    simulator: PlanonSimulator, caller: Caller, control: SimulatorControl
) -> None:
    """Whichever ends first, the replica has everything once, in the end."""
    path = simulator.replica.path
    control.apply(replica_down=True, replica_stalled=True)
    caller.call("incident")
    control.apply(replica_down=False)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        replicated(path, timeout_s=0)
    control.apply(replica_stalled=False, replica_down=True)
    control.apply(replica_down=False)
    assert until(lambda: [row[0] for row in replicated(path)] == ["INC-000001", "INC-000002"])


def test_it_stops_while_stalled(simulator: PlanonSimulator) -> None:
    """The file is free again afterwards."""
    simulator.apply({"replica_stalled": True})
    simulator.stop()
    assert replicated(simulator.replica.path, timeout_s=0) == []


def test_a_change_waits_for_its_own_lag(simulator: PlanonSimulator, caller: Caller, control: SimulatorControl) -> None:
    """The row is as it was then, until the change is old enough too."""
    path = simulator.replica.path
    until(lambda: replicated(path, "status") == [("Reported",)])
    control.apply(lag_s=600)
    control.set_status("INC-000001", "In progress")
    caller.call("incident")
    control.set_status("INC-000001", "Completed")
    assert replicated(path, "status") == [("Reported",)]
    control.apply(lag_s=0)
    until(lambda: replicated(path, "status") == [("Completed",), ("Reported",)])
