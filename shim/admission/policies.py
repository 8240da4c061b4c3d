"""Every route of the service with its policy: one row each, the contracts' rows derived from the catalogue."""

from collections.abc import Mapping
from typing import Final

from contracts.catalogue import Effect
from shim.admission.client import METRICS, scopes_of
from shim.admission.policy import GET, Policies, Policy
from shim.systems import System

POST: Final = "POST"

OPEN: Final = {
    "/healthz": "healthz",
    "/readyz": "readyz",
    "/openapi.json": "openapi",
    "/docs": "docs",
    "/static-offline-docs": "docs",
    "/problems": "problems",
    "/problems/{slug}": "problems",
}
"""What needs no key, and what the audit would call it. It tells of nobody."""

DELIVERIES: Final = {"/v1/deliveries": "list_deliveries", "/v1/deliveries/{delivery}": "get_delivery"}
"""A client's own deliveries."""


PAGES: Final = {
    "/admin": (GET, "admin status"),
    "/admin/search": (GET, "admin search"),
    "/admin/groups/{system}/{code}": (GET, "admin group"),
    "/admin/groups/{system}/{code}/retry": (POST, "admin retry"),
    "/admin/groups/{system}/{code}/discard": (POST, "admin discard"),
    "/admin/deliveries/{delivery}": (GET, "admin look"),
    "/admin/deliveries/{delivery}/retry": (POST, "admin retry"),
    "/admin/deliveries/{delivery}/discard": (POST, "admin discard"),
    "/admin/sign-out": (POST, "admin sign-out"),
}
"""The operations page: for whoever is signed in; no key opens it."""

SIGNING_IN: Final = Policy("admin sign-in", public=True)
STYLE: Final = Policy("admin style", public=True)


def policies_of(systems: Mapping[str, System], *, pages: bool = False) -> Policies:
    """Return the table for these systems; with `pages`, also for the operations page."""
    policies = Policies()
    for path, (method, action) in PAGES.items() if pages else ():
        policies.add(path, method, Policy(action, session=True))
    if pages:
        policies.add("/admin/sign-in", GET, SIGNING_IN)
        policies.add("/admin/sign-in", POST, SIGNING_IN)
        policies.add("/admin/static/{name}", GET, STYLE)
    for path, action in OPEN.items():
        policies.add(path, GET, Policy(action, public=True))
    policies.add("/metrics", GET, Policy("metrics", (METRICS,)))
    for path, action in DELIVERIES.items():
        policies.add(path, GET, Policy(action, durable_scopes(systems)))
    for system in systems.values():
        for contract in system.contracts:
            policy = Policy(contract.operation, scopes_of(contract, system.name), system.name, contract.name)
            policies.add(f"/v1/{system.name}/{contract.name}", POST, policy)
    return policies


def durable_scopes(systems: Mapping[str, System]) -> tuple[str, ...]:
    """Return the scopes of whoever may have a delivery: of every durable contract, and the bundles that hold one."""
    scopes = [
        scope
        for system in systems.values()
        for contract in system.contracts
        if contract.effect is Effect.DURABLE
        for scope in scopes_of(contract, system.name)
    ]
    return tuple(dict.fromkeys(scopes))
