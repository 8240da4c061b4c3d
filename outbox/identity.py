"""The identities of a worker's threads: one each, given up when nobody can tell what was claimed under it."""

import logging
import threading
from contextlib import suppress

from contracts.errors import StateUnavailable
from outbox.owner import Owner, Owners

_log = logging.getLogger(__name__)


class Identities:
    """One owner per thread, taken when it is first needed. Thread-safe."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners
        self._mine = threading.local()

    def name(self) -> str:
        """Return the name of this thread's identity.

        Raises:
            StateUnavailable: none can be taken now.
        """
        owner: Owner | None = getattr(self._mine, "owner", None)
        if owner is None:
            try:
                owner = self._owners.take()
            except OSError as error:
                raise StateUnavailable(f"the state cannot be written: {error.strerror}", retry_after_s=5) from error
            self._mine.owner = owner
        return owner.name

    def give_up(self) -> None:
        """Give this thread's identity up; what it still owns counts as abandoned, and is recovered."""
        owner: Owner | None = getattr(self._mine, "owner", None)
        self._mine.owner = None
        if owner is not None:
            with suppress(OSError):
                try:
                    owner.close()
                except StateUnavailable as error:
                    _log.warning("outbox: an identity was given up without a word: %s", error)
