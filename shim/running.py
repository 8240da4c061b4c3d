"""What runs while the service serves, and how it ends: by one deadline from the signal on, whatever hangs.

Nothing is lost by ending early: what was accepted is stored, and what was begun is asked for at the next start.
"""

import logging
import os
import ssl
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shim.admission.turns import Bulkheads
from shim.http.listener import server_of
from shim.stopping import Stopping
from shim.writing.landings import Landings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from outbox.worker import Worker
    from shim.http.server import Server
    from shim.keeping.regular import Regular
    from shim.root import Shim
    from shim.settings import Http
    from shim.telemetry.tracing import Tracing

_SLICE_S: Final = 0.1
"""How long anything is waited for before somebody looks whether a second signal has come."""
_WORKER_SHARE: Final = 0.9
"""How much of the time of the end the worker's attempts may take; the rest is for closing the state and the systems."""
_CLOSING_LEAST_S: Final = 2.0
"""How long closing may take where somebody gave less time than that for everything, or is in a hurry."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a service that begin and end with it."""

    app: "ASGIApp"
    http: "Http"
    worker: "Worker | None"
    chores: "list[Regular]"
    landings: Landings
    bulkheads: Bulkheads
    stopping: Stopping

    @classmethod
    def of(cls, shim: "Shim", *, deliver: bool, demo: bool, tracing: "Tracing | None" = None) -> "Running":
        """Build them; nothing has begun."""
        from shim.telemetry.delivering import Deliveries  # noqa: PLC0415
        from shim.telemetry.watch import Watch  # noqa: PLC0415 - every command loads the module of `serve`

        http = shim.settings.http
        landings, bulkheads = Landings(), Bulkheads(shim.systems, http)
        stopping = Stopping(shim.settings.outbox.grace_s)
        watch = Watch.of(shim.systems)
        worker = shim.worker(landings.tell, around=Deliveries(watch.noted, tracing)) if deliver else None
        notify = worker.notify if worker else lambda: None
        app = shim.app(
            notify, landings, stopping=stopping, bulkheads=bulkheads, watch=watch, tracing=tracing, demo=demo
        )
        return cls(app, http, worker, shim.chores() if deliver else [], landings, bulkheads, stopping)

    def server(self, encryption: ssl.SSLContext | None) -> "Server":
        """Return the server; it tells the others when the end begins."""
        server = server_of(self.app, self.http, encryption, self.stopping)
        server.when_stopping = self._when_stopping
        server.when_over = self.bulkheads.give_up
        return server

    def start(self) -> None:
        """Begin to deliver, and what is done by itself."""
        if self.worker:
            self.worker.start()
        for chore in self.chores:
            chore.start()

    def end(self) -> None:
        """Let running attempts end; what has not ended in time is left as it is."""
        self.stopping.start()
        threading.Thread(target=self._watch, name="end", daemon=True).start()
        for chore in self.chores:
            chore.stop(0)
        if self.worker and not self._worker_ended(self.worker):
            _log.warning("an attempt did not end in time; its outcome is asked for at the next start")
        for chore in self.chores:
            chore.stop(min(_SLICE_S, self.stopping.left_s()))

    def _when_stopping(self) -> None:
        self.landings.end()
        if self.worker:
            self.worker.stop(0)  # it ends its attempts while requests are being answered

    def _worker_ended(self, worker: "Worker") -> bool:
        while not worker.stop(_SLICE_S):
            if self.stopping.left_s(_WORKER_SHARE) <= 0:
                return False
        return True

    def _watch(self) -> None:
        """End the process when its time is over, whatever hangs; a thread that hangs in a driver cannot be ended."""
        done = threading.Event()
        while (left_s := self.stopping.left_s()) > 0:
            done.wait(min(_SLICE_S, left_s))
        done.wait(_CLOSING_LEAST_S if self.stopping.hurried or self.stopping.grace_s < _CLOSING_LEAST_S else 0)
        _log.warning("the end took too long, and was cut short; nothing that was accepted is lost by it")
        sys.stderr.flush()
        os._exit(0)
