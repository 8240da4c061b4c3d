"""Puts a new desk in the place of one whose files were changed and accepted; calls under way end on the old one."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from contracts.desks import Desk, Ports
from shim.drift.comparing import files_of
from shim.drift.noticing import Watched
from shim.settings import SystemSection
from shim.systems import System, adapter_and_options, checked_desk

_GRACE_S: Final = 120.0
"""How long a desk that was replaced is kept for the calls that it had begun; none takes so long."""

_log = logging.getLogger(__name__)


class Renewal:
    """Renews the desk of one system. One thread renews."""

    def __init__(self, system: System, section: SystemSection, ports: Callable[[str], Ports]) -> None:
        self._system = system
        self._adapter, self._options = adapter_and_options(system.name, section)
        self._ports = ports
        self._replaced: list[tuple[float, Desk]] = []

    def watched(self, loaded: Mapping[str, str]) -> Watched:
        """Return what is watched of the system; `loaded` are the fingerprints of what its desk has read."""
        options, served = self._options, self._adapter.served
        return Watched(
            self._system.name,
            self._files,
            None if served is None else lambda until: served(options, until),
            self.renew,
            loaded,
        )

    def renew(self) -> None:
        """Build a desk that has read the files anew, and use it from now on.

        Raises:
            AdapterMisconfigured: they cannot be used; the desk stays as it is.
        """
        desk = checked_desk(self._adapter, self._options, self._ports(self._system.name))
        old, self._system.desk = self._system.desk, desk
        self._replaced.append((time.monotonic() + _GRACE_S, old))

    def close(self) -> None:
        """Close the desk, and those that it replaced."""
        self._close(float("inf"))
        self._system.desk.close()

    def _files(self) -> Mapping[str, str]:
        self._close(time.monotonic())  # as often as files are looked at, so that none stays until the next renewal
        return files_of(self._adapter, self._options)

    def _close(self, now: float) -> None:
        over = [desk for until, desk in self._replaced if until <= now]
        self._replaced = [(until, desk) for until, desk in self._replaced if until > now]
        for desk in over:
            try:
                desk.close()
            except Exception:  # noqa: BLE001 - nobody uses it any more
                _log.exception("%s: a desk that was replaced does not close", self._system.name)
