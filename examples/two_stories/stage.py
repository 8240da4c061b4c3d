"""What the stories are played on: Planon's stand-in and the shim as processes of their own, a sandboxed practice."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar
from uuid import uuid4

import requests

from shim.demo import add_client, planon_section, sandbox_practice, write_configuration
from shim.settings import load
from simulators.launch import address_of, running_planon, start_shim
from simulators.planon.control import SimulatorControl

_PATIENCE_S: Final = 20.0
# A real Planon may need minutes; the stand-in commits at most two seconds late, and nobody wants to watch for minutes.
_PLANON_OPTIONS: Final = {"timeout_s": 1.0, "connect_timeout_s": 1.0, "settle_s": 4.0}
# Seldom enough that the administrator of the story is faster than the worker.
_OUTBOX_OPTIONS: Final = {"first_s": 60.0, "cap_s": 60.0}

T = TypeVar("T")


class NotTrue(Exception):
    """Raised when something that the transcript claims was not found in the backend."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shim answered."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stage:
    """The running parts."""

    address: str
    key: str
    planon: SimulatorControl
    practice: Path
    configuration: Path
    answers: list[str]

    def call(
        self, system: str, contract: str, body: dict[str, Any], *, wait_s: int = 5, key: str | None = None
    ) -> Answer:
        """Call a contract; every call gets an Idempotency-Key of its own unless one is given."""
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Idempotency-Key": key or str(uuid4()),
            "Prefer": f"wait={wait_s}",
        }
        answer = requests.post(f"{self.address}/v1/{system}/{contract}", json=body, headers=headers, timeout=60)
        self.answers.append(answer.text)
        return Answer(answer.status_code, answer.json(), answer.headers)

    def delivery(self, name: str) -> dict[str, Any]:
        """Return where a delivery is now."""
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = requests.get(f"{self.address}/v1/deliveries/{name}", headers=headers, timeout=60)
        self.answers.append(answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def command(self, *arguments: str) -> str:
        """Run a `shim` command on this deployment, as an administrator would, and return what it printed."""
        told = subprocess.run(  # noqa: S603 - the project's own command
            [Path(sys.executable).with_name("shim"), "--config", self.configuration, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        return (told.stdout + told.stderr).rstrip()

    def await_end(self, delivery: str) -> dict[str, Any]:
        """Return a delivery when it is delivered."""
        return until(lambda: self.delivery(delivery), lambda found: found.get("state") == "delivered")


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Look again and again until what is seen is good; give up after 20 s."""
    deadline = time.monotonic() + _PATIENCE_S
    while not good(seen := look()):
        if time.monotonic() > deadline:
            raise NotTrue(f"not seen within {_PATIENCE_S:.0f} s; last: {seen}")
        time.sleep(0.1)
    return seen


@contextmanager
def set_stage(scenario: Sequence[str]) -> Iterator[Stage]:
    """Start everything on free loopback ports in a temporary folder; stop and remove it afterwards."""
    with TemporaryDirectory(prefix="legacy-shim-") as name:
        folder = Path(name)
        practice = sandbox_practice(folder)
        options = [part for one in scenario for part in ("--scenario", one)]
        with running_planon(folder, *options) as (control, address):
            systems = {
                "planon": planon_section(address, **_PLANON_OPTIONS),
                "intramed": {"adapter": "intramed", "database": str(practice)},
            }
            configuration = write_configuration(folder, systems, outbox=_OUTBOX_OPTIONS)
            key = add_client(load(configuration))
            with start_shim(configuration) as shim:
                yield Stage(address_of(shim), key, control, practice, configuration, [])
