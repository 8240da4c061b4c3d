"""A client as the rest of the service knows it: its name, its scopes, and what narrows it beyond them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from contracts.catalogue import Contract, Effect, staff_scope
from contracts.errors import Forbidden
from shim.settings import SERVICE

READ_BUNDLE: Final = "read"
WRITE_BUNDLE: Final = "write"
METRICS: Final = f"{SERVICE}:metrics"
ADMIN: Final = f"{SERVICE}:admin"
SERVICE_SCOPES: Final = (METRICS, ADMIN)
"""Scopes of the service itself; no system may be called `shim`."""


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What narrows a client beyond its scopes.

    Attributes:
        within: by system, the mandants or clinics that exist for it; all of them for a system that is not named.
        networks: where it may call from; empty: anywhere.
        requests_per_minute: None for no limit.
        attempts: facts about one person that may fail to identify, in place of the deployment's number.
        people_per_hour: different people that it may identify, in place of the deployment's number.
        strict: a reply with an identifier in it is refused as a whole; else the identifier is replaced.
    """

    within: Mapping[str, frozenset[str]] = field(default_factory=dict)
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    requests_per_minute: int | None = None
    attempts: int | None = None
    people_per_hour: int | None = None
    strict: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what is stored and shown: only what is set."""
        values: dict[str, Any] = {
            "within": {system: sorted(parts) for system, parts in sorted(self.within.items())},
            "networks": [str(network) for network in self.networks],
            "requests_per_minute": self.requests_per_minute,
            "attempts": self.attempts,
            "people_per_hour": self.people_per_hour,
            "strict": self.strict,
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> "ClientLimits":
        """Read what `as_json` returned.

        Raises:
            ValueError: a network is none.
        """
        within = {system: frozenset(parts) for system, parts in values.get("within", {}).items()}
        networks = tuple(ip_network(network) for network in values.get("networks", ()))
        return cls(**{**values, "within": within, "networks": networks})


@dataclass(frozen=True, slots=True)
class Client:
    """An authenticated caller."""

    name: str
    scopes: frozenset[str]
    limits: ClientLimits = ClientLimits()

    def may(self, *scopes: str) -> bool:
        """Whether it has one of these scopes."""
        return not self.scopes.isdisjoint(scopes)

    def require(self, *scopes: str) -> None:
        """Let the client through if it has one of these scopes, or raise Forbidden."""
        if not self.may(*scopes):
            raise Forbidden(f"the scope {scopes[0]} is needed", scope=scopes[0])

    def is_staff_of(self, system: str) -> bool:
        """Whether it may see what only staff of this system may."""
        return staff_scope(system) in self.scopes

    def within(self, system: str) -> frozenset[str] | None:
        """Return the mandants or clinics of a system that exist for it; None for all."""
        return self.limits.within.get(system)

    def may_call_from(self, address: str | None) -> bool:
        """Whether it may call from this network address."""
        if not self.limits.networks:
            return True
        try:
            caller = ip_address(address or "")
        except ValueError:
            return False
        mapped = getattr(caller, "ipv4_mapped", None)
        return any((mapped or caller) in network for network in self.limits.networks)


def bundles_of(system: str) -> tuple[str, str]:
    """Return the two scopes that admit to all that reads, and to all that writes, in a system."""
    return f"{system}:{READ_BUNDLE}", f"{system}:{WRITE_BUNDLE}"


def scopes_of(contract: Contract, system: str) -> tuple[str, str]:
    """Return the scopes that admit to a contract: its own, and the bundle of its system that holds it."""
    reading, writing = bundles_of(system)
    return contract.scope(system), reading if contract.effect in {Effect.READ, Effect.LOCAL} else writing
