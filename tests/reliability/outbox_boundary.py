"""A commit boundary: something happens to a process before, inside or right after its N-th commit.

The outbox knows nothing of this: the methods of one open database are wrapped, in the process under test.
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from outbox.database import Database, Transaction

T = TypeVar("T")
Moment = Literal["before", "inside", "after"]
MOMENTS: Final[tuple[Moment, ...]] = ("before", "inside", "after")
"""before BEGIN; after the last statement and before COMMIT; after COMMIT and before anybody is told."""

RENEWING: Final = "outbox leases"
"""Name of the thread that renews leases."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """A moment of a process's n-th commit, counted from 1."""

    commit: int
    moment: Moment


class Commits:
    """Counts the commits of a process and calls somebody at one of their boundaries. Thread-safe."""

    def __init__(self, boundary: Boundary, end: Callable[[], None]) -> None:
        self._boundary, self._end = boundary, end
        self._numbers = itertools.count(1)
        self._nested = threading.local()

    @contextlib.contextmanager
    def counted(self) -> Iterator[Callable[[], None]]:
        """Go through one commit; what it gives is to be called inside, when all statements were run.

        A commit within another one is the database's own business, and leases are renewed by the clock, in no order.
        """
        if getattr(self._nested, "yes", False) or threading.current_thread().name == RENEWING:
            yield lambda: None
            return
        number, self._nested.yes = next(self._numbers), True
        try:
            self._pass_by(number, "before")
            yield lambda: self._pass_by(number, "inside")
            self._pass_by(number, "after")
        finally:
            self._nested.yes = False

    def _pass_by(self, number: int, moment: Moment) -> None:
        if Boundary(number, moment) == self._boundary:
            self._end()


def strike_at(database: Database, boundary: Boundary, end: Callable[[], None]) -> None:
    """Let `end` be called at the boundary, in the thread that commits."""
    commits, write, transaction = Commits(boundary, end), database.write, database.transaction

    @contextlib.contextmanager
    def struck_transaction() -> Iterator[Transaction]:
        with commits.counted() as inside, transaction() as tx:
            yield tx
            inside()

    def struck_write(job: Callable[[Transaction], T]) -> T:
        with commits.counted() as inside:

            def struck_job(tx: Transaction) -> T:
                result = job(tx)
                inside()
                return result

            return write(struck_job)

    vars(database).update(transaction=struck_transaction, write=struck_write)
