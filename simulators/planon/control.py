"""A client of the control port, for tests and the demo."""

from typing import Any

import requests

_TIMEOUT_S = 30  # a ledger of 20,000 incidents is some 40 MB


class SimulatorControl:
    """Reads the ledger of a running stand-in and sets its scenario.

    Args:
        url: address of the control port, such as `http://127.0.0.1:41234`.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def incidents(self) -> list[dict[str, Any]]:
        """Return all committed incidents, oldest first."""
        return list(self._get("/ledger")["incidents"])

    def notes(self) -> list[dict[str, Any]]:
        """Return all committed communication-log records, oldest first."""
        return list(self._get("/ledger")["notes"])

    def dropped(self) -> list[dict[str, Any]]:
        """Return the incidents that were given a number and forgotten."""
        return list(self._get("/ledger")["dropped"])

    def tally(self) -> dict[str, Any]:
        """Return counts of `incidents`, `notes` and `dropped`, and under `struck` those of every fault by operation."""
        return self._get("/tally")

    def state(self) -> dict[str, Any]:
        """Return the scenario with what is left of its counts."""
        return self._get("/scenario")

    def apply(self, **changes: Any) -> None:
        """Change the scenario, as in `apply(down=True)` or `apply(commit_late={"times": 1, "after_s": 3})`.

        Raises:
            requests.HTTPError: if the simulator refuses the change.
        """
        self._post("/scenario", changes)

    def set_status(self, number: str, status: str) -> None:
        """Change an incident's state, as a planner does: Reported, In progress, Completed or Canceled.

        Raises:
            requests.HTTPError: if there is no such incident or no such state.
        """
        self._post("/incident", {"number": number, "status": status})

    def _post(self, path: str, value: dict[str, Any]) -> None:
        requests.post(f"{self._url}{path}", json=value, timeout=_TIMEOUT_S).raise_for_status()

    def _get(self, path: str) -> dict[str, Any]:
        answer = requests.get(f"{self._url}{path}", timeout=_TIMEOUT_S)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
