"""Runs the stand-in as a process of its own until SIGTERM or SIGINT."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from threading import Event

from simulators.planon.exchange import Account
from simulators.planon.faults import ScenarioRefused
from simulators.planon.simulator import DEFAULT_ACCOUNT, PlanonSimulator


def main() -> int:
    """Start, print one JSON line with the addresses, wait for a signal, stop."""
    options = _options()
    simulator = PlanonSimulator(
        options.replica,
        port=options.port,
        control_port=options.control_port,
        account=Account(options.user, options.password),
        lag_s=options.lag_s,
    )
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        simulator.start()
        simulator.apply({"seed": options.seed})
        for scenario in options.scenario:
            simulator.apply(_changes(scenario))
    except (OSError, ScenarioRefused) as error:
        sys.stderr.write(f"simulators.planon: {error}\n")
        return 2
    sys.stdout.write(json.dumps(_addresses(simulator, options.replica)) + "\n")
    sys.stdout.flush()
    stop.wait()
    simulator.stop()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.planon", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="service port; 0 for a free one")
    parser.add_argument("--control-port", type=int, default=0, help="control port; 0 for a free one")
    parser.add_argument("--replica", type=Path, required=True, help="SQLite file of the read replica; replaced")
    parser.add_argument("--user", default=DEFAULT_ACCOUNT.user)
    parser.add_argument("--password", default=DEFAULT_ACCOUNT.password)
    parser.add_argument("--lag-s", type=float, default=2.0, help="seconds by which the replica lags")
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME[=JSON]",
        help="a scenario from the start, such as drop_incidents, lose_reply=3 or "
        'lose_reply={"probability":0.1}; may be repeated',
    )
    parser.add_argument("--seed", type=int, default=0, help="of the scenarios' probabilities")
    return parser.parse_args()


def _changes(scenario: str) -> dict[str, object]:
    name, equals, value = scenario.partition("=")
    try:
        return {name: json.loads(value) if equals else True}
    except json.JSONDecodeError as error:
        raise ScenarioRefused(f"{name} needs JSON behind '='") from error


def _addresses(simulator: PlanonSimulator, replica: Path) -> dict[str, object]:
    return {"url": simulator.url, "control_url": simulator.control_url, "replica": str(replica), "pid": os.getpid()}


if __name__ == "__main__":
    sys.exit(main())
