"""Whether durable writes can be accepted now, and what is known of the systems.

It is asked by anybody, so it costs one commit a second at most, asks no backend, and names no host.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.errors import StateUnavailable
from outbox.alerts import SQL as ALERTS
from outbox.database import Database, Transaction
from outbox.entry import from_ms
from shim.drift.noticing import WRITABLE, Standing
from shim.state import SQL
from shim.telemetry.standing import Reach

BELIEVED_S: Final = 1.0
"""For how long a proof is believed. A failure never is: an instance comes back as soon as it can be written."""

Known = Literal["reachable", "down", "unknown"]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class SystemStanding(_Told):
    """What this process knows of one system, without asking it."""

    state: Known = Field(
        description="`down`: attempts or calls in a row have reached nobody. `unknown`: nothing was asked of it lately."
    )
    since: AwareDatetime | None = Field(default=None, description="Since when it is down.")
    paused: bool = Field(default=False, description="An administrator holds its deliveries; they wait.")
    read_only: bool = Field(
        default=False, description="Writes are refused until an administrator has looked at what has changed."
    )


class ReadyReply(_Told):
    """Whether this instance takes requests."""

    status: Literal["ready", "stopping"] = Field(
        description="`stopping`, with 503: the process ends, and finishes what it has begun."
    )
    systems: dict[str, SystemStanding] = Field(description="The configured systems, by name; none is in the way.")


class Readiness:
    """Thread-safe; those who ask at once wait for one proof, or two, and share a failure as well."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._proven_at = float("-inf")
        self._failed: tuple[float, StateUnavailable] | None = None  # when that proof began, and why
        self._gates: Mapping[str, tuple[datetime | None, bool]] = {}

    def prove(self) -> None:
        """Return if the state can be written, or could be less than a second ago.

        Raises:
            StateUnavailable: it cannot; a full disk must take the instance out of rotation.
        """
        asked = self._monotonic()
        with self._lock:
            begun = self._monotonic()
            if begun - self._proven_at < BELIEVED_S:
                return
            if self._failed is not None and self._failed[0] > asked:  # else each would wait for a locked state in turn
                why = self._failed[1]
                raise StateUnavailable(why.detail, why.retry_after_s)
            try:
                self._gates = self._database.write(_prove)
            except StateUnavailable as error:
                self._failed = begun, error.with_traceback(None)
                raise
            self._proven_at, self._failed = begun, None

    def writable(self) -> bool:
        """Return the same as a word of two."""
        try:
            self.prove()
        except StateUnavailable:
            return False
        return True

    def systems(
        self, reach: Reach, systems: Mapping[str, object], standing: Standing | None
    ) -> dict[str, SystemStanding]:
        """Return what is known of each system, as of the last proof."""
        gates, standing = self._gates, standing or WRITABLE
        return {name: _standing(name, gates.get(name, (None, False)), reach, standing) for name in systems}


def _standing(name: str, gate: tuple[datetime | None, bool], reach: Reach, standing: Standing) -> SystemStanding:
    open_since, paused = gate
    since = open_since or reach.down_since(name)
    state: Known = "down" if since is not None else "reachable" if reach.answers(name) else "unknown"
    return SystemStanding(state=state, since=since, paused=paused, read_only=standing.read_only(name) is not None)


def _prove(tx: Transaction) -> dict[str, tuple[datetime | None, bool]]:
    """Write, and read in the same commit which destinations are out of reach or held."""
    tx.execute(SQL["insert_proof"])
    tx.execute(SQL["delete_proof"])
    rows = tx.execute(ALERTS["list_breakers"]).fetchall()
    return {
        row["name"]: (None if row["open_since"] is None else from_ms(row["open_since"]), row["paused_at"] is not None)
        for row in rows
    }
