"""Lets a running process notice that descriptions differ from what was accepted, and that they were accepted.

Files are looked at every few seconds, because they cost nothing; what the backend serves every few minutes.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol

from pydantic import JsonValue

from contracts.desks import AdapterMisconfigured
from contracts.errors import SystemReadOnly
from outbox.database import Transaction
from shim.audit.events import Event, new_access
from shim.audit.log import AuditLog
from shim.drift.comparing import SERVED, Descriptions, Difference, by_name, differences, told
from shim.keeping.regular import Pause, Regular

ACTOR: Final = "shim"
RETRY_S: Final = 60.0
"""When a client may ask again: an administrator has to look first."""
LOOK_S: Final = 2.0
"""From one look at the files to the next, seconds."""
_SERVED_EVERY_S: Final = 300.0
_SERVED_S: Final = 15.0
"""How long a backend is asked for what it serves."""
_TOLD_EVERY_S: Final = 15.0
"""From one time that a difference is written down to the next: it counts for a minute."""
UNREADABLE: Final = Difference("one of the files", None, "")

_log = logging.getLogger(__name__)


class Standing(Protocol):
    """Whether a system may be written to."""

    def read_only(self, system: str) -> str | None:
        """Return what differs, on one line; None when the system may be written to."""
        ...


class _Writable:
    """Every system may be written to."""

    def read_only(self, system: str) -> str | None:
        """Return None."""
        del system
        return None


WRITABLE: Final = _Writable()
"""Where nothing is watched."""


def require_writable(standing: Standing, system: str) -> None:
    """Let a write through.

    Raises:
        SystemReadOnly: the system is read-only.
    """
    if (why := standing.read_only(system)) is not None:
        raise SystemReadOnly(f"{system} is read-only until an administrator has looked: {why}", RETRY_S)


@dataclass(slots=True)
class Watched:
    """One system of this process.

    Attributes:
        name: of the system.
        files: fingerprints of its files now; raises AdapterMisconfigured when one cannot be read.
        served: fingerprints of what its backend serves, asked by a monotonic time; None when it is not asked.
        renew: puts a desk in place that has read the files anew; raises AdapterMisconfigured.
        loaded: fingerprints of the files that the desk has read.
        different: what differs now from what was accepted.
        announced: what of it stands in the audit.
    """

    name: str
    files: Callable[[], Mapping[str, str]]
    served: Callable[[float], Mapping[str, str]] | None
    renew: Callable[[], None]
    loaded: Mapping[str, str]
    different: tuple[Difference, ...] = ()
    announced: tuple[Difference, ...] = ()
    met: dict[str, str] = field(default_factory=dict)
    """What the backend has served, as of the last time that it was asked."""
    told_at: float = float("-inf")
    asked_at: float = float("-inf")


class Drift:
    """Watches the systems of one process. `read_only` may be asked from any thread; one thread looks."""

    def __init__(
        self,
        descriptions: Descriptions,
        audit: AuditLog,
        watched: list[Watched],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._descriptions = descriptions
        self._audit = audit
        self._watched = {each.name: each for each in watched}
        self._monotonic = monotonic
        self._looking = Lock()

    def read_only(self, system: str) -> str | None:
        """Return what differs, on one line; None when the system may be written to."""
        watched = self._watched.get(system)
        different = () if watched is None else watched.different  # once: another thread replaces it
        return told(different) if different else None

    def begin(self) -> None:
        """Look for the first time, before anything is written: what was seen to be served does not end by a restart.

        Raises:
            StateUnavailable: what was accepted cannot be read.
        """
        for watched in self._watched.values():
            watched.met = self._descriptions.served(watched.name)
        self.look()

    def look(self) -> None:
        """Look at every system's files, and whether they are accepted; the first time accepts what it finds.

        Raises:
            StateUnavailable: what was accepted cannot be read; every system stays as it was.
        """
        for watched in self._watched.values():
            self._look_at(watched)

    def look_at_served(self) -> None:
        """Ask every backend for what it serves, if it is time."""
        for watched in self._watched.values():
            if watched.served is None or self._monotonic() - watched.asked_at < _SERVED_EVERY_S:
                continue
            watched.asked_at = self._monotonic()
            watched.met = {**watched.met, **watched.served(time.monotonic() + _SERVED_S)}
            self._look_at(watched)

    def _look_at(self, watched: Watched) -> None:
        with self._looking:
            accepted = {name: row.fingerprint for name, row in self._descriptions.accepted(watched.name).items()}
            try:
                found = {**watched.files(), **watched.met}
            except Exception as error:  # noqa: BLE001 - what cannot be told to be as accepted is not written with
                is_defect = not isinstance(error, AdapterMisconfigured) and watched.different != (UNREADABLE,)
                _log.log(
                    logging.ERROR if is_defect else logging.DEBUG, "%s: %s", watched.name, error, exc_info=is_defect
                )
                self._stand(watched, (UNREADABLE,))
                return
            self._trust(watched, accepted, found)
            different = differences(accepted, found)
            if not different and watched.loaded != _files(found):
                different = self._renewed(watched, found)
            self._stand(watched, different)

    def _trust(self, watched: Watched, accepted: dict[str, str], found: dict[str, str]) -> None:
        """Accept what is seen for the first time: all files of a system, or one that the backend serves."""
        first = {name: value for name, value in found.items() if name.startswith(SERVED) and name not in accepted}
        if not _files(accepted):
            first |= _files(found)

        def tell(tx: Transaction) -> None:
            self._audit.within(tx, _event(watched.name, "accepted at first sight", dict(first)))

        if first and self._descriptions.trust(watched.name, first, ACTOR, tell):
            _log.debug("%s: accepted at first sight: %s", watched.name, ", ".join(sorted(first)))
            accepted |= first
        elif first:  # another process was faster
            accepted |= {name: row.fingerprint for name, row in self._descriptions.accepted(watched.name).items()}

    def _renewed(self, watched: Watched, found: dict[str, str]) -> tuple[Difference, ...]:
        """Read accepted files that were changed since the start; return what still stands in the way."""
        try:
            watched.renew()
        except AdapterMisconfigured as error:
            _log.error("%s stays read-only: what was accepted cannot be used: %s", watched.name, error)
            return differences(watched.loaded, _files(found))
        watched.loaded = _files(found)
        _log.warning("%s: what was accepted is in use", watched.name)
        return ()

    def _stand(self, watched: Watched, different: tuple[Difference, ...]) -> None:
        before, watched.different = watched.different, different
        # This process knows first; then it is written down, as soon as the state can be written.
        if different != before and different:
            _log.error("%s is read-only: %s; see shim systems list", watched.name, told(different))
        elif different != before:
            _log.warning("%s may be written to again", watched.name)
        if different != watched.announced:
            outcome = "read-only" if different else "writable"
            self._audit.write_shared(_event(watched.name, outcome, by_name(different)))
            self._descriptions.over(watched.name, watched.announced)
            watched.announced, watched.told_at = different, float("-inf")
        if different and self._monotonic() - watched.told_at >= _TOLD_EVERY_S:
            self._descriptions.tell(watched.name, different)
            watched.told_at = self._monotonic()


@contextmanager
def watching(drift: Drift) -> Iterator[None]:
    """Look once, and then every few seconds until the block has ended."""
    drift.begin()

    def served(_pause: Pause) -> None:
        drift.look_at_served()

    def run(_pause: Pause) -> None:
        drift.look()

    threads = [
        Regular("descriptions", run, "whether descriptions differ is not known", LOOK_S, LOOK_S),
        Regular("served-descriptions", served, "what is served is not compared", LOOK_S, _SERVED_EVERY_S),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.stop()


def _files(prints: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in prints.items() if not name.startswith(SERVED)}


def _event(system: str, outcome: str, fingerprints: Mapping[str, object]) -> Event:
    told_of: dict[str, JsonValue] = {name: str(value or "") for name, value in fingerprints.items()}
    detail: dict[str, JsonValue] = {"fingerprints": told_of}
    return Event("shim drift", "outcome", new_access(), outcome, actor=ACTOR, system=system, detail=detail)
