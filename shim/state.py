"""The shim's state: one database that the outbox, idempotency, clients and kept reference rows share."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from contracts.desks import KeptRow
from outbox import store
from outbox.database import Database, open_database
from outbox.entry import dump_json, from_ms, to_ms
from outbox.statements import Statements
from shim.keys import Blind, MasterKey, RestCipher, keyed
from shim.settings import ConfigurationError

SQL: Final = Statements("shim", "statements")
PACKAGES: Final = (store.PACKAGE, "shim", "shim.audit")
"""Whose tables it has, in this order."""


def open_state(where: Path | str, load_key: Callable[[bool], MasterKey], deployment: str) -> tuple[Database, MasterKey]:
    """Open or create the state and its key, and check that they belong together and to this deployment.

    A new key for an old state would open nothing: `load_key` is told whether it may make one.

    Raises:
        ConfigurationError: it belongs to another, so references would change or payloads could not be opened.
    """
    database = open_database(where, PACKAGES)
    try:
        key = load_key(not database.read(SQL["select_deployment"]))
        _check_owner(database, key, deployment)
    except BaseException:
        database.close()
        raise
    return database, key


def _check_owner(database: Database, ring: MasterKey, deployment: str) -> None:
    with database.transaction() as tx:
        keyed.claim(tx, ring, deployment)
        row = tx.execute(SQL["select_deployment"]).fetchone()
        wanted = keyed.needed(tx.execute(keyed.SQL["list_keys"]).fetchall(), row["key_fingerprint"])
        if lost := keyed.missing(wanted, ring.keys):
            raise ConfigurationError(keyed.told_missing(database.where, lost))
        if row["name"] != deployment:
            raise ConfigurationError(
                f"{database.where} belongs to deployment {row['name']!r}, the configuration says {deployment!r}"
            )
        keyed.settle(tx, ring, row["key_fingerprint"])
    ring.state_knows = keyed.knows(database)


class KeptRows:
    """Reference rows of one system, for composing while its replica is down."""

    def __init__(
        self,
        database: Database,
        cipher: RestCipher,
        blind: Blind,
        system: str,
        max_age_s: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._cipher = cipher
        self._blind = blind
        self._system = system
        self.max_age = timedelta(seconds=max_age_s)
        self._clock = clock

    def keep(self, name: str, row: Mapping[str, JsonValue], read_at: datetime) -> None:
        """Keep a row under a name; a newer one replaces it."""
        blinded = self._blind("reference_row", self._system, name)
        sealed = self._cipher.seal(dump_json(row), f"reference_row/{blinded}")
        values = {"system": self._system, "name": blinded, "row": sealed, "read_at": to_ms(read_at)}
        with self._database.transaction() as tx:
            tx.execute(SQL["upsert_reference_row"], values)

    def recall(self, name: str) -> KeptRow | None:
        """Return the row if it is young enough."""
        blinded = self._blind("reference_row", self._system, name)
        for row in self._database.read(SQL["select_reference_row"], system=self._system, name=blinded):
            read_at = from_ms(row["read_at"])
            if self._clock() - read_at <= self.max_age:
                return KeptRow(json.loads(self._cipher.open(row["row"], f"reference_row/{blinded}")), read_at)
        return None
