"""What was refused at the gate, in the audit: by whom, from where, what for, and why; never with the key."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import JsonValue

from contracts.errors import ContractError, StateUnavailable
from shim.admission.caller import Caller
from shim.admission.policy import Policy
from shim.audit.events import Event, new_access
from shim.guard import mask

ANONYMOUS_PER_MINUTE: Final = 60
CLIENT_PER_MINUTE: Final = 20
"""Rows of one client for one reason."""
REMEMBERED: Final = 1000
"""Clients and reasons that are counted at once."""
UNLISTED: Final = "unlisted"
"""What is asked for when the path is none of ours: the path itself may be about a person."""

_log = logging.getLogger(__name__)


class Audit(Protocol):
    """Where denials are written."""

    def write(self, *events: Event) -> None:
        """Write rows; durable when it returns.

        Raises:
            StateUnavailable: they cannot be written.
        """
        ...


@dataclass(slots=True)
class _Minute:
    """What has been written in a minute, which ends at `until` on the process's own clock, and what has not."""

    most: int
    until: float = 0.0
    written: int = 0
    left_out: int = 0


class Denials:
    """Writes one row for each denial. Thread-safe.

    Nobody must be able to fill the audit by being refused: in a minute this process writes 60 rows of those without a
    key, and 20 of each client for each reason; the next such row says how many were left out.
    """

    def __init__(self, audit: Audit, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._audit = audit
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._nobody = _Minute(ANONYMOUS_PER_MINUTE)
        self._clients: dict[tuple[str, str], _Minute] = {}

    def of(self, caller: Caller, policy: Policy | None, address: str | None, error: ContractError) -> None:
        """Write that a client was refused, or count it."""
        minute = self._minute_of(caller.client.name, error.slug)
        left_out = self._take(minute)
        if left_out is None:
            return
        detail: dict[str, JsonValue] = {"address": address}
        if "scope" in error.members:
            detail["scope"] = error.members["scope"]
        if left_out:
            detail["left_out"] = left_out
        self._write(
            minute,
            left_out,
            Event(
                action=policy.action if policy else UNLISTED,
                phase="outcome",
                access=new_access(),
                outcome=error.slug,
                status=error.status,
                client=caller.client.name,
                on_behalf_of=caller.on_behalf_of,
                system=policy.system if policy else None,
                contract=policy.contract if policy else None,
                purpose=caller.purpose,
                correlation=caller.correlation,
                detail=detail,
            ),
        )

    def anonymous(
        self,
        policy: Policy | None,
        correlation: str,
        address: str | None,
        prefix: str | None,
        error: ContractError,
        actor: str | None = None,
    ) -> None:
        """Write that somebody without a valid key was refused, or count it; `actor` is whose session came with it."""
        left_out = self._take(self._nobody)
        if left_out is None:
            return
        detail: dict[str, JsonValue] = {"address": address}
        if prefix is not None:
            detail["key"] = mask(prefix).text  # whoever sends it chose it
        if left_out:
            detail["left_out"] = left_out
        self._write(
            self._nobody,
            left_out,
            Event(
                action=policy.action if policy else UNLISTED,
                phase="outcome",
                access=new_access(),
                outcome=error.slug,
                status=error.status,
                actor=actor,
                system=policy.system if policy else None,
                contract=policy.contract if policy else None,
                correlation=correlation,
                detail=detail,
            ),
        )

    def _minute_of(self, client: str, slug: str) -> _Minute:
        """Return what is counted of a client and a reason; for a new one the oldest may have to be forgotten."""
        with self._lock:
            minute = self._clients.get((client, slug))
            if minute is None:
                if len(self._clients) >= REMEMBERED:
                    self._forget()
                minute = self._clients[client, slug] = _Minute(CLIENT_PER_MINUTE)
            return minute

    def _forget(self) -> None:
        now = self._monotonic()
        whose = next((key for key, each in self._clients.items() if each.until <= now and not each.left_out), None)
        forgotten = self._clients.pop(next(iter(self._clients)) if whose is None else whose)
        if forgotten.left_out:
            _log.warning("%d denials of a client are in no row of the audit", forgotten.left_out)

    def _take(self, minute: _Minute) -> int | None:
        """Return how many were left out before this one, which is to be written; None to leave it out."""
        now = self._monotonic()
        with self._lock:
            if now >= minute.until:
                minute.until, minute.written = now + 60, 0
            if minute.written >= minute.most:
                minute.left_out += 1
                return None
            minute.written += 1
            left_out, minute.left_out = minute.left_out, 0
            return left_out

    def _write(self, minute: _Minute, left_out: int, event: Event) -> None:
        try:
            self._audit.write(event)
        except StateUnavailable as error:
            _log.error("a denial could not be written: %s", error.detail)
            with self._lock:
                minute.left_out += left_out + 1
