"""A shim on Planon's stand-in, and one client that makes reports and waits for their delivery."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

import requests

from shim.demo import add_client, planon_section, write_configuration
from shim.settings import load
from simulators.launch import address_of, running_planon, start_shim
from simulators.planon.control import SimulatorControl
from simulators.planon.reference import reference

REQUEST: Final = {
    "severity": "high",
    "summary": "Kraan in keuken lekt, water staat op de vloer",
    "message": "kraan in keuken lekt, water staat al op de vloer " * 4,
}
_TIMEOUT_S: Final = 30.0


class Reporter:
    """One connection to the shim that stays open, and a tenant who reports.

    Args:
        shim: address of the shim.
        key: of a client that may do everything.
    """

    def __init__(self, shim: str, key: str) -> None:
        self._shim = shim
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {key}"
        self._numbers = count()
        found = self._post("find_tenant", {"telephone": str(reference().tenants[0].telephone)}).json()
        self._tenant: str = found["tenant"]

    def create_incident(self) -> None:
        """Make a report and wait until it is delivered.

        Raises:
            RuntimeError: it was not.
        """
        reported_at = datetime.now(UTC).isoformat(timespec="seconds")
        key = {"Idempotency-Key": f"bench-{next(self._numbers)}"}
        answer = self._post("create_incident", {**REQUEST, "tenant": self._tenant, "reported_at": reported_at}, key)
        if answer.status_code != requests.codes.created or answer.json()["sla"]["state"] != "running":
            raise RuntimeError(f"not delivered with a running clock: {answer.status_code} {answer.text}")

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, contract: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> requests.Response:
        return self._http.post(f"{self._shim}/v1/planon/{contract}", json=body, headers=headers, timeout=_TIMEOUT_S)


@contextmanager
def reporting(folder: Path) -> Iterator[tuple[Reporter, SimulatorControl, str]]:
    """Run a stand-in and a shim on it; yield a client, the stand-in's control, and the stand-in's address."""
    with running_planon(folder) as (control, address):
        configuration = write_configuration(folder, {"planon": planon_section(address)})
        key = add_client(load(configuration))
        with start_shim(configuration) as shim:
            reporter = Reporter(address_of(shim), key)
            try:
                yield reporter, control, address.url
            finally:
                reporter.close()
