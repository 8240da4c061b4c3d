"""The two databases under test, each with an outbox for every backlog and the raw loop beside the empty one."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.backlogs import BACKLOGS, OWN, fill, settle
from benchmarks.entries import PACKAGES, Ours, open_outbox
from benchmarks.measure import Turn
from benchmarks.raw import Raw, raw_postgresql, raw_sqlite
from benchmarks.recorded import Recorded, record
from outbox.database import open_database
from simulators.postgresql.bench import PostgresBench

EMPTY: Final = "empty"
TOGETHER: Final = 8
"""Times as many entries where sixteen producers share a round, and where what they stored is drained."""


@dataclass(frozen=True, slots=True)
class Store:
    """One database's contenders.

    Attributes:
        prefix: of the names of what is measured.
        raw: the raw loop, on a database of its own.
        ours: an outbox for each backlog, and the empty one.
        addresses: of all these databases.
    """

    prefix: str
    raw: Raw
    ours: Mapping[str, Ours]
    addresses: Sequence[str]

    def fill(self, sizes: Mapping[str, int], claimed: int, waiting_bytes: int) -> None:
        """Fill every backlog, one after another."""
        for backlog in self.ours.keys() - {EMPTY}:
            fill(self.ours[backlog], backlog, sizes[backlog], claimed, waiting_bytes)
        settle(self.addresses)

    def on_empty(self, count: int) -> list[Turn]:
        """Return the turns of the raw loop and of the outbox."""
        ours, raw, many = self.ours[EMPTY], self.raw, count * TOGETHER

        def raw_turn() -> dict[str, float]:
            return {
                "raw_enqueue": raw.enqueue(count),
                "raw_claim_ack": raw.take(count),
                "raw_enqueue_in_a_row": raw.enqueue_in_a_row(many),
                "raw_drain": raw.drain(many),
            }

        def our_turn() -> dict[str, float]:
            return {
                "enqueue": ours.enqueue(count),
                "claim_ack": ours.take(count),
                "enqueue_16": ours.enqueue_together(many),
                "drain": ours.drain(many),
            }

        return [self._named(raw_turn), self._named(our_turn)]

    def on_backlogs(self, count: int) -> list[Turn]:
        """Return a turn for each backlog, and one for the empty outbox to compare with."""

        def turn(backlog: str, ours: Ours) -> Turn:
            def run() -> dict[str, float]:
                if backlog not in OWN:
                    ours.enqueue(count)
                return {f"claim_ack_{backlog}": ours.take(count)}

            return self._named(run)

        return [turn(backlog, ours) for backlog, ours in self.ours.items()]

    def _named(self, turn: Turn) -> Turn:
        return lambda: {f"{self.prefix}{name}_us": us for name, us in turn().items()}


@contextmanager
def on_sqlite(folder: Path, backlogs: Collection[str] = BACKLOGS) -> Iterator[Store]:
    """Yield the outbox on files in an existing folder, one for each backlog."""
    with ExitStack() as stack:
        yield _opened(stack, "", backlogs, lambda name: str(folder / f"{name}.db"), raw_sqlite)


@contextmanager
def on_postgresql(bench: PostgresBench, backlogs: Collection[str] = BACKLOGS) -> Iterator[Store]:
    """Yield the outbox on databases of a server, one for each backlog."""
    with ExitStack() as stack:
        yield _opened(stack, "pg_", backlogs, lambda name: stack.enter_context(bench.database(name)), raw_postgresql)


def _opened(
    stack: ExitStack,
    prefix: str,
    backlogs: Collection[str],
    address: Callable[[str], str],
    raw: Callable[[str, Recorded], AbstractContextManager[Raw]],
) -> Store:
    addresses = {name: address(name) for name in (EMPTY, *backlogs, "raw")}
    with closing(open_database(addresses["raw"], PACKAGES)) as database:
        recorded = record(database)
    ours = {}
    for name in (EMPTY, *backlogs):
        database = stack.enter_context(closing(open_database(addresses[name], PACKAGES)))
        ours[name] = Ours(open_outbox(database))
    return Store(prefix, stack.enter_context(raw(addresses["raw"], recorded)), ours, tuple(addresses.values()))
