"""The whole stand-in, wired: usable inside a process, and started as its own by `python -m simulators.planon`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, RLock
from types import TracebackType
from typing import Any, Self

from simulators.planon.appsuite import AppSuite
from simulators.planon.control_port import control_handler
from simulators.planon.exchange import Account
from simulators.planon.ledger import Ledger
from simulators.planon.listener import Listener
from simulators.planon.reference import Reference, reference
from simulators.planon.replica import Replica
from simulators.planon.scenario import Scenario
from simulators.planon.service import Endpoints
from simulators.planon.sessions import Sessions
from simulators.planon.sla import SlaEngine
from simulators.planon.soap import SoapServices

DEFAULT_ACCOUNT = Account("shim", "planon-sandbox")


class PlanonSimulator:
    """Planon with its faults: SOAP and AppSuite on one loopback port, control on another, a replica file.

    Args:
        replica: SQLite file of the read replica; an older one there is replaced.
        port: service port; 0 for a free one.
        control_port: control port; 0 for a free one.
        account: who may log in, to SOAP and to AppSuite.
        lag_s: seconds by which the replica lags.
        session_idle_s: seconds after which an unused SOAP session is gone.
    """

    def __init__(
        self,
        replica: Path,
        *,
        port: int = 0,
        control_port: int = 0,
        account: Account = DEFAULT_ACCOUNT,
        lag_s: float = 2.0,
        session_idle_s: float = 1800.0,
    ) -> None:
        self.account = account
        self.reference: Reference = reference()
        self.ledger = Ledger(SlaEngine(self.reference), _now)
        self.replica = Replica(replica, self.ledger, _now, lag_s)
        self._scenario = Scenario(lag_s)
        self._sessions = Sessions(account, session_idle_s)
        self._stopping = Event()
        self._lock = RLock()
        appsuite = AppSuite(self.ledger, account, self._scenario)
        soap = SoapServices(self.ledger, self._sessions)
        endpoints = Endpoints(appsuite, soap, self._scenario, self._stopping)
        self._service = Listener(endpoints.handler(), port)
        shown = {"/ledger": self.ledger.as_json, "/scenario": self._scenario.as_json}
        self._control = Listener(control_handler(shown, self.apply), control_port)

    @property
    def url(self) -> str:
        """Address of the service port; SOAP is under /soap/<service>, AppSuite at /appsuite/incident."""
        return self._service.url

    @property
    def control_url(self) -> str:
        """Address of the control port."""
        return self._control.url

    def start(self) -> None:
        """Create the replica and open both ports.

        Raises:
            OSError: if a port is in use or the replica cannot be written.
        """
        try:
            self.replica.start(self.reference)
            self._control.open()
            self._service.open()
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Close both ports and cut every connection. What was held for a late commit is forgotten."""
        self._stopping.set()
        with self._lock:
            self._service.close()
            self._control.close()
        self._scenario.change({"stall": False})
        self.replica.stop()

    def apply(self, changes: Mapping[str, Any]) -> None:
        """Change the scenario; `Scenario` names the keys. `expire_sessions` ends all SOAP sessions once.

        Raises:
            ScenarioRefused: for an unknown key or a wrong value; nothing was changed.
        """
        kept = {name: value for name, value in changes.items() if name != "expire_sessions"}
        with self._lock:
            self._scenario.change(kept)
            if changes.get("expire_sessions"):
                self._sessions.expire_all()
            state = self._scenario.as_json()
            self.replica.lag_s = state["lag_s"]
            self.replica.set_down(state["replica_down"])
            if state["down"]:
                self._service.refuse()
            elif not self._stopping.is_set():
                self._service.open()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _now() -> datetime:
    return datetime.now(UTC)
