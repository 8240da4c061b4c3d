"""How faults are set, counted, given a chance and combined."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators.planon.control import SimulatorControl
from simulators.planon.faults import DECIDING, NATURES, OPERATIONS, Fault, ScenarioRefused, Stage
from simulators.planon.scenario import Scenario
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon_simulator.raw import Caller

ROOT = Path(__file__).parents[3]
SWITCHES = [Fault.DOWN, Fault.REPLICA_DOWN, Fault.REPLICA_STALLED]
COUNTED = [fault for fault in Fault if fault not in SWITCHES]


def struck(scenario: Scenario, operation: str, times: int) -> list[tuple[str, ...]]:
    return [scenario.strike(operation).names for _ in range(times)]


def scenario(**changes: Any) -> Scenario:
    made = Scenario(lag_s=0)
    made.change(changes)
    return made


def test_the_docs_name_every_fault_in_the_order_of_precedence() -> None:
    """The tables of docs/planon-simulator.md have a row for each fault that strikes, and the switches are named."""
    text = (ROOT / "docs" / "planon-simulator.md").read_text(encoding="utf-8")
    rows = [
        name for names in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", text, re.MULTILINE) for name in names.split(", ")
    ]
    assert sorted(rows) == sorted(f"`{fault}`" for fault in Fault if NATURES[fault].stage is not Stage.REPLICA)
    deciding = [f"`{fault}`" for fault in Fault if NATURES[fault].stage in DECIDING]
    assert [name for name in rows if name in deciding] == deciding
    assert all(f"`{fault}`" in text for fault in Fault)


@pytest.mark.parametrize("fault", COUNTED)
def test_every_fault_takes_every_form(fault: Fault) -> None:
    """Until it is switched off, the next n, and an object; on an operation that it can strike."""
    operation = NATURES[fault].operations[-1]
    on = {"on": [operation]}
    assert struck(scenario(**{fault: on}), operation, 3) == [(fault,)] * 3
    assert struck(scenario(**{fault: {"times": 2} | on}), operation, 3) == [(fault,)] * 2 + [()]
    always = scenario(**{fault: True}, on=OPERATIONS)
    assert struck(always, operation, 3) == [(fault,)] * 3
    always.change({fault: False})
    assert struck(always, operation, 1) == [()]
    assert struck(scenario(**{fault: 1}, on=OPERATIONS), operation, 2) == [(fault,), ()]
    assert struck(scenario(**{fault: {"probability": 0} | on}), operation, 50) == [()] * 50
    assert 5 < struck(scenario(**{fault: {"probability": 0.5} | on}), operation, 50).count((fault,)) < 45


@pytest.mark.parametrize("fault", COUNTED)
def test_what_is_shown_can_be_set_again(fault: Fault) -> None:
    """The state is written in the vocabulary that it was set in."""
    numbers = dict.fromkeys(NATURES[fault].amounts, 3)
    value = {"times": 4, "probability": 0.5, "on": [NATURES[fault].operations[0]], **numbers}
    shown = scenario(**{fault: value}).as_json()[fault]
    assert shown == value
    assert scenario(**{fault: shown}).as_json()[fault] == value


def test_a_chance_is_repeated_by_its_seed(caller: Caller, control: SimulatorControl) -> None:
    """Forty incidents over real connections, three times: the same seed spoils the same ones, another others."""
    runs = []
    for seed in (7, 7, 8):
        before = control.tally()["incidents"]
        control.apply(calm=True, seed=seed, lose_reply={"probability": 0.3}, sla_skipped={"probability": 0.3})
        for _ in range(40):
            try:
                caller.call("incident")
            except requests.ConnectionError:
                continue
        runs.append([tuple(row["faults"]) for row in control.incidents()[before:]])
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {(), ("lose_reply",), ("sla_skipped",), ("sla_skipped", "lose_reply")}


def test_the_luck_of_one_operation_does_not_shift_anothers() -> None:
    """Reads in between change nothing for the incidents."""
    plain, mixed = (scenario(seed=3, lose_reply={"probability": 0.5, "on": ["incident", "read"]}) for _ in range(2))
    expected = struck(plain, "incident", 30)
    found = []
    for _ in range(30):
        struck(mixed, "read", 2)
        found += struck(mixed, "incident", 1)
    assert found == expected


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("html_502", "lose_reply", ("html_502",)),
        ("html_401", "html_502", ("html_401",)),
        ("reset", "truncate", ("reset",)),
        ("commit_late", "lose_reply", ("commit_late",)),
        ("lose_reply", "error_200", ("lose_reply",)),
        ("truncate", "lose_reply", ("truncate", "lose_reply")),
        ("lookup_miss", "error_200", ("lookup_miss", "error_200")),
        ("sla_late", "commit_late", ("sla_late", "commit_late")),
        ("sla_skipped", "sla_late", ("sla_skipped",)),
        ("truncate", "lookup_miss", ("truncate", "lookup_miss")),
        ("throttle", "slow", ("throttle", "slow")),
        ("lose_reply", "slow", ("lose_reply", "slow")),
        ("drop_incidents", "lose_reply", ("drop_incidents", "lose_reply")),
    ],
)
def test_two_faults_at_once(first: str, second: str, both: tuple[str, ...]) -> None:
    """One decides the reply, what is stored and the latency combine; what does not strike is not used up."""
    made = scenario(**{second: 1, first: 1})
    assert struck(made, "incident", 1) == [both]
    left = {name for name in (first, second) if made.as_json()[name]}
    assert left == {first, second} - set(both)
    assert made.struck() == {name: {"incident": 1} for name in both}


def test_three_faults_meet_one_incident(caller: Caller, control: SimulatorControl) -> None:
    """Cut off, without a clock, and the reply lost: the ledger tells it all."""
    control.apply(truncate={"characters": 5, "times": 1}, sla_skipped=1, lose_reply=1)
    with pytest.raises(requests.ConnectionError):
        caller.call("incident")
    incident = control.incidents()[1]
    assert incident["faults"] == ["sla_skipped", "truncate", "lose_reply"]
    assert (incident["description"], incident["sla_due"]) == ("Kraan", None)


def test_calm_switches_everything_off(simulator: PlanonSimulator, control: SimulatorControl) -> None:
    """Before the rest of the change; the replica's lag and the seed are no faults."""
    before = control.state()
    everything: dict[str, Any] = dict.fromkeys(Fault, True)
    control.apply(**everything, on=["read"], answer_after_s=9)
    control.apply(calm=True, lose_reply=2)
    assert control.state() == before | {"lose_reply": 2}
    assert Caller(simulator).call("login").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"dowm": True},
        {"down": 1},
        {"replica_stalled": {"times": 1}},
        {"answer_after_s": -1},
        {"lag_s": "2"},
        {"lose_reply": -1},
        {"lose_reply": 0.5},
        {"lose_reply": "often"},
        {"lose_reply": None},
        {"lose_reply": {"probability": 1.5}},
        {"lose_reply": {"probability": True}},
        {"lose_reply": {"times": 1.5}},
        {"lose_reply": {"times": True}},
        {"lose_reply": {"on": "incident"}},
        {"lose_reply": {"on": []}},
        {"lose_reply": {"on": ["payments"]}},
        {"lose_reply": {"after_s": 1}},
        {"commit_late": {"times": 1, "after": 3}},
        {"commit_late": {"times": 1, "after_s": None}},
        {"truncate": {"characters": 1.5}},
        {"sla_late": {"on": ["note"]}},
        {"expired": {"on": ["incident"]}},
        {"bad_date": {"on": ["read", "find"]}},
        {"on": ["payments"]},
        {"on": [["incident"]]},
        {"seed": "7"},
        {"calm": 1},
        {"expire_sessions": 1},
    ],
)
def test_a_wrong_scenario_changes_nothing(
    simulator: PlanonSimulator, control: SimulatorControl, changes: dict[str, Any]
) -> None:
    """A mistyped scenario is a 400 that names the key, not a test that passes for nothing."""
    before = control.state()
    answer = requests.post(f"{simulator.control_url}/scenario", json={"stall": True, "seed": 5} | changes, timeout=30)
    assert answer.status_code == 400
    (key,) = changes
    assert key in answer.json()["error"]
    assert control.state() == before
    with pytest.raises(ScenarioRefused):
        simulator.apply(changes)
