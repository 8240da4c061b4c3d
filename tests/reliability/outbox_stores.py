"""Where the state of a campaign is: a file, or a database of a server that may be stopped in the middle of anything."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from outbox.database import Database
from simulators.postgresql.bench import PostgresBench
from tests.reliability.outbox_history import Outage
from tests.reliability.outbox_state import open_state


@dataclass(frozen=True, slots=True)
class Stopped:
    """A server was stopped so many times before it was let alone."""

    times: int
    outage: Outage


class Store(Protocol):
    """A kind of state."""

    name: str

    def state(self, path: Path) -> AbstractContextManager[str]:
        """Give the address of a new state; what needs a file puts it there."""
        ...

    @property
    def stop_and_restart(self) -> Callable[[random.Random], Stopped] | None:
        """End the server at once and start it again; None where there is no server to end."""
        ...


class Files:
    """SQLite files."""

    name = "sqlite"
    stop_and_restart = None

    @contextmanager
    def state(self, path: Path) -> Iterator[str]:
        yield str(path)


class Server:
    """Databases of a PostgreSQL server that is ours to kill."""

    name = "postgresql"

    def __init__(self, bench: PostgresBench) -> None:
        self._bench = bench
        self._times = itertools.cycle((1, 2))

    def state(self, path: Path) -> AbstractContextManager[str]:
        del path
        return self._bench.database("torture")

    def stop_and_restart(self, chance: random.Random) -> Stopped:
        """Kill it or stop it immediately; every second time again while it recovers."""
        began_at, times = datetime.now(UTC), next(self._times)
        for again in range(times):
            if again:
                self._bench.start(wait=False)
                time.sleep(chance.uniform(0, 0.3))
            self._end(chance)
        self._bench.start()
        return Stopped(times, Outage(began_at, datetime.now(UTC)))

    def _end(self, chance: random.Random) -> None:
        if chance.random() < 0.5:
            self._bench.stop_immediate()
        else:
            self._bench.kill()


@contextmanager
def opened(state: str) -> Iterator[Database]:
    """Open a state in the test's own process."""
    database = open_state(state)
    try:
        yield database
    finally:
        database.close()
