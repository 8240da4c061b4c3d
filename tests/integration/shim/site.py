"""A whole site as its users meet it: the shim as a process, behind it Planon's stand-in and a sandboxed practice."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import requests
from typer.testing import CliRunner

from shim.cli.commands import app
from shim.demo import planon_section, write_configuration
from simulators.intramed.engine import EngineMissing
from simulators.intramed.sandbox import SNAPSHOT, monday_after, owner_connection, restore
from simulators.launch import address_of, running_planon, start_shim
from simulators.planon.control import SimulatorControl
from tests.services import unavailable

PATIENCE_S = 60.0
FAST_PLANON = {"timeout_s": 10.0, "connect_timeout_s": 5.0, "settle_s": 1.5}
FAST_OUTBOX = {"first_s": 0.1, "cap_s": 0.5, "probe_s": 0.5, "ramp_s": 0.2}

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """Where everything is."""

    folder: Path
    address: str
    keys: Mapping[str, str]
    planon: SimulatorControl | None = None
    practice: Path | None = None
    answers: list[str] = field(default_factory=list)

    @property
    def control(self) -> SimulatorControl:
        assert self.planon is not None
        return self.planon

    def post(self, path: str, body: Any, *, client: str | None = "agent", **headers: str | None) -> requests.Response:
        """Post to the shim; headers in snake case, None leaves one out."""
        sent = {"Idempotency-Key": str(uuid4()), "Prefer": "wait=20"}
        if client is not None:
            sent["Authorization"] = f"Bearer {self.keys[client]}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        for name in [name for name, value in headers.items() if value is None]:
            sent.pop(name.replace("_", "-").title(), None)
        if isinstance(body, bytes):
            answer = requests.post(f"{self.address}{path}", body, headers=sent, timeout=60)
        else:
            answer = requests.post(f"{self.address}{path}", json=body, headers=sent, timeout=60)
        self.answers.append(answer.text)
        return answer

    def get(self, path: str, *, client: str | None = "agent") -> requests.Response:
        headers = {"Authorization": f"Bearer {self.keys[client]}"} if client else {}
        answer = requests.get(f"{self.address}{path}", headers=headers, timeout=60)
        self.answers.append(answer.text)
        return answer

    def tenant(self, telephone: str = "06-12345678", client: str = "agent") -> str:
        """Return the token of a tenant; by default of the one whose tap leaks."""
        found = self.post("/v1/planon/find_tenant", {"telephone": telephone}, client=client).json()
        assert found["match"] == "certain", found
        token: str = found["tenant"]
        return token

    def report(self, tenant: str, **changes: Any) -> dict[str, Any]:
        """Return the body of a report."""
        return {
            "tenant": tenant,
            "severity": "high",
            "summary": "Kraan in keuken lekt",
            "message": "kraan in keuken lekt, water staat al op de vloer",
            "reported_at": minutes_ago(30),
            **changes,
        }

    def delivered(self, delivery: str, client: str = "agent") -> dict[str, Any]:
        """Return a delivery when it is delivered."""
        return until(
            lambda: dict(self.get(f"/v1/deliveries/{delivery}", client=client).json()),
            lambda found: found["state"] == "delivered",
        )

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read from the practice as its owner; a statement that changes something is committed."""
        with owner_connection(str(self.practice)) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall() if statement.lstrip().lower().startswith("select") else []
            cursor.close()
        return rows

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return command(self.folder / "shim.toml", *arguments)


OWN_PROCESS = {"doctor", "drain", "serve"}
"""Commands that reach backends, or change the process that they run in."""


def command(configuration: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command `shim`; in this process where that makes no difference: a new one takes seconds to begin."""
    typed = ["--config", str(configuration), *arguments]
    if OWN_PROCESS & set(arguments):
        return subprocess.run(
            [sys.executable, "-m", "shim", *typed], capture_output=True, text=True, check=False, timeout=60
        )
    ran = CliRunner().invoke(app, typed, catch_exceptions=False)
    return subprocess.CompletedProcess(typed, ran.exit_code, ran.stdout, ran.stderr)


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Look until what is seen is good; fail after a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"last seen: {seen}"
        time.sleep(0.05)
    return seen


def minutes_ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")


def add_client(configuration: Path, name: str, *scopes: str) -> str:
    options = [part for scope in scopes for part in ("--scope", scope)]
    made = command(configuration, "clients", "add", name, *options, "--json")
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["key"])


@contextmanager
def demo_site(folder: Path) -> Iterator[Site]:
    """Run a site on the demo's practice, whose people the examples name, whatever snapshot other tests stand on."""
    try:
        practice = restore(SNAPSHOT, folder / "practice.fdb", monday_after(date.today()))  # noqa: DTZ011
    except EngineMissing as missing:
        unavailable(missing)
        raise
    with running_site(folder, practice) as running:
        yield running


@contextmanager
def running_site(folder: Path, practice: Path) -> Iterator[Site]:
    """Run a site with both systems.

    agent and other may do everything, staff see links, narrow may find tenants, scraper may see the metrics.
    """
    with running_planon(folder) as (control, address):
        systems = {
            "planon": planon_section(address, **FAST_PLANON),
            "intramed": {
                "adapter": "intramed",
                "database": str(practice),
                "staff_link": "intramed://patient/{patient}",
            },
        }
        configuration = write_configuration(folder, systems, outbox=FAST_OUTBOX, identity={"people_per_client": 1000})
        keys = {name: add_client(configuration, name, "planon:*", "intramed:*") for name in ("agent", "other")}
        keys["staff"] = add_client(configuration, "staff", "intramed:*", "intramed:staff")
        keys["narrow"] = add_client(configuration, "narrow", "planon:find_tenant")
        keys["scraper"] = add_client(configuration, "scraper", "shim:metrics")
        with start_shim(configuration) as service:
            yield Site(folder, address_of(service), keys, control, practice)
