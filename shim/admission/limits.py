"""How many requests a client may send in a minute.

A limit of the client's own is exact over all processes: one row per client and minute, counted in a commit. The
deployment's default is counted by each process in memory, because a commit per request would cost every client for what
is only a safeguard. Minutes are the database's for the first, the process's for the second, and have fixed bounds.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contracts.errors import StateUnavailable, TooManyRequests
from outbox.database import Database, Transaction
from shim.admission.clients import SQL, KnownClient

POLICY: Final = "requests"
RATE_LIMIT_POLICY: Final = "RateLimit-Policy"
RATE_LIMIT: Final = "RateLimit"
WINDOW_S: Final = 60
_USED_EVERY_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal, and whether it is this process's first one to that client in this minute."""

    error: TooManyRequests
    first: bool


@dataclass(frozen=True, slots=True)
class Quota:
    """What a client has left in this minute: over all processes where the limit is its own, else of this process.

    Attributes:
        quota: requests in a minute.
        left: of these.
        reset_s: until there are all of them again, seconds.
    """

    quota: int
    left: int
    reset_s: float

    def headers(self) -> tuple[str, str]:
        """Return RateLimit-Policy and RateLimit, as draft-ietf-httpapi-ratelimit-headers-10 has them."""
        reset_s = max(1, math.ceil(self.reset_s))
        return f'"{POLICY}";q={self.quota};w={WINDOW_S}', f'"{POLICY}";r={self.left};t={reset_s}'


@dataclass(slots=True)
class _Window:
    """A client's minute in the memory of this process; `until` is on the process's own clock, seconds."""

    quota: int
    until: float
    requests: int = 0
    refused: bool = False


class RequestLimits:
    """Counts requests, and writes down when a key was used. May be used by several threads and processes at once."""

    def __init__(self, database: Database, default: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the default of a client without a limit of its own; 0 for none."""
        self._database = database
        self._default = default
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._counted: dict[str, _Window] = {}
        self._own: dict[str, _Window] = {}
        self._closed: dict[str, _Window] = {}
        self._used: dict[str, float] = {}

    def count(self, known: KnownClient) -> Refused | None:
        """Count a request; return the refusal if it is one too many.

        Raises:
            StateUnavailable: a client with a limit of its own cannot be counted, so it is not answered.
        """
        own = known.client.limits.requests_per_minute
        if own is None:
            self._own.pop(known.client.name, None)
            refused = self._count_here(known.client.name) if self._default else None
            if refused is None and self._is_due(known):
                self._use(known)
            return refused
        return self._still_refused(known.client.name, own) or self._count_everywhere(known, own)

    def count_now(self, known: KnownClient) -> bool:
        """Count a request if that takes no commit and it is none too many; False if `count` has to."""
        name = known.client.name
        due = known.used_ms_ago is None or known.used_ms_ago >= _USED_EVERY_MS
        if due or known.client.limits.requests_per_minute is not None:
            return False
        now = self._monotonic()
        with self._lock:
            if name in self._own:
                return False
            if not self._default:
                return True
            window = self._minute(name, now)
            if window.requests >= window.quota:
                return False
            window.requests += 1
        return True

    def left(self, client: str) -> Quota | None:
        """Return what a client that was counted has left; None for one without a limit."""
        now = self._monotonic()
        with self._lock:
            window = self._own.get(client) or self._counted.get(client)
            if window is None or window.until <= now:
                return None
            return Quota(window.quota, max(0, window.quota - window.requests), window.until - now)

    def _count_here(self, client: str) -> Refused | None:
        now = self._monotonic()
        with self._lock:
            window = self._minute(client, now)
            window.requests += 1
            return _refuse(window, now) if window.requests > window.quota else None

    def _minute(self, client: str, now: float) -> _Window:
        window = self._counted.get(client)
        if window is None or window.until <= now:
            window = self._counted[client] = _Window(self._default, now + WINDOW_S)
        return window

    def _still_refused(self, client: str, quota: int) -> Refused | None:
        now = self._monotonic()
        with self._lock:
            window = self._closed.get(client)
            # A limit that an administrator has changed meanwhile is asked of the database again.
            if window is None or window.until <= now or window.quota != quota:
                return None
            return _refuse(window, now)

    def _count_everywhere(self, known: KnownClient, quota: int) -> Refused | None:
        name = known.client.name
        due = self._is_due(known)

        def job(tx: Transaction) -> tuple[int, int]:
            if due:
                tx.execute(SQL["use_client_key"], {"prefix": known.prefix, "every_ms": _USED_EVERY_MS})
            row = tx.execute(SQL["count_request"], {"client": name}).fetchone()
            return row["requests"], row["left_ms"]

        requests, left_ms = self._database.write(job)
        now = self._monotonic()
        with self._lock:
            self._own[name] = _Window(quota, now + left_ms / 1000, requests)
            if requests <= quota:
                return None
            window = self._closed.get(name)
            if window is None or window.until <= now or window.quota != quota:
                window = self._closed[name] = _Window(quota, now + left_ms / 1000)
            return _refuse(window, now)

    def _is_due(self, known: KnownClient) -> bool:
        """Whether the key's last use is to be written; of several threads at once, one is told so."""
        if known.used_ms_ago is not None and known.used_ms_ago < _USED_EVERY_MS:
            return False
        now = self._monotonic()
        with self._lock:
            if now < self._used.get(known.prefix, now):
                return False
            self._used[known.prefix] = now + _USED_EVERY_MS / 1000
        return True

    def _use(self, known: KnownClient) -> None:
        values = {"prefix": known.prefix, "every_ms": _USED_EVERY_MS}
        try:
            self._database.write(lambda tx: tx.execute(SQL["use_client_key"], values))
        except StateUnavailable:
            # Nothing depends on it; what the request needs of the state will say so itself.
            with self._lock:
                self._used.pop(known.prefix, None)


def _refuse(window: _Window, now: float) -> Refused:
    first, window.refused = not window.refused, True
    left_s = max(window.until - now, 0.0)
    error = TooManyRequests("this client has sent too many requests", left_s, POLICY, window.quota, WINDOW_S)
    return Refused(error, first)
