"""Who may call: API keys, stored as hashes, each with scopes `system:contract` or `system:staff`."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.catalogue import staff_scope
from contracts.errors import Forbidden, Unauthenticated
from outbox.database import ConstraintViolated, Database
from outbox.entry import from_ms, to_ms
from shim.settings import NAME
from shim.state import SQL

_KEY: Final = re.compile(r"ls_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Client:
    """An authenticated caller."""

    name: str
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """Let the client through, or raise Forbidden."""
        if scope not in self.scopes:
            raise Forbidden(f"the scope {scope} is needed", scope=scope)

    def is_staff_of(self, system: str) -> bool:
        """Whether it may see what only staff of this system may."""
        return staff_scope(system) in self.scopes


@dataclass(frozen=True, slots=True)
class ClientRow:
    """What is known of a client apart from its key."""

    name: str
    key_prefix: str
    scopes: tuple[str, ...]
    created_at: datetime


class ClientExists(Exception):
    """Raised when a client of that name exists."""


class Clients:
    """The clients of this deployment. A client's name is part of its external references, so it never changes."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, scopes: Iterable[str]) -> str:
        """Create a client and return its key, which is not stored and cannot be shown again.

        Raises:
            ValueError: the name is no name.
            ClientExists: it is taken.
        """
        if not re.fullmatch(NAME, name):
            raise ValueError(f"a client's name must match {NAME}")
        prefix = secrets.token_hex(4)
        key = f"ls_{prefix}_{secrets.token_urlsafe(32)}"
        values = {
            "name": name,
            "key_prefix": prefix,
            "key_sha256": _digest(key),
            "scopes": json.dumps(sorted(set(scopes))),
            "created_at": to_ms(self._clock()),
        }
        try:
            with self._database.transaction() as tx:
                tx.execute(SQL["insert_client"], values)
        except ConstraintViolated as error:
            raise ClientExists(f"a client {name!r} exists already") from error
        return key

    def authenticate(self, key: str) -> Client:
        """Return the client whose key this is.

        Raises:
            Unauthenticated: it is nobody's.
        """
        match = _KEY.fullmatch(key)
        if match:
            for row in self._database.read(SQL["select_client_by_prefix"], key_prefix=match[1]):
                if hmac.compare_digest(row["key_sha256"], _digest(key)):
                    return Client(row["name"], frozenset(json.loads(row["scopes"])))
        raise Unauthenticated("send a valid API key as `Authorization: Bearer …`")

    def rows(self) -> list[ClientRow]:
        """Return all clients by name."""
        return [
            ClientRow(row["name"], row["key_prefix"], tuple(json.loads(row["scopes"])), from_ms(row["created_at"]))
            for row in self._database.read(SQL["list_clients"])
        ]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
