"""Planon's stand-in, a shim in front of it that may be killed, and clients that keep their connections."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from shim.demo import planon_section, write_configuration
from simulators.launch import running_planon
from simulators.planon.control import SimulatorControl
from simulators.planon.reference import Tenant, reference
from tests.integration.shim.site import add_client, until
from tests.reliability.killed import Killed

EVERYTHING: Final = ("incident", "note", "login", "logout", "find", "read")
"""Every operation of the stand-in."""


@dataclass(frozen=True)
class Facility:
    """Where everything is."""

    folder: Path
    planon: SimulatorControl
    url: str
    shim: Killed
    key: str

    def client(self) -> "Client":
        """Return a client for one thread."""
        return Client(self.shim.address, self.key)

    def state(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read from the shim's own state."""
        with closing(sqlite3.connect(self.folder / "shim.db", timeout=10)) as state:
            return state.execute(statement, parameters).fetchall()

    def count(self, condition: str) -> int:
        """Return how many deliveries satisfy an SQL condition."""
        return int(self.state(f"SELECT count(*) FROM entry WHERE {condition}")[0][0])  # noqa: S608 - a test's own words

    def found(self, delivery: str) -> bool:
        """Whether a delivery was found in Planon by its reference."""
        outcomes = "SELECT evidence FROM attempt_outcome JOIN entry ON seq = entry_seq WHERE id = ?"
        return any(str(evidence).startswith("found") for (evidence,) in self.state(outcomes, delivery))

    def forget_rows(self) -> None:
        """Forget every row of the replica that the shim has kept."""
        with closing(sqlite3.connect(self.folder / "shim.db", timeout=10)) as state, state:
            state.execute("DELETE FROM reference_row")


class Client:
    """One thread's HTTP connection to the shim."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {key}"

    def post(
        self, contract: str, body: Mapping[str, Any], key: str | None = None, wait_s: int = 0
    ) -> requests.Response:
        """Call a contract; `key` is the Idempotency-Key of a write."""
        headers = {} if key is None else {"Idempotency-Key": key, "Prefer": f"wait={wait_s}"}
        return self._http.post(f"{self._address}/v1/planon/{contract}", json=body, headers=headers, timeout=60)

    def delivery(self, name: str) -> dict[str, Any]:
        """Return where a delivery is."""
        answer = self._http.get(f"{self._address}/v1/deliveries/{name}", timeout=60)
        return dict(answer.json())

    def tenant(self, tenant: Tenant) -> str:
        """Return the token of a tenant whose code is known; waits for a replica that is slow to begin."""
        code = {"tenant_code": tenant.tenant_code}
        found = until(lambda: self.post("find_tenant", code), lambda answer: answer.ok)
        return str(found.json()["tenant"])

    def close(self) -> None:
        self._http.close()


def tenants(count: int) -> list[Tenant]:
    """Return tenants of every mandant and contract, but of none with a hole in its matrix."""
    whole = [tenant for tenant in reference().tenants if tenant.contract_id != "CTR-SCH-02"]
    return whole[:count]


@contextmanager
def running_facility(
    folder: Path,
    *,
    outbox: Mapping[str, Any],
    options: Mapping[str, Any],
    arguments: tuple[str, ...] = (),
) -> Iterator[Facility]:
    """Run a shim with its worker on a stand-in in a process of its own.

    Args:
        folder: for their files.
        outbox: section of the configuration.
        options: of the adapter.
        arguments: of the stand-in.
    """
    with running_planon(folder, *arguments) as (planon, address):
        configuration = write_configuration(
            folder,
            {"planon": planon_section(address, **options)},
            outbox=outbox,
            identity={"people_per_client": 100_000, "attempts_per_client": 100_000},
        )
        key = add_client(configuration, "agent", "planon:*")
        with Killed(configuration) as shim:
            yield Facility(folder, planon, address.url, shim, key)
