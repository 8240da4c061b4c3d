"""The service port: one HTTP request is read, given its fate by the scenario, and executed or not."""

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any, ClassVar, Final

from schemas.xml import LIMIT_BYTES
from simulators.planon.appsuite import AppSuite
from simulators.planon.exchange import Answer, Prepared
from simulators.planon.listener import reset_on_close
from simulators.planon.scenario import Fate, Scenario
from simulators.planon.soap import SoapServices

_HTML_502: Final = Answer(
    502,
    b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>",
    "text/html",
)


class HttpHandler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive, one write per answer, and no log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a second segment would otherwise wait 40 ms for the first one's acknowledgement
    wbufsize = -1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the inherited name
        """Log nothing."""

    def body(self) -> bytes | None:
        """Return the request's body, or answer and return None when it is too long or has no length."""
        try:
            length = int(self.headers["Content-Length"])
        except (TypeError, ValueError):
            length = -1
        if not 0 <= length <= LIMIT_BYTES:
            self.close_connection = True
            self.answer(Answer(411 if length < 0 else 413, b"", "text/plain"))
            return None
        return self.rfile.read(length)

    def answer(self, answer: Answer) -> None:
        """Send an answer."""
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a service port needs; `stopping` is set when the stand-in goes away."""

    appsuite: AppSuite
    soap: SoapServices
    scenario: Scenario
    stopping: Event

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return a handler class with these endpoints: `http.server` makes the instances itself."""
        return type("BoundServiceHandler", (ServiceHandler,), {"endpoints": self})


class ServiceHandler(HttpHandler):
    """Answers the service port, or fails as the scenario says."""

    endpoints: ClassVar[Endpoints]

    def do_GET(self) -> None:
        """Answer 404: the WSDL is not served, clients bring their own."""
        self.answer(Answer(404, b"", "text/plain"))

    def do_POST(self) -> None:
        """Read a request and give it its fate."""
        body = self.body()
        if body is None:
            return
        prepared = self._prepared(body)
        if prepared is None:
            self.answer(Answer(404, b"", "text/plain"))
            return
        fate, delay_s = self.endpoints.scenario.fate(prepared.operation)
        if fate is Fate.ANSWERED:
            answer = prepared.execute()
            self.endpoints.stopping.wait(delay_s)
            self.answer(answer)
        elif fate is Fate.HTML_502:
            self.answer(_HTML_502)
        else:
            self._vanish(fate, delay_s, prepared)

    def _prepared(self, body: bytes) -> Prepared | None:
        if self.path == "/appsuite/incident":
            return self.endpoints.appsuite.prepare(self.headers.get("Authorization", ""), body)
        folder, _, service = self.path.rpartition("/")
        return self.endpoints.soap.prepare(service, body) if folder == "/soap" else None

    def _vanish(self, fate: Fate, delay_s: float, prepared: Prepared) -> None:
        if fate is Fate.STALLED:
            self.endpoints.scenario.wait_while_stalled()
        elif not self.endpoints.stopping.wait(delay_s):  # a lost reply has no delay
            prepared.execute()
        reset_on_close(self.connection)
        self.close_connection = True
