"""A bare FastAPI application with the same models and the same answers: `python -m benchmarks.service_bare FILE`.

It reads the answers from a file, listens as `shim serve` does, and does nothing else: no key, no audit, no guard, no
token, no thread. Its endpoints are the same under `/threads`, where FastAPI runs them in threads, as it must where a
backend's driver blocks.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from contracts.catalogue import CATALOGUE, Contract
from contracts.fields import Model
from shim.http.listener import address_of, listening, server_of
from shim.settings import Http

THREADS: Final = "/threads"


def bare(answers: dict[str, Any]) -> FastAPI:
    """Return the application.

    Args:
        answers: what is answered to each path.
    """
    app = FastAPI()
    contracts = {(f"/v1/{row.desk}/{row.name}"): row for row in CATALOGUE}
    for path, answer in answers.items():
        contract = contracts[path]
        reply = contract.reply.model_validate(answer)
        app.add_api_route(path, _endpoint(contract, reply), methods=["POST"], response_model_exclude_none=True)
        threads = _blocking(contract, reply)
        app.add_api_route(THREADS + path, threads, methods=["POST"], response_model_exclude_none=True)
    return app


def _endpoint(contract: Contract, reply: Model) -> Callable[..., Any]:
    async def endpoint(body: contract.request) -> contract.reply:  # type: ignore[name-defined]
        del body
        return reply

    return endpoint


def _blocking(contract: Contract, reply: Model) -> Callable[..., Any]:
    def blocking(body: contract.request) -> contract.reply:  # type: ignore[name-defined]
        del body
        return reply

    return blocking


def main() -> None:
    """Listen, tell where, and serve until a signal comes."""
    app = bare(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    http = Http()
    with listening(http.host, 0) as listener:
        server = server_of(app, http, None)
        print(f"bare FastAPI on {address_of(listener, http)}", flush=True)
        server.run([listener])


if __name__ == "__main__":
    main()
