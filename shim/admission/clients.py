"""Who may call: clients with API keys, stored as hashes, with scopes and limits of their own."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from contracts.errors import Unauthenticated
from outbox.database import ConstraintViolated, Database, Row, Transaction
from outbox.entry import from_ms, to_ms
from outbox.statements import Statements
from shim.admission.client import Client, ClientLimits, scopes_of
from shim.settings import NAME

__all__ = ["Client", "ClientLimits", "Clients", "scopes_of"]  # what most of the service knows of clients

SQL: Final = Statements("shim", "clients")
_PARSED: Final = 1024
"""Clients whose scopes and limits are kept as they were understood."""
_KEY: Final = re.compile(r"ls_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client that has authenticated, and the key that it did so with.

    Attributes:
        client: who it is.
        prefix: of the key.
        used_ms_ago: when the key's last use was written down, None for never.
    """

    client: Client
    prefix: str
    used_ms_ago: int | None


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
    """Raised when a client of that name exists, or was revoked: its name is part of external references for good."""


class ClientUnknown(Exception):
    """Raised when there is no client of that name, or it was revoked, or it has no such key."""


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
        client = {"name": name, "created_at": values["created_at"], **_stored(scopes, limits or ClientLimits())}
        try:
            with self._database.transaction() as tx:
                tx.execute(SQL["insert_client"], client)
                tx.execute(SQL["insert_client_key"], values)
        except ConstraintViolated as error:
            raise ClientExists(f"there is or was a client {name!r}; choose a name that was never used") from error
        return key

    def change(self, name: str, change: Callable[[Client], Client]) -> tuple[Client, Client]:
        """Change a client's scopes or limits, and return it before and after.

        Raises:
            ClientUnknown: there is none of that name.
        """
        with self._database.transaction() as tx:
            before = self._known(tx, name)
            after = change(before)
            tx.execute(SQL["update_client"], {"name": name, **_stored(after.scopes, after.limits)})
        return before, after

    def rotate(self, name: str, overlap: timedelta) -> str:
        """Return a new key; the ones that the client has end after the overlap, so that it can be put in place.

        Raises:
            ClientUnknown: there is none of that name.
        """
        key, values = self._new_key(name)
        with self._database.transaction() as tx:
            self._known(tx, name)
            tx.execute(SQL["expire_client_keys"], {"client": name, "overlap_ms": round(overlap.total_seconds() * 1000)})
            tx.execute(SQL["insert_client_key"], values)
        return key

    def revoke(self, name: str, prefix: str | None = None) -> None:
        """Let a client in no more, or not with this one of its keys. Its name stays taken.

        Raises:
            ClientUnknown: there is none of that name, or it has no such key.
        """
        with self._database.transaction() as tx:
            self._known(tx, name)
            if prefix is None:
                tx.execute(SQL["revoke_client"], {"name": name})
            elif tx.execute(SQL["expire_client_key"], {"client": name, "prefix": prefix}).rowcount != 1:
                raise ClientUnknown(f"{name} has no key {prefix!r} that is still good")

    def authenticate(self, key: str) -> KnownClient:
        """Return the client whose key this is.

        Raises:
            Unauthenticated: it is nobody's, has expired, or was revoked: all alike.
        """
        prefix = prefix_of(key)
        if prefix is not None:
            rows = self._database.read(SQL["select_client_by_prefix"], prefix=prefix)
            if (known := _owner(prefix, key, rows)) is not None:
                return known
        raise Unauthenticated("send a valid API key as `Authorization: Bearer …`")

    def authenticate_now(self, key: str) -> KnownClient | None:
        """Return the same without waiting for the state; None if `authenticate` has to find out."""
        prefix = prefix_of(key)
        rows = None if prefix is None else self._database.read_now(SQL["select_client_by_prefix"], prefix=prefix)
        return None if prefix is None or rows is None else _owner(prefix, key, rows)

    def rows(self) -> list[ClientRow]:
        """Return all clients by name."""
        keys: dict[str, list[KeyRow]] = {}
        for row in self._database.read(SQL["list_client_keys"]):
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

    def _known(self, tx: Transaction, name: str) -> Client:
        tx.lock("client", name)
        row = tx.execute(SQL["select_client"], {"name": name}).fetchone()
        if row is None:
            raise ClientUnknown(f"there is no client {name!r}, or it was revoked")
        return _client(name, row)

    def _new_key(self, client: str) -> tuple[str, dict[str, Any]]:
        prefix = secrets.token_hex(4)
        key = f"ls_{prefix}_{secrets.token_urlsafe(32)}"
        now = to_ms(self._clock())
        return key, {"prefix": prefix, "client": client, "sha256": _digest(key), "created_at": now}


def prefix_of(key: str) -> str | None:
    """Return the part of a key that may be shown; None for what cannot be a key."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def _owner(prefix: str, key: str, rows: Iterable[Row]) -> KnownClient | None:
    for row in rows:
        if hmac.compare_digest(row["sha256"], _digest(key)):
            return KnownClient(_client(row["name"], row), prefix, row["used_ms_ago"])
    return None


def _client(name: str, row: Any) -> Client:
    return _parsed(name, row["scopes"], row["limits"])


@lru_cache(maxsize=_PARSED)
def _parsed(name: str, scopes: str, limits: str) -> Client:
    """Return what these texts say, whoever asks: they are read from the state for each request, and seldom change."""
    return Client(name, frozenset(json.loads(scopes)), ClientLimits.of_json(json.loads(limits)))


def _stored(scopes: Iterable[str], limits: ClientLimits) -> dict[str, str]:
    return {"scopes": json.dumps(sorted(set(scopes))), "limits": json.dumps(limits.as_json())}


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
