"""The control port: shows the ledger, takes scenarios and planners' actions. It is up when the service port is down."""

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from simulators.planon.exchange import Answer
from simulators.planon.http_handler import HttpHandler


def control_handler(
    shown: Mapping[str, Callable[[], Any]], taken: Mapping[str, Callable[[Mapping[str, Any]], Any]]
) -> type[BaseHTTPRequestHandler]:
    """Return the handler class of the control port.

    Args:
        shown: what a GET of a path shows.
        taken: what takes the JSON object of a POST to a path, and returns what is answered. A ValueError is a 400.
    """

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
            take = taken.get(self.path)
            if take is None:
                self._json(404, {"error": "no such path"})
                return
            try:
                told = take(_object(body))
            except ValueError as error:  # a refusal or a JSONDecodeError
                self._json(400, {"error": str(error)})
                return
            self._json(200, told)

        def _json(self, status: int, value: Any) -> None:
            self.answer(Answer(status, json.dumps(value).encode(), "application/json"))

    return ControlHandler


def _object(body: bytes) -> dict[str, Any]:
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("the body is no JSON object")  # noqa: TRY004 - as any other wrong body
    return value
