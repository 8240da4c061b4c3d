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
    "/docs/oauth2-redirect": "docs",
    "/static-offline-docs": "docs",
}
"""What needs no key, and what the audit would call it. It tells of nobody."""

DELIVERIES: Final = {"/v1/deliveries": "list_deliveries", "/v1/deliveries/{delivery}": "get_delivery"}
"""A client's own deliveries."""


def policies_of(systems: Mapping[str, System]) -> Policies:
    """Return the table for these systems."""
    policies = Policies()
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
