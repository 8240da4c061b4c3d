"""The control port: shows the ledger and takes scenarios. It stays up when the service port is down."""

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from simulators.planon.exchange import Answer
from simulators.planon.scenario import ScenarioRefused
from simulators.planon.service import HttpHandler


def control_handler(
    shown: Mapping[str, Callable[[], Any]], apply: Callable[[Mapping[str, Any]], None]
) -> type[BaseHTTPRequestHandler]:
    """Return the handler class of the control port: GET of each path in `shown`, POST /scenario."""

    class ControlHandler(HttpHandler):
        def do_GET(self) -> None:  # noqa: N802 - http.server calls it by this name
            show = shown.get(self.path)
            if show is None:
                self._json(404, {"error": "no such path"})
            else:
                self._json(200, show())

        def do_POST(self) -> None:  # noqa: N802 - http.server calls it by this name
            body = self.body()
            if body is None:
                return
            if self.path != "/scenario":
                self._json(404, {"error": "no such path"})
                return
            try:
                changes = json.loads(body)
                if not isinstance(changes, dict):
                    raise ScenarioRefused("a scenario is a JSON object")
                apply(changes)
            except ValueError as error:  # ScenarioRefused and JSONDecodeError are ValueErrors
                self._json(400, {"error": str(error)})
                return
            self._json(200, shown["/scenario"]())

        def _json(self, status: int, value: Any) -> None:
            self.answer(Answer(status, json.dumps(value).encode(), "application/json"))

    return ControlHandler
