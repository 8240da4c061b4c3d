"""The service port: one HTTP request is read, struck by the scenario's faults or spared, and executed or not."""

import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import ClassVar, Final

from simulators.planon.appsuite import AppSuite
from simulators.planon.description import description
from simulators.planon.exchange import Answer, Prepared
from simulators.planon.faults import NATURES, Fault, Stage
from simulators.planon.http_handler import HttpHandler
from simulators.planon.late_work import LateWork
from simulators.planon.listener import reset_on_close
from simulators.planon.patience import keep_waiting
from simulators.planon.refusals import refusal
from simulators.planon.scenario import Scenario
from simulators.planon.soap import SoapServices
from simulators.planon.spoiling import spoiled
from simulators.planon.strike import Strike

_FOR_EVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a service port needs; `stopping` is set when the stand-in goes away."""

    appsuite: AppSuite
    soap: SoapServices
    scenario: Scenario
    late_work: LateWork
    stopping: Event

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return a handler class with these endpoints: `http.server` makes the instances itself."""
        return type("BoundServiceHandler", (ServiceHandler,), {"endpoints": self})


class ServiceHandler(HttpHandler):
    """Answers the service port, or fails as the scenario says."""

    endpoints: ClassVar[Endpoints]

    def do_GET(self) -> None:  # noqa: N802 - http.server calls it by this name
        """Answer what creates nothing: a WSDL if the scenario says so, and AppSuite's word on who asks."""
        if self.path == "/appsuite/incident":
            self.answer(self.endpoints.appsuite.look(self.headers.get("Authorization", "")))
            return
        folder, _, service = self.path.partition("?")[0].rpartition("/")
        served = self.endpoints.scenario.wsdl if folder == "/soap" and self.path.endswith("?wsdl") else ""
        wsdl = description(service, changed=served == "changed") if served else None
        self.answer(Answer(404, b"", "text/plain") if wsdl is None else Answer(200, wsdl))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header, by a clock that the scenario may have set wrong."""
        moment = time.time() if timestamp is None else timestamp
        return super().date_time_string(int(moment + self.endpoints.scenario.clock_ahead_s))

    def do_POST(self) -> None:  # noqa: N802 - http.server calls it by this name
        """Read a request and let the scenario strike it."""
        body = self.body()
        if body is None:
            return
        prepared = self._prepared(body)
        if prepared is None:
            self.answer(Answer(404, b"", "text/plain"))
            return
        self._serve(prepared, self.endpoints.scenario.strike(prepared.operation))

    def _prepared(self, body: bytes) -> Prepared | None:
        if self.path == "/appsuite/incident":
            return self.endpoints.appsuite.prepare(self.headers.get("Authorization", ""), body)
        folder, _, service = self.path.rpartition("/")
        return self.endpoints.soap.prepare(service, body) if folder == "/soap" else None

    def _serve(self, prepared: Prepared, strike: Strike) -> None:
        fault = strike.deciding
        if fault is Fault.STALL:
            self._hold(fault)
            self._reset()
        elif fault is Fault.COMMIT_LATE:
            self._commit_late(prepared, strike)
        elif fault is not None and NATURES[fault].stage is Stage.BEFORE:
            self._refuse(fault, prepared, strike)
        else:
            answer = prepared.execute(strike)
            if self._wait(strike.latency_s):
                self._reply(fault, spoiled(fault, prepared.operation, answer))

    def _refuse(self, fault: Fault, prepared: Prepared, strike: Strike) -> None:
        if fault is Fault.EXPIRED:
            prepared.end_session()
        if not self._wait(strike.latency_s):
            return
        if fault is Fault.RESET:
            self._reset()
            return
        if fault is Fault.HTML_502 and strike.faults[fault]["after_s"] is not None:
            self.endpoints.late_work.after(strike.amount(fault, "after_s"), lambda: prepared.execute(strike))
        self.answer(refusal(fault, strike))

    def _commit_late(self, prepared: Prepared, strike: Strike) -> None:
        amounts = strike.faults[Fault.COMMIT_LATE]
        after_s = strike.amount(Fault.COMMIT_LATE, "after_s")
        reset_after_s = amounts["reset_after_s"]
        self.endpoints.late_work.after(after_s, lambda: prepared.execute(strike))
        self._wait(after_s if reset_after_s is None else reset_after_s)
        self._reset()

    def _reply(self, fault: Fault | None, answer: Answer) -> None:
        if fault is Fault.LOSE_REPLY:
            self._reset()
        elif fault is Fault.TRUNCATE_REPLY:
            self.answer_half(answer)
            self.close_connection = True
        elif fault is Fault.STALL_REPLY:
            self.answer_half(answer)
            self._hold(fault)
            self._reset()
        else:
            self.answer(answer)

    def _wait(self, seconds: float) -> bool:
        """Let time pass; false when the client has given up, or the stand-in is stopped."""
        if seconds <= 0 or keep_waiting(self.connection, seconds, self.endpoints.stopping.is_set):
            return True
        self.close_connection = True
        return False

    def _hold(self, fault: Fault) -> None:
        """Keep silent until the client gives up or the fault is switched off."""
        scenario, stopping = self.endpoints.scenario, self.endpoints.stopping
        held = scenario.releases(fault)
        keep_waiting(self.connection, _FOR_EVER, lambda: stopping.is_set() or scenario.releases(fault) != held)

    def _reset(self) -> None:
        reset_on_close(self.connection)
        self.close_connection = True
