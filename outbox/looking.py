"""Looks at delivered records again, as their adapter asked for: gently, and never two at a time in one system."""

import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from contracts.delivery import Checked, Destination
from contracts.errors import ContractError, StateUnavailable
from outbox.around import Around, unobserved
from outbox.endings import Fenced
from outbox.entry import Entry
from outbox.reasons import log_defect
from outbox.stored import PayloadDamaged, StoredEntries
from outbox.verification import Look, Verifications

NOT_CHECKED: Final = "not_checked"
"""The outbox's own attention code: looking failed again and again, so nobody knows how the record is."""
_AGAIN_S: Final = (5.0, 60.0, 600.0)
"""Pauses after a look that failed by a defect; after the last one it is given up."""

_POLL_S: Final = 0.1

_log = logging.getLogger(__name__)


class Looking:
    """Makes due looks. May be used by several threads at once; then one of them looks and the others go on."""

    def __init__(
        self,
        entries: StoredEntries,
        verifications: Verifications,
        destinations: Mapping[str, Destination],
        around: Around = unobserved,
    ) -> None:
        self._entries = entries
        self._verifications = verifications
        self._destinations = destinations
        self._around = around
        self._busy = {name: threading.Lock() for name in destinations}

    def step(self, destination: str) -> bool:
        """Make the next due look at a record of a destination; return False if there was none to make."""
        busy = self._busy[destination]
        if not busy.acquire(blocking=False):
            return False
        try:
            look = self._verifications.claim(destination)
            if look is not None:
                with self._around(look.entry, "check") as step:
                    step.tell(outcome=self._look(look))
            return look is not None
        finally:
            busy.release()

    def next_due(self, destination: str) -> datetime | None:
        """When a look is due that this could make then; None if there is none, or one is being made."""
        return None if self._busy[destination].locked() else self._verifications.next_due(destination)

    def _look(self, look: Look) -> str:
        """Look, write down what was seen, and return it in a word."""
        try:
            checked = self._ask(look)
            self._verifications.checked(look, checked)
        except Fenced:
            _log.info("outbox: a look at a record came too late; a newer one counts")
        except (StateUnavailable, ContractError, PayloadDamaged) as error:
            self._failed(look, str(error))
        except Exception as error:  # noqa: BLE001 - an adapter's defect must not end the worker's thread
            log_defect(f"the look at {look.entry.id}", error)
            self._failed(look, f"the adapter failed: {type(error).__name__}")
        else:
            return checked.attention or ("ok" if checked.check_again_s is None else "pending")
        return "failed"

    def _ask(self, look: Look) -> Checked:
        sending = self._entries.sending(look.entry)
        backend_id = look.entry.backend_id or ""  # a delivered entry has one, the table says
        answer = self._destinations[look.entry.destination].check(sending, backend_id, look.age_s)
        if not isinstance(answer, Checked):
            raise TypeError(f"check returned {type(answer).__name__}")
        return answer

    def _failed(self, look: Look, reason: str) -> None:
        failures = look.entry.check_failures
        again_s = _AGAIN_S[failures] if failures < len(_AGAIN_S) else None
        try:
            self._verifications.failed(look, reason, again_s, None if again_s is not None else NOT_CHECKED)
        except Fenced:
            _log.info("outbox: a look at a record came too late; a newer one counts")
        except StateUnavailable as error:
            _log.error("outbox: what a look showed cannot be written: %s", error)  # made again after its lease


def look_now(entries: StoredEntries, looking: Looking, due: list[Entry], wait_s: float) -> set[str]:
    """Make the looks that were made due, and wait for those that another process makes.

    Returns the ids of entries that nobody looked at within `wait_s` seconds; a look that has begun is finished.
    """
    until = time.monotonic() + wait_s
    before = {entry.id: entry.checks for entry in due}
    while before and time.monotonic() < until:
        for destination in {entry.destination for entry in due}:
            while time.monotonic() < until and looking.step(destination):
                pass
        for entry in [found for found in map(entries.get, before) if found is not None]:
            if entry.checks > before[entry.id] and entry.check_lease is None:
                del before[entry.id]
        if before:
            time.sleep(_POLL_S)
    return set(before)
