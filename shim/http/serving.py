"""The HTTP application of a deployment, put together: apart from `shim.root`, which commands without HTTP load, too."""

from collections.abc import Callable

from fastapi import FastAPI

from shim.admission.denials import Denials
from shim.admission.gate import Gate
from shim.admission.limits import RequestLimits
from shim.audited import Accesses
from shim.durable import Durable
from shim.guarding import LeakCounter
from shim.http.app import create_app
from shim.http.routes import Service
from shim.idempotency import Idempotency
from shim.identity import IdentityLimits
from shim.immediate import Immediate
from shim.landings import Landings
from shim.opaque.tokens import Tokens
from shim.order import Order
from shim.outbound import Outbound
from shim.root import Shim, utc_now


def application(shim: Shim, notify: Callable[[], None], landings: Landings, *, demo: bool) -> FastAPI:
    """Return the application. `notify` wakes the worker beside it, if there is one; that tells `landings`."""
    deployment, state = shim.settings.deployment, shim.state
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
    service = Service(shim.systems, gate, immediate, durable, outbound, accesses, shim.settings.http, days)
    return create_app(service, state.database, leaks, shim.drift, demo=demo)
