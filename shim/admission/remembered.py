"""Who may scrape while the state cannot be read: a key that has scraped before, because then somebody must be told."""

import hashlib
import threading
from dataclasses import dataclass, field
from typing import Final

from shim.admission.client import METRICS
from shim.admission.clients import KnownClient
from shim.admission.policy import Policy

_MOST: Final = 16
"""Keys that are remembered, the last ones; a deployment has a scraper or two, and they get new keys."""


@dataclass(frozen=True, slots=True)
class Scrapers:
    """Keys that were let in for metrics, by their hash, for as long as the process lives. Thread-safe.

    A key that was revoked since scrapes on while the state cannot be read, and only then; metrics tell of nobody.
    """

    _known: dict[bytes, KnownClient] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def remember(self, policy: Policy | None, key: str, known: KnownClient) -> None:
        """Remember who was let in, if it was to scrape."""
        if _scrapes(policy) and METRICS in known.client.scopes:
            hashed = _hash(key)
            with self._lock:
                self._known.pop(hashed, None)
                self._known[hashed] = known
                while len(self._known) > _MOST:  # whose last scrape is the longest ago
                    del self._known[next(iter(self._known))]

    def recall(self, policy: Policy | None, key: str) -> KnownClient | None:
        """Return whose key it was; None for anything but a scrape, or a key that was never let in."""
        return self._known.get(_hash(key)) if _scrapes(policy) else None


def _scrapes(policy: Policy | None) -> bool:
    return policy is not None and policy.scopes == (METRICS,)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
