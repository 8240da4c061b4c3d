import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.telephone import normalise_telephone
from simulators.planon.control import SimulatorControl
from simulators.planon.simulator import PlanonSimulator

ROOT = Path(__file__).parents[3]


@contextmanager
def process(replica: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run the stand-in as a process of its own."""
    command = [sys.executable, "-m", "simulators.planon", "--replica", str(replica), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as running:
        try:
            yield running
        finally:
            running.terminate()


def test_it_announces_its_addresses_and_stops_on_sigterm(tmp_path: Path) -> None:
    """One JSON line when ready; exit code 0 after SIGTERM."""
    with process(tmp_path / "replica.db") as running:
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        assert requests.get(ready["url"], timeout=30).status_code == 404
        assert SimulatorControl(ready["control_url"]).incidents() == []
        assert Path(ready["replica"]).is_file()
        assert ready["pid"] == running.pid
        running.terminate()
        assert running.wait(timeout=30) == 0


def test_scenarios_can_be_given_at_the_start(tmp_path: Path) -> None:
    """Flags without a value, with a count and with an object, and the seed of their chances."""
    options = ["drop_incidents", "lose_reply=3", 'sla_late={"probability":0.1,"after_s":3}']
    flags = [word for option in options for word in ("--scenario", option)]
    with process(tmp_path / "replica.db", *flags, "--seed", "7") as running:
        assert running.stdout is not None
        state = SimulatorControl(json.loads(running.stdout.readline())["control_url"]).state()
    assert (state["drop_incidents"], state["lose_reply"], state["seed"]) == (True, 3, 7)
    assert state["sla_late"] == {"probability": 0.1, "after_s": 3.0}


@pytest.mark.parametrize("options", [["--scenario", "no_such"], ["--scenario", "lose_reply=many"]])
def test_a_wrong_scenario_ends_the_start(tmp_path: Path, options: list[str]) -> None:
    """One line, exit code 2."""
    with process(tmp_path / "replica.db", *options) as running:
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err.count("\n")) == (2, "", 1)


def test_a_port_in_use_ends_the_start(tmp_path: Path) -> None:
    """One line, exit code 2."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
        process(tmp_path / "replica.db", "--port", str(taken.getsockname()[1])) as running,
    ):
        _, err = running.communicate(timeout=30)
    assert (running.returncode, err.count("\n")) == (2, 1)
    assert "in use" in err


def test_the_replica_is_the_same_at_every_start(tmp_path: Path) -> None:
    """Two starts give the same rows, also over an older file."""
    dumps = []
    for _ in range(2):
        with PlanonSimulator(tmp_path / "replica.db"), closing(sqlite3.connect(tmp_path / "replica.db")) as database:
            dumps.append(list(database.iterdump()))
    assert dumps[0] == dumps[1]


@pytest.fixture
def rows(simulator: PlanonSimulator) -> Callable[[str], list[tuple[Any, ...]]]:
    """Ask the replica."""

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(simulator.replica.path)) as database:
            return database.execute(statement).fetchall()

    return ask


def test_the_replica_has_the_traps_of_a_real_one(rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """120 tenants; shared telephones, housemates, tenants without a telephone, a hole in a matrix."""
    tenants = rows("SELECT telephone, telephone_2, tenant_code FROM tenant")
    numbers = [normalise_telephone(number) for row in tenants for number in row[:2] if number]
    assert len(tenants) == len({code for *_, code in tenants}) == 120
    assert sum(numbers.count(number) == 2 for number in set(numbers)) == 4
    assert any(row[:2] == (None, None) for row in tenants)
    assert rows("SELECT count(*) FROM (SELECT location_id FROM tenant GROUP BY 1 HAVING count(*) > 1)") == [(2,)]
    matrix = "SELECT contract_id FROM contract EXCEPT SELECT contract_id FROM priority_matrix WHERE severity = 'low'"
    assert rows(matrix) == [("CTR-SCH-02",)]
    assert rows("SELECT DISTINCT priority - appsuite_code FROM priority_code WHERE mandant_code = 'SCH'") == [(1,)]


def test_codes_refer_to_rows_that_exist(rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """Every tenant's contract, every priority's code, every code's window and every asset's location is there."""
    assert rows("PRAGMA foreign_key_check") == []
    windows = """
        SELECT * FROM tenant JOIN contract USING (contract_id) JOIN priority_matrix USING (contract_id)
        LEFT JOIN priority_code ON priority_code.mandant_code = contract.mandant_code
            AND priority_code.priority = priority_matrix.priority
        LEFT JOIN sla_window ON sla_window.sla_id = contract.sla_id
            AND sla_window.appsuite_code = priority_code.appsuite_code
        WHERE sla_window.minutes IS NULL OR tenant.mandant_code <> contract.mandant_code"""
    assert rows(windows) == []
    assert rows("SELECT * FROM asset WHERE location_id NOT IN (SELECT location_id FROM tenant)") == []
