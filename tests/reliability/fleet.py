"""Several shims and workers on one state, behind them Planon's stand-in with a gauge before its AppSuite endpoint."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import requests

from outbox.database import Database, Row, open_database
from shim.demo import planon_section, write_configuration
from shim.root import open_deployment_state
from shim.settings import load
from simulators.launch import address_of, running_planon
from simulators.planon.control import SimulatorControl
from simulators.process import Program
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, until
from tests.reliability.gauge import Gauge, gauge_before

ROOT: Final = Path(__file__).parents[2]
SCOPES: Final = ("planon:find_tenant", "planon:create_incident", "planon:log_note")
LIMIT: Final = 2
"""Attempts at a time that a deployment allows by default, over all its workers."""


@dataclass
class Fleet:
    """Where everything is.

    Attributes:
        database: the state, looked at from outside: by nobody's migrations.
        reported: the report time of each incident that was accepted, by its summary.
    """

    configuration: Path
    planon: SimulatorControl
    gauge: Gauge
    database: Database
    key: str
    programs: ExitStack
    tenant: str = ""
    reported: dict[str, datetime] = field(default_factory=dict)
    _first: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3))

    def start(
        self,
        name: str,
        *command: str,
        program: Sequence[str] = ("shim",),
        path: Sequence[Path] = (),
    ) -> Program:
        """Start a command of `shim`; its log is `NAME.log`, and it is stopped in the end.

        Args:
            name: of its log.
            command: such as `outbox`, `work`.
            program: the module that is run, and what it wants to be told first.
            path: folders in which its packages are looked for before this release's.
        """
        arguments = ["-P", "-m", *program, "--config", str(self.configuration), *command]
        started = Program(arguments, self.log(name), environment_with(path))
        return self.programs.enter_context(started)

    def serve(self, name: str) -> str:
        """Start a service that delivers nothing itself; return its address."""
        service = self.start(name, "serve", "--no-worker", "--port", "0")
        address = address_of(service)
        if not self.tenant:
            whose = {"telephone": "06-12345678"}
            found = self.post(address, "find_tenant", whose)
            self.tenant = found.json()["tenant"]
        return address

    def log(self, name: str) -> Path:
        return self.configuration.with_name(f"{name}.log")

    def told(self, name: str, part: str) -> int:
        """Return how many lines of a log contain a text."""
        return sum(part in line for line in self.log(name).read_text(encoding="utf-8").splitlines())

    def defects(self) -> list[str]:
        """Return the lines of tracebacks in all logs."""
        logs = self.configuration.parent.glob("*.log")
        return [line for log in logs for line in log.read_text("utf-8").splitlines() if line.startswith('  File "')]

    def post(self, address: str, contract: str, body: Mapping[str, Any], key: str | None = None) -> requests.Response:
        """Call a contract; a write does not wait for its delivery."""
        headers = {"Authorization": f"Bearer {self.key}", "Prefer": "wait=0"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return requests.post(f"{address}/v1/planon/{contract}", json=body, headers=headers, timeout=60)

    def reported_at(self, summary: str) -> datetime:
        """Return an incident's report time, which no other has."""
        return self.reported.setdefault(summary, self._first + timedelta(seconds=7 * len(self.reported)))

    def report(self, address: str, summary: str) -> str:
        """Report an incident, under a key that its summary makes; return the delivery."""
        reported_at = self.reported_at(summary).isoformat()
        body = {"severity": "high", "summary": summary, "message": "kraan lekt", "reported_at": reported_at}
        return self._accepted(address, "create_incident", body, f"key-of-{summary}")

    def note(self, address: str, delivery: str, text: str) -> str:
        """Add a note to an incident that may still be on its way; return the delivery."""
        reported_at = self._first + timedelta(hours=1)
        body = {"delivery": delivery, "text": text, "reported_at": reported_at.isoformat()}
        return self._accepted(address, "log_note", body, f"key-of-{text}")

    def _accepted(self, address: str, contract: str, body: Mapping[str, Any], key: str) -> str:
        def accepted() -> requests.Response:
            return self.post(address, contract, {**body, "tenant": self.tenant}, key)

        # 409: the same request is being accepted at this moment, through another service.
        answer = until(accepted, lambda answer: answer.status_code != 409)
        assert answer.status_code in {201, 202}, answer.text
        return str(answer.json()["delivery"])

    def states(self) -> Counter[str]:
        """Count entries by state."""
        rows = self.database.read("SELECT state, count(*) AS entries FROM entry GROUP BY state")
        return Counter({row["state"]: row["entries"] for row in rows})

    def await_delivered(self) -> None:
        """Wait until everything that was accepted is delivered."""
        until(self.states, lambda states: set(states) <= {"delivered"})

    def await_held(self) -> None:
        """Wait until as many requests are held at the gauge as may be on their way at a time."""
        until(lambda: self.gauge.here, lambda here: here == LIMIT)

    def rows(self, statement: str, **parameters: Any) -> list[Row]:
        """Read the state."""
        return self.database.read(statement, **parameters)

    def column(self, statement: str, **parameters: Any) -> list[Any]:
        """Read one column of the state."""
        return [row[0] for row in self.rows(statement, **parameters)]

    def records(self) -> tuple[Counter[str], dict[str, datetime]]:
        """Return how often each reported incident is in Planon, and with which report time, by summary."""
        records = self.planon.incidents()
        summaries = [str(record["description"]).partition("\n")[0] for record in records]
        times = [datetime.fromisoformat(record["reported_at"]) for record in records]
        return Counter(summaries), dict(zip(summaries, times, strict=True))


def environment_with(path: Sequence[Path]) -> dict[str, str]:
    """Return an environment whose Python looks for packages in these folders first, and then in this repository."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*path, ROOT)))}


@contextmanager
def running_fleet(folder: Path, state: Path | str, **outbox: float) -> Iterator[Fleet]:
    """Run Planon's stand-in and prepare a state for services and workers, of which none is started yet.

    Args:
        folder: for all files.
        state: a path, or a URL of PostgreSQL.
        outbox: what differs from the usual section of the configuration.
    """
    with running_planon(folder) as (planon, address), gauge_before(f"{address.url}/appsuite/incident") as gauge:
        section = planon_section(address, **{**FAST_PLANON, "appsuite_url": gauge.url})
        configuration = write_configuration(folder, {"planon": section}, outbox={**FAST_OUTBOX, **outbox})
        text = configuration.read_text(encoding="utf-8")
        configuration.write_text(text.replace(json.dumps(str(folder / "shim.db")), json.dumps(str(state))), "utf-8")
        with open_deployment_state(load(configuration)) as opened:
            key = opened.clients.add("agent", SCOPES)
        database = open_database(state, [])
        with ExitStack() as programs:
            programs.callback(database.close)
            yield Fleet(configuration, planon, gauge, database, key, programs)
