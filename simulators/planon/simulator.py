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
from simulators.planon.faults import Fault, ScenarioRefused
from simulators.planon.late_work import LateWork
from simulators.planon.ledger import Ledger, PlannerRefused
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
        self._late_work = LateWork()
        appsuite = AppSuite(self.ledger, account)
        soap = SoapServices(self.ledger, self._sessions)
        endpoints = Endpoints(appsuite, soap, self._scenario, self._late_work, self._stopping)
        self._service = Listener(endpoints.handler(), port)
        shown = {"/ledger": self.ledger.as_json, "/scenario": self._scenario.as_json, "/tally": self.tally}
        taken = {"/scenario": self._take_scenario, "/incident": self._take_incident}
        self._control = Listener(control_handler(shown, taken), control_port)

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
            self._late_work.start()
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
        self._late_work.stop()
        self.replica.stop()

    def apply(self, changes: Mapping[str, Any]) -> None:
        """Change the scenario; `Scenario` names the keys. `expire_sessions` (true) ends all SOAP sessions once.

        Raises:
            ScenarioRefused: for an unknown key or a wrong value; nothing was changed.
        """
        kept = dict(changes)
        expires = kept.pop("expire_sessions", False)
        if not isinstance(expires, bool):
            raise ScenarioRefused(f"expire_sessions cannot be {expires!r}")
        with self._lock:
            self._scenario.change(kept)
            if expires:
                self._sessions.expire_all()
            self.replica.lag_s = self._scenario.lag_s
            self.replica.set_down(self._scenario.switched_on(Fault.REPLICA_DOWN))
            self.replica.set_stalled(self._scenario.switched_on(Fault.REPLICA_STALLED))
            if self._scenario.switched_on(Fault.DOWN):
                self._service.refuse()
            elif not self._stopping.is_set():
                self._service.open()

    def tally(self) -> dict[str, Any]:
        """Return how much the ledger holds, and what each fault has struck by fault and operation."""
        return self.ledger.tally() | {"struck": self._scenario.struck()}

    def _take_scenario(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        self.apply(changes)
        return self._scenario.as_json()

    def _take_incident(self, action: Mapping[str, Any]) -> dict[str, Any]:
        match action:
            case {"number": str(number), "status": str(status)} if len(action) == 2:  # noqa: PLR2004 - those two only
                return self.ledger.set_status(number, status).as_json()
        raise PlannerRefused("a planner's action has a number and a status")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _now() -> datetime:
    return datetime.now(UTC)
