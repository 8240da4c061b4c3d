"""The peers as contenders: the same rounds as the outbox has, in their own processes."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.backlogs import BACKLOGS
from benchmarks.measure import Turn
from benchmarks.peers.environment import PeerProcess, running
from benchmarks.stores import EMPTY
from simulators.postgresql.bench import PostgresBench

ON_FILES: Final = ("persist_queue", "huey", "litequeue")
ON_POSTGRESQL: Final = "procrastinate"
WITHOUT_ACKNOWLEDGEMENT: Final = frozenset({"huey"})
"""Taking an entry deletes it, so there is no claim and no acknowledgement to compare."""
_US: Final = 1e6


@dataclass(frozen=True, slots=True)
class Rival:
    """One peer; `backlogs` are those that it knows, once they are filled."""

    name: str
    process: PeerProcess
    backlogs: list[str] = field(default_factory=list)

    def fill(self, sizes: Mapping[str, int]) -> None:
        """Fill every backlog that it knows, one after another."""
        for backlog in BACKLOGS:
            if self.process.took(backlog, "fill", sizes[backlog]) is not None:
                self.backlogs.append(backlog)

    def on_empty(self, count: int) -> Turn:
        """Return its turn beside the raw loop's."""

        def turn() -> dict[str, float]:
            return {"enqueue": self._us(EMPTY, "enqueue", count), "claim_ack": self._us(EMPTY, "take", count)}

        return self._named(turn)

    def on_backlogs(self, count: int) -> list[Turn]:
        """Return its turn on each backlog, and on the empty queue."""

        def turn(backlog: str) -> Turn:
            def run() -> dict[str, float]:
                self._us(backlog, "enqueue", count)
                return {f"claim_ack_{backlog}": self._us(backlog, "take", count)}

            return self._named(run)

        return [turn(backlog) for backlog in (EMPTY, *self.backlogs)]

    def _us(self, on: str, do: str, count: int) -> float:
        seconds = self.process.took(on, do, count)
        if seconds is None:
            raise RuntimeError(f"{self.name} does not know how to {do} on {on}")
        return seconds * _US

    def _named(self, turn: Turn) -> Turn:
        return lambda: {f"{self.name}_{name}_us": us for name, us in turn().items()}


@contextmanager
def rivals(folder: Path, bench: PostgresBench | None, body_bytes: int, waiting_bytes: int) -> Iterator[list[Rival]]:
    """Run the peers; procrastinate only beside a PostgreSQL.

    Raises:
        NoPeers: their environment cannot be made.
    """
    with ExitStack() as stack:
        needed: dict[str, dict[str, str]] = {name: {} for name in ON_FILES}
        if bench is not None:
            needed[ON_POSTGRESQL] = {"PEER_DATABASE": stack.enter_context(bench.database(ON_POSTGRESQL))}
        processes = stack.enter_context(running(folder, needed, body_bytes, waiting_bytes))
        yield [Rival(name, process) for name, process in processes.items()]
