"""Whether durable writes can be accepted now: asked by anybody, so it costs one commit a second at most."""

import threading
import time
from collections.abc import Callable
from typing import Final

from outbox.database import Database, Transaction
from shim.state import SQL

BELIEVED_S: Final = 1.0
"""For how long a proof is believed. A failure never is: an instance comes back as soon as it can be written."""


class Readiness:
    """Thread-safe; those who ask at once wait for one proof."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._proven_at = float("-inf")

    def prove(self) -> None:
        """Return if the state can be written, or could be less than a second ago.

        Raises:
            StateUnavailable: it cannot; a full disk must take the instance out of rotation.
        """
        with self._lock:
            begun = self._monotonic()
            if begun - self._proven_at < BELIEVED_S:
                return
            self._database.write(_prove)
            self._proven_at = begun


def _prove(tx: Transaction) -> None:
    tx.execute(SQL["insert_proof"])
    tx.execute(SQL["delete_proof"])
