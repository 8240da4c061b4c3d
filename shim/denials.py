"""What was refused at the gate, in the audit: by whom, from where, what for, and why; never with the key."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from pydantic import JsonValue

from contracts.errors import ContractError, StateUnavailable
from shim.audit.events import Event, new_access
from shim.caller import Caller
from shim.guard import mask
from shim.policy import Policy

ANONYMOUS_PER_MINUTE: Final = 60
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


class Denials:
    """Writes one row for each denial. Thread-safe.

    Somebody without a key must not be able to fill the audit: of those refusals this process writes 60 a minute; the
    next row says how many were left out.
    """

    def __init__(self, audit: Audit, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._audit = audit
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._until = 0.0
        self._written = 0
        self._left_out = 0

    def of(self, caller: Caller, policy: Policy | None, address: str | None, error: ContractError) -> None:
        """Write that a client was refused."""
        detail: dict[str, JsonValue] = {"address": address}
        if "scope" in error.members:
            detail["scope"] = error.members["scope"]
        self._write(
            Event(
                action=policy.action if policy else UNLISTED,
                phase="outcome",
                access=new_access(),
                outcome=error.slug,
                status=error.status,
                client=caller.client.name,
                on_behalf_of=_guarded(caller.on_behalf_of),
                system=policy.system if policy else None,
                contract=policy.contract if policy else None,
                purpose=_guarded(caller.purpose),
                correlation=caller.correlation,
                detail=detail,
            )
        )

    def anonymous(
        self, policy: Policy | None, correlation: str, address: str | None, prefix: str | None, error: ContractError
    ) -> None:
        """Write that somebody without a valid key was refused, or count it."""
        left_out = self._take()
        if left_out is None:
            return
        detail: dict[str, JsonValue] = {"address": address}
        if prefix is not None:
            detail["key"] = mask(prefix).text  # whoever sends it chose it
        if left_out:
            detail["left_out"] = left_out
        written = self._write(
            Event(
                action=policy.action if policy else UNLISTED,
                phase="outcome",
                access=new_access(),
                outcome=error.slug,
                status=error.status,
                system=policy.system if policy else None,
                contract=policy.contract if policy else None,
                correlation=correlation,
                detail=detail,
            )
        )
        if not written:
            with self._lock:
                self._left_out += left_out + 1

    def _take(self) -> int | None:
        """Return how many were left out before this one, which is to be written; None to leave it out."""
        now = self._monotonic()
        with self._lock:
            if now >= self._until:
                self._until, self._written = now + 60, 0
            if self._written >= ANONYMOUS_PER_MINUTE:
                self._left_out += 1
                return None
            self._written += 1
            left_out, self._left_out = self._left_out, 0
            return left_out

    def _write(self, event: Event) -> bool:
        try:
            self._audit.write(event)
        except StateUnavailable as error:
            _log.error("a denial could not be written: %s", error.detail)
            return False
        return True


def _guarded(text: str | None) -> str | None:
    return None if text is None else mask(text).text
