"""The HTTP application: routes, health, documentation, and errors as problems."""

from importlib.metadata import version

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline

from outbox.database import Database
from shim.admission.boundary import Boundary
from shim.admission.policies import policies_of
from shim.guarding import LeakCounter
from shim.http import openapi, problems
from shim.http.metrics import CONTENT_TYPE, registry_of, scraped
from shim.http.readiness import Readiness
from shim.http.routes import Service, router
from shim.watching import Standing


def create_app(
    service: Service, database: Database, leaks: LeakCounter, standing: Standing | None = None, *, demo: bool
) -> FastAPI:
    """Return the application.

    Args:
        service: what the routes delegate to.
        database: the state; the service is ready while it can be written.
        leaks: counts what the guard has found.
        standing: tells which systems are read-only; None when all may be written to.
        demo: whether every reply says that nothing real is behind it.
    """
    # The documentation's scripts come from the package: a hospital's network has no way out.
    app = FastAPIOffline(
        title="legacy-shim",
        version=version("legacy-shim"),
        summary="Narrow contracts in front of legacy systems.",
        redoc_url=None,
    )
    policies = policies_of(service.systems)
    app.add_middleware(Boundary, policies=policies, gate=service.gate, demo=demo)
    problems.install(app)
    app.include_router(router(service))
    openapi.correct(app)

    @app.get("/healthz", tags=["service"], operation_id="healthz", summary="The process answers.")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    readiness = Readiness(database)

    @app.get("/readyz", tags=["service"], operation_id="readyz", summary="Durable writes can be accepted.")
    def readyz() -> Response:
        readiness.prove()
        held = [name for name in service.systems if standing is not None and standing.read_only(name) is not None]
        # Still ready: reads go on, and other systems are written to.
        return JSONResponse({"status": "ready", **({"read_only": held} if held else {})})

    registry = registry_of(database, service.systems)
    leaks.register(registry)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(scraped(registry), media_type=CONTENT_TYPE)

    policies.check(app)
    return app
