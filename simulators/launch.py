"""Starts Planon's stand-in and the shim as processes of their own, and says where they are."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulators.planon.control import SimulatorControl
from simulators.process import Program


@dataclass(frozen=True, slots=True)
class PlanonAddress:
    """Where a running stand-in is."""

    url: str
    replica: Path


@contextmanager
def running_planon(folder: Path, *arguments: str) -> Iterator[tuple[SimulatorControl, PlanonAddress]]:
    """Run Planon's stand-in with its replica and its log in `folder`."""
    program = ["-m", "simulators.planon", "--replica", str(folder / "replica.db"), *arguments]
    with Program(program, folder / "planon.log") as planon:
        told = json.loads(planon.first_line)
        yield SimulatorControl(told["control_url"]), PlanonAddress(told["url"], Path(told["replica"]))


def start_shim(configuration: Path, *arguments: str, program: Sequence[str] = ("shim",)) -> Program:
    """Start `shim serve` on a free port; its log is beside the configuration. The caller stops it.

    `program` is the module that is run, and what it wants to be told before the command's own arguments.
    """
    log = configuration.with_name("shim.log")
    return Program(["-m", *program, "--config", str(configuration), "serve", "--port", "0", *arguments], log)


def address_of(shim: Program) -> str:
    """Return the address that a started shim has told."""
    (address,) = re.findall(r"on (http://\S+)", shim.first_line)
    return str(address)
