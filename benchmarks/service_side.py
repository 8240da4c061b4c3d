"""The shim with desks that answer at once and a stopwatch around it: `python -m benchmarks.service_side WITHOUT …`.

Everything else is `shim serve` as it is installed. `WITHOUT` is `nothing`, or what is left out to see what it costs:
`audit`, `guard` or `audit,guard`. `GET /stopwatch` tells what was measured since it was asked last.
"""

import json
import sys
import time
from contextlib import ExitStack
from functools import wraps
from typing import Any, Final
from unittest.mock import patch

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.service_desks import ADAPTERS, SPENT, Spent
from shim import systems
from shim.audit.log import AuditLog
from shim.cli import main as shim
from shim.guarding import Guarded
from shim.writing import immediate

STOPWATCH: Final = "/stopwatch"


class Stopwatch:
    """Measures, outside of everything that is the shim's, how long a request takes without its desk.

    From the moment that the server hands the request over until the last part of the answer has been given back to it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._own_ms: list[float] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve and measure one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == STOPWATCH:
            await self._tell(send)
        else:
            await self._measure(scope, receive, send)

    async def _measure(self, scope: Scope, receive: Receive, send: Send) -> None:
        spent = Spent()
        token = SPENT.set(spent)
        begin = time.perf_counter()

        async def watched(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                own_s = time.perf_counter() - begin - spent.desk_s
                self._own_ms.append(own_s * 1e3)

        try:
            await self._app(scope, receive, watched)
        finally:
            SPENT.reset(token)

    async def _tell(self, send: Send) -> None:
        told, self._own_ms = json.dumps(self._own_ms).encode(), []
        length = str(len(told)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": told})


def main() -> None:
    """Run the shim's command with desks of our own."""
    without = sys.argv.pop(1)
    config = uvicorn.Config

    @wraps(config)
    def watched(app: ASGIApp, *arguments: Any, **options: Any) -> uvicorn.Config:
        return config(Stopwatch(app), *arguments, **options)

    with ExitStack() as stack:
        stack.enter_context(patch.object(systems, "find_adapter", ADAPTERS.__getitem__))
        stack.enter_context(patch.object(uvicorn, "Config", watched))
        if "audit" in without:
            for name in ("write", "later"):
                stack.enter_context(patch.object(AuditLog, name, lambda *_: None))
        if "guard" in without:
            stack.enter_context(patch.object(immediate, "guard_reply", lambda reply: Guarded(reply, ())))
        shim()


if __name__ == "__main__":
    main()
