"""The HTTP application: routes, health, and errors as problems."""

from collections.abc import Awaitable, Callable
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from outbox.database import Database
from shim import problems
from shim.routes import Service, router

MODE_HEADER = "Shim-Mode"


def create_app(service: Service, database: Database, *, demo: bool) -> FastAPI:
    """Return the application.

    Args:
        service: what the routes delegate to.
        database: the state; the service is ready while it can be written.
        demo: whether every reply says that nothing real is behind it.
    """
    app = FastAPI(
        title="legacy-shim",
        version=version("legacy-shim"),
        summary="Narrow contracts in front of legacy systems.",
    )
    problems.install(app)
    app.include_router(router(service))

    @app.get("/healthz", tags=["service"], operation_id="healthz", summary="The process answers.")
    def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", tags=["service"], operation_id="readyz", summary="Durable writes can be accepted.")
    def readyz() -> Response:
        # StateUnavailable becomes a 503: a full disk must take the instance out of rotation.
        with database.transaction():
            return JSONResponse({"status": "ready"})

    if demo:

        @app.middleware("http")
        async def say_demo(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            response = await call_next(request)
            response.headers[MODE_HEADER] = "demo"
            return response

    return app
