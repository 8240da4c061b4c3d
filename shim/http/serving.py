"""The HTTP application of a deployment, put together: apart from `shim.root`, which commands without HTTP load, too."""

from collections.abc import Callable

from fastapi import FastAPI

from shim.admin.admin import admin_of
from shim.admission.denials import Denials
from shim.admission.gate import Gate
from shim.admission.identity import IdentityLimits
from shim.admission.limits import RequestLimits
from shim.admission.turns import Bulkheads
from shim.audit.accesses import Accesses
from shim.guarding import LeakCounter
from shim.http.app import create_app
from shim.http.routes import Service
from shim.opaque.tokens import Tokens
from shim.outbound import Outbound
from shim.root import Shim, utc_now
from shim.stopping import Stopping
from shim.telemetry.observed import Traces
from shim.telemetry.watch import Watch
from shim.writing.durable import Durable
from shim.writing.idempotency import Idempotency
from shim.writing.immediate import Immediate
from shim.writing.landings import Landings
from shim.writing.order import Order


def application(
    shim: Shim,
    notify: Callable[[], None],
    landings: Landings,
    tracing: Traces | None = None,
    stopping: Stopping | None = None,
    bulkheads: Bulkheads | None = None,
    watch: Watch | None = None,
    *,
    demo: bool,
) -> FastAPI:
    """Return the application.

    Args:
        shim: the deployment.
        notify: wakes the worker beside it, if there is one.
        landings: what that worker tells.
        tracing: begins the trace of a request; None when nothing is traced.
        stopping: whether the process ends.
        bulkheads: where calls wait for their turn.
        watch: what counts and logs requests, and the attempts of the worker; None for one of the application's own.
        demo: whether every reply says that nothing real is behind it.
    """
    deployment, state = shim.settings.deployment, shim.state
    bulkheads = bulkheads or Bulkheads(shim.systems, shim.settings.http)
    opaque = Tokens(state.key, utc_now)
    leaks = LeakCounter()
    accesses = Accesses(state.audit, state.subjects)
    idempotency = Idempotency(state.database, state.cipher, state.blind, utc_now)
    order = Order(state.outbox, state.blind)
    durable = Durable(
        deployment,
        state.outbox,
        idempotency,
        opaque,
        shim.settings.report_time,
        order,
        utc_now,
        notify,
        landings,
        bulkheads.look_ups,
        accesses,
        leaks,
        shim.drift,
    )
    limits = IdentityLimits(state.database, state.blind, shim.settings.identity)
    immediate = Immediate(deployment, idempotency, opaque, limits, accesses, leaks, shim.drift)
    outbound = Outbound(opaque, accesses, leaks)
    counted = RequestLimits(state.database, shim.settings.http.requests_per_minute)
    gate = Gate(state.clients, counted, Denials(state.audit))
    days = shim.settings.idempotency_days
    service = Service(shim.systems, gate, immediate, durable, outbound, accesses, shim.settings.http, bulkheads, days)
    admin = admin_of(shim, gate.denials, utc_now)
    return create_app(service, state.database, leaks, shim.drift, tracing, stopping, watch, admin, demo=demo)
