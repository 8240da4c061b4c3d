"""Who may call: clients with API keys, stored as hashes, with scopes and limits of their own."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from contracts.catalogue import Contract, Effect, staff_scope
from contracts.errors import Forbidden, Unauthenticated
from outbox.database import ConstraintViolated, Database
from outbox.entry import from_ms, to_ms
from shim.settings import NAME
from shim.state import SQL

READ_BUNDLE: Final = "read"
WRITE_BUNDLE: Final = "write"
METRICS: Final = "shim:metrics"
ADMIN: Final = "shim:admin"
SERVICE_SCOPES: Final = (METRICS, ADMIN)
"""Scopes of the service itself; no system may be called `shim`."""

_KEY: Final = re.compile(r"ls_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")


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


def scopes_of(contract: Contract, system: str) -> tuple[str, str]:
    """Return the scopes that admit to a contract: its own, and the bundle of its system that holds it."""
    bundle = READ_BUNDLE if contract.effect in {Effect.READ, Effect.LOCAL} else WRITE_BUNDLE
    return contract.scope(system), f"{system}:{bundle}"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What is known of a key apart from the key."""

    prefix: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClientRow:
    """What is known of a client; its keys the newest first, expired ones left out."""

    name: str
    scopes: tuple[str, ...]
    limits: ClientLimits
    created_at: datetime
    revoked_at: datetime | None
    keys: tuple[KeyRow, ...]


class ClientExists(Exception):
    """Raised when a client of that name exists."""


class Clients:
    """The clients of this deployment. A client's name is part of its external references, so it never changes."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, scopes: Iterable[str], limits: ClientLimits | None = None) -> str:
        """Create a client and return its key, which is not stored and cannot be shown again.

        Raises:
            ValueError: the name is no name.
            ClientExists: it is taken.
        """
        if not re.fullmatch(NAME, name):
            raise ValueError(f"a client's name must match {NAME}")
        key, values = self._new_key(name)
        client = {
            "name": name,
            "scopes": json.dumps(sorted(set(scopes))),
            "limits": json.dumps((limits or ClientLimits()).as_json()),
            "created_at": values["created_at"],
        }
        try:
            with self._database.transaction() as tx:
                tx.execute(SQL["insert_client"], client)
                tx.execute(SQL["insert_client_key"], values)
        except ConstraintViolated as error:
            raise ClientExists(f"a client {name!r} exists already") from error
        return key

    def authenticate(self, key: str) -> Client:
        """Return the client whose key this is.

        Raises:
            Unauthenticated: it is nobody's, has expired, or was revoked.
        """
        match = _KEY.fullmatch(key)
        if match:
            now = to_ms(self._clock())
            for row in self._database.read(SQL["select_client_by_prefix"], prefix=match[1], now=now):
                if hmac.compare_digest(row["sha256"], _digest(key)):
                    limits = ClientLimits.of_json(json.loads(row["limits"]))
                    return Client(row["name"], frozenset(json.loads(row["scopes"])), limits)
        raise Unauthenticated("send a valid API key as `Authorization: Bearer …`")

    def rows(self) -> list[ClientRow]:
        """Return all clients by name."""
        keys: dict[str, list[KeyRow]] = {}
        for row in self._database.read(SQL["list_client_keys"], now=to_ms(self._clock())):
            times = (None if row[name] is None else from_ms(row[name]) for name in ("expires_at", "last_used_at"))
            keys.setdefault(row["client"], []).append(KeyRow(row["prefix"], from_ms(row["created_at"]), *times))
        return [
            ClientRow(
                row["name"],
                tuple(json.loads(row["scopes"])),
                ClientLimits.of_json(json.loads(row["limits"])),
                from_ms(row["created_at"]),
                None if row["revoked_at"] is None else from_ms(row["revoked_at"]),
                tuple(keys.get(row["name"], ())),
            )
            for row in self._database.read(SQL["list_clients"])
        ]

    def _new_key(self, client: str) -> tuple[str, dict[str, Any]]:
        prefix = secrets.token_hex(4)
        key = f"ls_{prefix}_{secrets.token_urlsafe(32)}"
        now = to_ms(self._clock())
        return key, {"prefix": prefix, "client": client, "sha256": _digest(key), "created_at": now}


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
