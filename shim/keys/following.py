"""Lets a running process notice that its key file was changed, so that it seals with the new key without a restart."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contracts.errors import StateUnavailable
from shim.keys.key import Key
from shim.keys.ring import KeyRing
from shim.settings import ConfigurationError

LOOK_S: Final = 2.0
"""How often the file is looked at, seconds; whoever retires a key waits longer than this."""
_log = logging.getLogger(__name__)


@contextmanager
def following(ring: KeyRing, admit: Callable[[list[Key]], None]) -> Iterator[None]:
    """Follow the ring's file in a thread until the block has ended; `admit` as of `KeyRing.follow`."""
    if ring.path is None:
        yield
        return
    ended = threading.Event()
    follower = Follower(ring, ring.path, admit)
    thread = threading.Thread(target=follower.run, args=(ended,), name="key-file", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Follower:
    """Looks at a key file. A file that cannot be used is told once, and the ring stays as it is."""

    def __init__(self, ring: KeyRing, path: Path, admit: Callable[[list[Key]], None]) -> None:
        self._ring = ring
        self._path = path
        self._admit = admit
        self._seen: tuple[int, int, int] | None = None
        """None at first: the file may have changed between the reading of the ring and now."""

    def run(self, ended: threading.Event) -> None:
        """Look every LOOK_S seconds until it is over."""
        while not ended.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Take the file's keys if it was changed."""
        try:
            found = _stamp(self._path.stat())
            if found == self._seen:
                return
            before = self._ring.current
            self._ring.follow(self._admit)
        except StateUnavailable as error:
            _log.warning("the key file was changed, and is followed later: %s", error.detail)
            return
        except (ConfigurationError, OSError) as error:
            if self._seen != _NOT_USABLE:
                _log.error("the key file cannot be followed, the old keys stay: %s", error)
            self._seen = _NOT_USABLE
            return
        self._seen = found
        if self._ring.current != before:
            _log.info("sealed with the key %s from now on, before with %s", self._ring.current, before)


_NOT_USABLE: Final = (0, 0, 0)


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_ino, found.st_size
