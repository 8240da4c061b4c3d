"""Both systems behind one shim that may be killed: Planon's stand-in, and the practice on a real Firebird server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from shim.demo import planon_section, write_configuration
from simulators.intramed.sandbox import OWNER
from simulators.intramed.server import READER, WRITER, FirebirdServer
from simulators.launch import running_planon
from simulators.planon.control import SimulatorControl
from tests.integration.shim.site import FAST_OUTBOX, FAST_PLANON, add_client
from tests.reliability.killed import Killed
from tests.reliability.practice import Practice


@dataclass(frozen=True)
class Both:
    """Where everything is. Every thread has an HTTP connection of its own."""

    practice: Practice
    planon: SimulatorControl
    shim: Killed
    _mine: threading.local = field(default_factory=threading.local)

    def post(self, system: str, contract: str, body: dict[str, Any], **headers: str) -> requests.Response:
        """Call a contract of a system."""
        return self._http().post(f"{self.shim.address}/v1/{system}/{contract}", json=body, headers=headers, timeout=60)

    def get(self, path: str) -> dict[str, Any]:
        """Return what is under a path."""
        return dict(self._http().get(f"{self.shim.address}{path}", timeout=60).json())

    def _http(self) -> requests.Session:
        if not hasattr(self._mine, "http"):
            self._mine.http = requests.Session()
            self._mine.http.headers["Authorization"] = f"Bearer {self.practice.key}"
        http: requests.Session = self._mine.http
        return http


@contextmanager
def running_both(folder: Path, server: FirebirdServer, database: Path) -> Iterator[Both]:
    """Run a shim with its worker before both; `database` is the practice's, on the server."""
    with running_planon(folder) as (planon, address):
        where = server.database(database)
        intramed = {
            "adapter": "intramed",
            "database": where,
            "read_password": server.passwords[READER],
            "write_password": server.passwords[WRITER],
            "deadline_s": 30,
            "hold_s": 900,
            "settle_s": 1.5,
        }
        systems = {"planon": planon_section(address, **FAST_PLANON), "intramed": intramed}
        # One client looks up more people here than an agent would in a day.
        limits = {"people_per_client": 100_000, "attempts_per_client": 100_000}
        configuration = write_configuration(
            folder, systems, outbox=FAST_OUTBOX, identity=limits, http={"queue_s": 60, "deadline_s": 120}
        )
        key = add_client(configuration, "agent", "planon:*", "intramed:*")
        practice = Practice(folder, where, server.passwords[OWNER], key, ())
        with Killed(configuration) as shim:
            yield Both(practice, planon, shim)
