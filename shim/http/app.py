"""The HTTP application: routes, health, documentation, and errors as problems."""

from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from outbox.database import Database
from shim.admin.admin import Admin
from shim.admission.boundary import Boundary
from shim.admission.policies import policies_of
from shim.drift.noticing import Standing
from shim.guarding import LeakCounter
from shim.http import docs_page, openapi, problem_pages, problems
from shim.http.readiness import Readiness, ReadyReply
from shim.http.routes import Service, router
from shim.stopping import Stopping
from shim.telemetry.observed import Observed, Traces
from shim.telemetry.scraping import CONTENT_TYPE, registry_of, scraped
from shim.telemetry.watch import Watch


def create_app(
    service: Service,
    database: Database,
    leaks: LeakCounter,
    standing: Standing | None = None,
    tracing: Traces | None = None,
    stopping: Stopping | None = None,
    watch: Watch | None = None,
    admin: Admin | None = None,
    *,
    demo: bool,
) -> FastAPI:
    """Return the application.

    Args:
        service: what the routes delegate to.
        database: the state; the service is ready while it can be written.
        leaks: counts what the guard has found.
        standing: tells which systems are read-only; None when all may be written to.
        tracing: begins the trace of a request; None when nothing is traced.
        stopping: whether the process ends.
        watch: what counts and logs requests; None for one of its own.
        admin: the operations page; None without one.
        demo: whether every reply says that nothing real is behind it.
    """
    app = FastAPI(
        title="legacy-shim",
        version=version("legacy-shim"),
        summary=openapi.SUMMARY,
        description=openapi.DESCRIPTION,
        servers=[{"url": "/", "description": "This service."}],
        docs_url=None,  # ours takes its scripts from the package: a hospital's network has no way out
        redoc_url=None,
    )
    policies = policies_of(service.systems, pages=admin is not None)
    watch = watch or Watch.of(service.systems)
    app.add_middleware(
        Boundary,
        policies=policies,
        gate=service.gate,
        http=service.http,
        turns=service.bulkheads.admission,
        stopping=stopping,
        entrance=None if admin is None else admin.entrance,
        demo=demo,
    )
    # The last one is the outermost.
    app.add_middleware(Observed, policies=policies, noted=watch.noted, tracing=tracing)
    problems.install(app)
    problem_pages.install(app)
    docs_page.install(app)
    app.include_router(router(service))
    for pages in () if admin is None else admin.routers:
        app.include_router(pages)
    openapi.correct(app, service.systems)

    @app.get("/healthz", tags=["service"], operation_id="healthz", summary="The process answers.")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    readiness = Readiness(database)

    @app.get(
        "/readyz",
        tags=["service"],
        operation_id="readyz",
        summary="Durable writes can be accepted.",
        response_model=ReadyReply,
        responses={503: {"model": ReadyReply}},
    )
    def readyz() -> Response:
        ends = stopping is not None and stopping.begun
        if not ends:
            readiness.prove()
        # Still ready without a system: writes are accepted, and other systems are asked.
        reply = ReadyReply(
            status="stopping" if ends else "ready", systems=readiness.systems(watch.reach, service.systems, standing)
        )
        status = HTTPStatus.SERVICE_UNAVAILABLE if ends else HTTPStatus.OK
        headers = {"Retry-After": "1"} if ends else None  # another instance is asked then
        return Response(reply.model_dump_json(exclude_none=True), status, headers, "application/json")

    registry = registry_of(
        database,
        service.systems,
        watch.metrics,
        leaks,
        standing,
        service.bulkheads.all(),
        readiness.writable,
        lambda: datetime.now(UTC),
    )

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(scraped(registry), media_type=CONTENT_TYPE)

    policies.check(app)
    return app
